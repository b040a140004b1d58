// Knows what the screens behind the counter share: their words, a search, pages, dialogs, reasons and links to copy.
// It is loaded only for people who stand there.

import { number, t } from "../words.js"
import { complainAll, confirmStep, field, submitting } from "../form.js"
import { fill, freshID, html } from "../html.js"
import { Refusal, get, query } from "../api.js"
import { avatar, icon, tabs } from "../elements.js"
import { setCount } from "../frame.js"
import { toast } from "../notices.js"

/** A field that filters a list while somebody types. `change` gets the text when the typing pauses. */
export function searchField(label, placeholder, value, change, wait = 0) {
  const id = freshID("search")
  const input = html`<input class="input" id="${id}" type="search" data-search autocomplete="off" spellcheck="false" placeholder="${placeholder}" value="${value}">`
  let timer
  input.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(() => change(input.value.trim()), wait)
  })
  return html`<form class="search grow slim" role="search" @submit=${(event) => event.preventDefault()}>${icon("search")}
    <label class="vh" for="${id}">${label}</label>${input}<kbd aria-hidden="true">/</kbd></form>`
}

/** Whether every word of a search begins a word of one of the texts. */
export function hasWords(search, ...texts) {
  const parts = texts.join(" ").toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u)
  return search.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).every((word) => parts.some((part) => part.startsWith(word)))
}

/** “1 to 20 of 148” with the ways back and on; nothing if all fits on one page. */
export function pageLinks({ page, limit, total }, to) {
  if (total <= limit) return null
  const link = (target, name) => (target < 1 || (target - 1) * limit >= total ? null : html`<a class="btn" href="${to(target)}">${name}</a>`)
  return html`<nav class="pager" aria-label="${t("pages")}"><span class="muted">${t("pages.range", { first: (page - 1) * limit + 1, last: Math.min(page * limit, total), total })}</span>
    <div class="row">${link(page - 1, [icon("back"), t("back.page")])}${link(page + 1, [t("next.page"), icon("next")])}</div></nav>`
}

/** A short form above the list that it belongs to. It closes when another screen comes. */
export function openDialog(title, signal, ...content) {
  const id = freshID("dialog")
  const close = () => made.close()
  const made = html`<dialog aria-labelledby="${id}"><div class="row apart"><h2 id="${id}">${title}</h2>
    <button type="button" class="btn quiet square" @click=${close}>${icon("x")}<span class="vh">${t("close")}</span></button></div>${content}</dialog>`
  made.addEventListener("close", () => made.remove())
  signal?.addEventListener("abort", close)
  document.body.append(made)
  made.showModal()
  return made
}

/** A button that does its work by itself, in a form that shows a refusal. */
export function workButton({ text, look = "", verb, work }) {
  const button = html`<button type="button" class="btn ${look}">${text}</button>`
  const form = html`<form>${button}</form>`
  button.addEventListener("click", () => submitting(form, button, verb, work))
  return form
}

/** The second step, in the place of the button that led to it. */
export function askTwice(place, step) {
  const confirm = confirmStep(step)
  fill(place, confirm)
  confirm.takeFocus()
}

/** A deed that needs a reason. `work` gets the reason; a refusal is shown here. */
export function reasonForm({ label, help, least = 1, verb, doing, work, danger = false }) {
  const text = html`<textarea class="area" rows="3" maxlength="500"></textarea>`
  const button = html`<button class="btn ${danger ? "danger" : "primary"}">${verb}</button>`
  const form = html`<form class="stack" novalidate>${field({ label, name: "note", help, control: text })}<div data-general></div><div>${button}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const reason = text.value.trim()
    const length = [...reason].length
    if (complainAll(form, { note: length >= least ? undefined : length ? t("reason.short", { n: least }) : t("form.missing") })) return
    submitting(form, button, doing, () => work(reason))
  })
  return form
}

/** A field's text as a number; null if it is empty, undefined if it is no whole number. */
export function whole(text) {
  const digits = text.replace(/[\s\u00a0\u202f]/g, "")
  if (!digits) return null
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined
}

/** A code from a name that people read. Where no letter is left for it, the other word and the time make one. */
export function codeFrom(name, other) {
  const code = name.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50)
  return code && code !== "base" ? code : `${other}-${Date.now().toString(36)}`
}

async function copy(input) {
  input.select()
  try {
    await navigator.clipboard.writeText(input.value)
    toast(t("link.copied"))
  } catch {
    // Without https a browser has no clipboard for pages; the text is selected, so that a key copies it.
    toast(t("link.selected"))
  }
}

/** A link that works once, to be handed on. The shop does not show it again. */
export function linkToCopy(label, { url, expires_at: end }, note) {
  const id = freshID("link")
  const input = html`<input class="input" id="${id}" readonly value="${url}" @focus=${(event) => event.target.select()}>`
  return html`<div class="banner mint link-box"><div class="field grow"><label for="${id}">${label}</label>${input}<p class="small">${note}</p></div>
    <button type="button" class="btn" @click=${() => copy(input)}>${icon("link")}${t("link.copy")}</button><time class="vh" datetime="${end}"></time></div>`
}

/** The beginning of a long name, for buttons and questions, where it stands in full beside them. */
export function brief(name) {
  return [...name].length > 24 ? `${[...name].slice(0, 24).join("")}…` : name
}

/** An address that may break before its @. */
export function mail(text) {
  const [name, ...host] = text.split("@")
  return host.length ? [name, html`<wbr>`, html`<span class="host">@${host.join("@")}</span>`] : text
}

/** Somebody in a list, who may be a link. */
export function personCell(name, username, href, coloured = name) {
  const text = href ? html`<a href="${href}">${name}</a>` : name
  return html`<div class="person">${avatar(coloured)}<div><b>${text}</b>${username !== name && html`<small class="mail">${mail(username)}</small>`}</div></div>`
}

const fullNames = new Map()
const mostPages = 3
/** A long queue must not take the shop from others. */
export const atOnce = 8

/** The names behind usernames: of a small company all at once, of a large one only those that are asked for. */
export async function staffNames(usernames, signal) {
  const missing = () => [...new Set(usernames)].filter((one) => one && !fullNames.has(one))
  const keep = ({ items }) => items.forEach((user) => fullNames.set(user.username, user.full_name ?? user.username))
  for (let page = 1, pages = mostPages; missing().length && page <= pages; page += 1) {
    const list = await get("users" + query({ limit: 100, page }), { signal })
    keep(list)
    if (list.total_pages > mostPages) break
    pages = list.total_pages
  }
  for (let some = missing(); some.length; some = missing()) {
    await Promise.all(some.slice(0, atOnce).map(async (one) => {
      keep(await get("users" + query({ search: one, limit: 100 }), { signal }))
      if (!fullNames.has(one)) fullNames.set(one, one)
    }))
  }
  return (username) => fullNames.get(username) ?? username
}

/** More people than these have names with such a part only in a very large company. */
const mostSearched = 10

/** The user of exactly this username, whose name may be a part of many others. */
export async function userNamed(username, signal) {
  const read = (page) => get("users" + query({ search: username, sort_by: "username", sort_order: "asc", limit: 100, page }), { signal })
  for (let page = 1, pages = 1; page <= Math.min(pages, mostSearched); page += 1) {
    const list = await read(page)
    const found = list.items.find((one) => one.username === username)
    if (found) return found
    pages = list.total_pages
  }
  throw new Refusal(404, { code: "no_such_user", title: "" })
}

/** The number of orders that wait, as the front shows it. */
export function showWaiting(lists) {
  const sum = lists.reduce((total, list) => total + list.items.length, 0)
  setCount("queue", lists.some((list) => list.next_cursor) ? `${number(sum)}+` : sum)
}

export function waiting(status, signal) {
  return get("orders" + query({ all: true, status, sort_order: "asc", limit: 100 }), { signal })
}

/** The front is complete without this number, so a shop that does not answer is no trouble here. */
export async function countWaiting() {
  try {
    showWaiting(await Promise.all(["ordered", "ready"].map((status) => waiting(status))))
  } catch {
    setCount("queue", 0)
  }
}

/** Tabs of which the current one is in view, also where a phone shows only some of them. */
export function shownTabs(label, list) {
  const made = tabs(label, list)
  requestAnimationFrame(() => made.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }))
  return html`<div class="tabs-place">${made}</div>`
}

/** A table with rules of its own. */
export function withClass(element, name) {
  element.querySelector("table").classList.add(name)
  return element
}
