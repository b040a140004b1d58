// Knows the field that finds colleagues while somebody types, after the ARIA pattern “combobox with a list”.

import { fill, freshID, html } from "./html.js"
import { avatar, icon } from "./elements.js"
import { get, query } from "./api.js"
import { facts } from "./session.js"
import { t } from "./words.js"

/** A name with the beginnings of its words marked that the search has. */
function marked(name, search) {
  const words = search.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  return name.split(/((?<![\p{L}\p{N}])[\p{L}\p{N}]+)/u).map((part) => {
    const begin = words.filter((word) => part.toLocaleLowerCase().startsWith(word)).sort((a, b) => b.length - a.length)[0]
    return begin ? [html`<mark>${part.slice(0, begin.length)}</mark>`, part.slice(begin.length)] : part
  })
}

export function nameOf(person) {
  return person.full_name ?? person.username
}

export function personRow(person) {
  return html`<div class="person">${avatar(nameOf(person))}<div><b>${nameOf(person)}</b>${person.full_name && html`<small>${person.username}</small>`}</div></div>`
}

/** The person of exactly this username, or null. */
export async function findPerson(username, signal) {
  const { items } = await get("people" + query({ q: username }), { signal })
  return items.find((one) => one.username === username) ?? null
}

/** `choose` gets the person. The list lies in the flow, below the field. */
export function peopleField({ label, choose, value = "" }) {
  const [inputID, listID] = [freshID("to"), freshID("list")]
  const input = html`<input class="input" id="${inputID}" name="to_user" role="combobox" aria-expanded="false" aria-controls="${listID}"
    aria-autocomplete="list" autocomplete="off" autocapitalize="off" spellcheck="false" data-search placeholder="${t("people.placeholder")}" value="${value}">`
  const list = html`<div class="list" role="listbox" id="${listID}" aria-label="${t("people.colleagues")}" hidden></div>`
  const status = html`<p class="help" role="status"></p>`
  let found = []
  let active = -1
  let asking = null
  let timer

  function activate(index) {
    active = index
    for (const [place, option] of [...list.children].entries()) option.setAttribute("aria-selected", String(place === index))
    if (index < 0) input.removeAttribute("aria-activedescendant")
    else input.setAttribute("aria-activedescendant", list.children[index].id)
    list.children[index]?.scrollIntoView({ block: "nearest" })
  }

  function show(people, search) {
    found = people
    fill(list, people.map((person) => {
      const name = nameOf(person)
      const option = html`<div class="option" role="option" id="${freshID("o")}" aria-selected="false">${avatar(name)}<span><b>${marked(name, search)}</b>${person.full_name && html`<small>${marked(person.username, search)}</small>`}</span></div>`
      // The field keeps the focus while its list is clicked.
      option.addEventListener("pointerdown", (event) => event.preventDefault())
      option.addEventListener("click", () => choose(person))
      return option
    }))
    list.hidden = !people.length
    input.setAttribute("aria-expanded", String(people.length > 0))
    activate(people.length ? 0 : -1)
  }

  async function search() {
    asking?.abort()
    const text = input.value.trim()
    if (!text) {
      show([], "")
      status.textContent = ""
      return
    }
    asking = new AbortController()
    const { signal } = asking
    try {
      const { items } = await get("people" + query({ q: text.slice(0, 100) }), { signal })
      const others = items.filter((one) => one.username !== facts.me?.username)
      show(others, text)
      status.textContent = others.length ? t("people.found", { n: others.length }) : t("people.nobody", { name: text })
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = t("people.failed")
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer)
    // Enter must not take somebody whom the earlier letters found.
    asking?.abort()
    show([], "")
    timer = setTimeout(search, 120)
  })
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && found.length) {
      event.preventDefault()
      activate((active + step + found.length) % found.length)
    } else if (event.key === "Enter") {
      event.preventDefault()
      if (found[active]) choose(found[active])
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation()
      show([], "")
      status.textContent = ""
    }
  })
  if (value) search()
  return html`<div class="field big-field combo"><label for="${inputID}">${label}</label>
    <div class="search">${icon("search")}${input}<kbd aria-hidden="true">/</kbd></div>${list}${status}</div>`
}
