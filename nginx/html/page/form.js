// Knows forms: fields with their errors, the field that finds colleagues, a button that waits, a second step before what
// costs something, and one key a form.

import { facts, get, query } from "./api.js"
import { avatar, button, icon, person } from "./elements.js"
import { fill, freshID, html } from "./html.js"
import { knows, t } from "./words.js"

export function field({ label, name, type = "text", value = "", help, control, more = {} }) {
  const id = freshID(name)
  const input = control ?? html`<input class="input" type="${type}" value="${value}">`
  input.id = id
  input.name = name
  for (const [key, attribute] of Object.entries(more)) if (attribute != null) input.setAttribute(key, attribute)
  const made = html`<div class="field"><label for="${id}">${label}</label>${input}${help && html`<p class="help" id="${id}-help">${help}</p>`}</div>`
  if (help) input.setAttribute("aria-describedby", `${id}-help`)
  input.addEventListener("input", () => complain(input, null))
  return made
}

export function wrong(sentence, id = null) {
  return html`<p class="wrong" id=${id} role=${id ? null : "alert"}>${icon("alert")}<span>${sentence}</span></p>`
}

export function complain(input, sentence) {
  const id = `${input.id}-wrong`
  const place = input.closest(".field")
  place.querySelector(".wrong")?.remove()
  const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id)
  if (sentence) {
    place.append(wrong(sentence, id))
    others.push(id)
    input.setAttribute("aria-invalid", "true")
  } else {
    input.removeAttribute("aria-invalid")
  }
  if (others.length) input.setAttribute("aria-describedby", others.join(" "))
  else input.removeAttribute("aria-describedby")
}

export function complainAll(form, complaints) {
  let first = null
  for (const input of form.querySelectorAll("[name]")) {
    if (!input.id || !input.closest(".field")) continue
    complain(input, complaints[input.name])
    if (complaints[input.name]) first ??= input
  }
  first?.focus()
  return Boolean(first)
}

export function sentence(refusal) {
  const key = `error.${refusal.code}`
  if (knows(key)) return t(key, { n: refusal.problem.available ?? refusal.seconds ?? 0, ...refusal.problem })
  if (refusal.status === 503) return t("error.busy")
  return refusal.status >= 500 ? t("error.server") : refusal.message || t("error.server")
}

function fieldSentence({ msg, type, loc }) {
  const name = loc.at(-1).replace("new_", "")
  if (type === "missing") return t("form.missing")
  if (/commonest/.test(msg)) return t("form.commonest")
  return knows(`form.${name}.wrong`) ? t(`form.${name}.wrong`) : msg
}

export function showRefusal(form, refusal) {
  if (refusal.code === "wrong_password" && form.querySelector("[name=current_password]")) {
    return complainAll(form, { current_password: sentence(refusal) })
  }
  const fields = Object.entries(refusal.fields ?? {}).map(([name, one]) => [name, fieldSentence(one)])
  const known = fields.filter(([name]) => form.querySelector(`[name="${CSS.escape(name)}"]`))
  complainAll(form, Object.fromEntries(known))
  const rest = fields.filter((one) => !known.includes(one)).map(([, text]) => text)
  const general = fields.length ? rest.join(" ") : sentence(refusal)
  form.querySelector(".general")?.remove()
  if (!general) return
  const place = form.querySelector("[data-general]") ?? form
  place.append(html`<div class="field general">${wrong(general)}</div>`)
}

export function clearErrors(form) {
  complainAll(form, {})
  form.querySelector(".general")?.remove()
}

/** Runs `work` while the button is busy. Any error but a refusal is a mistake in the page and is not hidden. */
export async function submitting(form, button, verb, work) {
  if (button.getAttribute("aria-busy")) return
  const text = [...button.childNodes]
  button.style.minInlineSize = `${button.offsetWidth}px`
  button.setAttribute("aria-busy", "true")
  button.replaceChildren(html`<span class="spin" aria-hidden="true"></span>`, verb)
  clearErrors(form)
  try {
    return await work()
  } catch (error) {
    if (!("code" in error && "status" in error)) throw error
    showRefusal(form, error)
  } finally {
    button.removeAttribute("aria-busy")
    button.replaceChildren(...text)
  }
}

export function values(form) {
  const entries = [...new FormData(form)].filter(([, value]) => typeof value === "string")
  return Object.fromEntries(entries.map(([name, value]) => [name, /password/.test(name) ? value : value.trim()]))
}

export function makeForm({ look = "stack", content, button, verb, check = () => ({}), work }) {
  const form = html`<form class="${look}" novalidate>${content}<div data-general></div>${button}</form>`
  const main = button.matches("button") ? button : button.querySelector("button")
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = values(form)
    if (!complainAll(form, check(given))) submitting(form, main, verb, () => work(given))
  })
  return form
}

export function whatIsEmpty(given) {
  return Object.fromEntries(Object.keys(given).filter((name) => !given[name]).map((name) => [name, t("form.missing")]))
}

export function deed(button, verb, work) {
  return makeForm({ look: "stack tight", button, verb, work })
}

export function submitButton(text, look = "primary big") {
  return html`<button class="btn ${look}">${text}</button>`
}

export function passwordComplaint(password) {
  const count = [...password].length
  if (!count) return t("form.missing")
  return count < 8 ? t("form.password.short", { n: count }) : undefined
}

export function isAtWork(place) {
  return Boolean(place.querySelector("[aria-busy]"))
}

/**
 * The second step, in the place of the button that led to it; `above` stands over it. The question gets the focus, and
 * Escape goes back. `yes` is {text, verb, work}. While `work` runs there is no way back.
 */
export function askTwice(place, { question, note, yes, back, backText = t("back"), danger = false, above }) {
  const sure = html`<button type="button" class="btn ${danger ? "danger sure" : "primary big"}">${yes.text}</button>`
  const ask = html`<p tabindex="-1">${question}</p>`
  const leave = () => {
    if (isAtWork(made)) return
    back()
    place.querySelector("button")?.focus()
  }
  const made = html`<div class="confirm ${danger ? "danger" : ""}" role="group" aria-label="${t("confirm")}">${ask}
    ${note && html`<p class="${danger ? "" : "muted"}">${note}</p>`}
    <div class="row">${sure}${button(backText, leave, danger ? "quiet danger" : "quiet")}</div></div>`
  sure.addEventListener("click", () => submitting(made, sure, yes.verb, yes.work))
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    leave()
  })
  fill(place, above, made)
  ask.focus({ preventScroll: true })
  made.scrollIntoView({ block: "nearest" })
}

/** Each user has keys of their own, even in one tab. */
const placeOf = (name) => `pending.${name}.${facts.me.id}`

/**
 * One key a form, kept until it is answered: a double click, a lost answer and a reload send once. The body is kept
 * with it, so that a reload can show the form again; another body has another key.
 */
export async function once(name, body, send) {
  const place = placeOf(name)
  const key = isPending(name, body) ? pending(name).key : crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].join("-")
  sessionStorage.setItem(place, JSON.stringify({ key, body }))
  try {
    const answer = await send(key)
    sessionStorage.removeItem(place)
    return answer
  } catch (error) {
    const isAnswered = error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429
    if (isAnswered) sessionStorage.removeItem(place)
    throw error
  }
}

export function pending(name) {
  return JSON.parse(sessionStorage.getItem(placeOf(name)) ?? "null")
}

export function isPending(name, body) {
  return JSON.stringify(pending(name)?.body) === JSON.stringify(body)
}

/** Lets the user give up a request without an answer: what follows has a new key, even if it is the same. */
export function unanswered(name, text, then) {
  const forget = () => {
    if (isAtWork(made.parentElement)) return
    sessionStorage.removeItem(placeOf(name))
    then()
  }
  const made = html`<div class="banner sky"><p>${text} <button type="button" class="link" @click=${forget}>${t("form.forget")}</button></p></div>`
  return made
}

function marked(name, search) {
  const words = search.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  return name.split(/((?<![\p{L}\p{N}])[\p{L}\p{N}]+)/u).map((part) => {
    const begin = words.filter((word) => part.toLocaleLowerCase().startsWith(word)).sort((a, b) => b.length - a.length)[0]
    return begin ? [html`<mark>${part.slice(0, begin.length)}</mark>`, part.slice(begin.length)] : part
  })
}

export function nameOf({ full_name: name, username }) {
  return name ?? username
}

export function personRow(one) {
  return person(avatar(nameOf(one)), nameOf(one), one.full_name && one.username)
}

export async function findPerson(username, signal) {
  const { items } = await get("people" + query({ q: username }), { signal })
  return items.find((one) => one.username === username) ?? null
}

/** Finds colleagues while somebody types, after the ARIA pattern “combobox with a list”. `choose` gets the person. */
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
