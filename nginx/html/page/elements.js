// Knows the small elements that screens share, the banners above a screen, and the toast after a deed.

import { fill, html } from "./html.js"
import { coinName, number, t } from "./words.js"

const tints = ["lemon", "mint", "rose", "sky", "lilac", "toffee"]

function hash(text) {
  let sum = 0
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) >>> 0
  return sum
}

export function tint(name) {
  return tints[hash(name) % tints.length]
}

export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="/icons.svg#${name}"/></svg>`
}

export function mark() {
  return html`<svg viewBox="0 0 48 48" aria-hidden="true"><use href="/mark.svg#mark"/></svg>`
}

export function avatar(name, size = "") {
  const initials = name.split(/[\s@._-]+/u).filter(Boolean).map((word) => [...word][0])
  const letters = /\s/.test(name.trim()) ? initials[0] + initials.at(-1) : initials[0] ?? "?"
  return html`<span class="avatar ${tint(name)} ${size}" aria-hidden="true">${letters}</span>`
}

/** Words for programs that read aloud, such as which of many things a button is for. */
export function hidden(text) {
  return html`<span class="vh"> ${text}</span>`
}

export function price(count) {
  return html`<span class="num">${number(count)}<i class="coin" aria-hidden="true"></i>${hidden(coinName(count))}</span>`
}

export function button(text, act, look = "") {
  return html`<button type="button" class="btn ${look}" @click=${act}>${text}</button>`
}

export function linkButton(text, href, look = "") {
  return html`<a class="btn ${look}" href="${href}">${text}</a>`
}

export function crumb(href, name) {
  return html`<p class="crumb"><a href="${href}">${icon("back")}${name}</a></p>`
}

export function person(picture, name, note) {
  return html`<div class="person">${picture}<div><b>${name}</b>${note && html`<small>${note}</small>`}</div></div>`
}

export function lines(list) {
  return html`<ul class="lines">${list}</ul>`
}

export function line(picture, name, note, end) {
  return html`<li>${picture}<div class="what"><b>${name}</b>${note && html`<small>${note}</small>`}</div>${end}</li>`
}

export function sum(count) {
  return html`<span class="sum num">${count}</span>`
}

export function card(title, ...content) {
  return html`<section class="card stack"><h2>${title}</h2>${content}</section>`
}

export function badge(text, colour, iconName) {
  return html`<span class="badge ${colour}">${iconName && icon(iconName)}${text}</span>`
}

export function head(title, text, ...beside) {
  return html`<div class="head"><div><h1 tabindex="-1">${title}</h1>${text && html`<p>${text}</p>`}</div>${beside}</div>`
}

export function empty(title, text, action) {
  return html`<div class="empty">
    <img src="/jar.svg" width="144" height="144" alt="">
    <h2>${title}</h2><p>${text}</p>${action}</div>`
}

export function sign(title, colour) {
  return html`<div class="hang">
    <svg width="120" height="60" viewBox="0 0 120 60" aria-hidden="true"><path fill="none" stroke="#8a7d84" stroke-width="2.500" d="M60 8 16 60M60 8l44 52"/><circle cx="60" cy="8" r="6" fill="#a86a08"/></svg>
    <div class="board ${colour}"><h1 tabindex="-1">${title}</h1></div></div>`
}

/** A sentence where the button would be, instead of a grey button. */
export function missing(title, text) {
  return html`<div class="short" role="status"><div class="grow"><b>${title}</b>${text}</div></div>`
}

export function coinsMissing(need, have, after) {
  const width = Math.max(2, Math.floor((have / need) * 100))
  return missing(t("coins.missing", { coins: need - have }), [
    html`<svg class="meter" aria-hidden="true"><rect width="100%" height="10" rx="5"/><rect width="${width}%" height="10" rx="5"/></svg>`,
    t("coins.have", { have: number(have), need: number(need) }), " ", after,
  ])
}

export function tabs(label, list) {
  const link = ({ name, href, count, current }) =>
    html`<a href="${href}" aria-current=${current ? "page" : null}>${name} ${count != null && html`<span class="n">${number(count)}</span>`}</a>`
  return html`<nav class="tabs" aria-label="${label}">${list.map(link)}</nav>`
}

export function picks(name, legend, list, chosen, choose, { hiddenLegend = false } = {}) {
  const pick = ({ value, name: text, note, disabled }) => html`<label><input type="radio" name="${name}" value="${value}"
    checked=${value === chosen} disabled=${Boolean(disabled)} @change=${() => choose?.(value)}><span>${text}</span>${note && html`<small>${note}</small>`}</label>`
  return html`<fieldset class="field"><legend class="${hiddenLegend ? "vh" : ""}">${legend}</legend><div class="picks">${list.map(pick)}</div></fieldset>`
}

export function stepper(id, most, change, start = 1) {
  const input = html`<input id="${id}" type="text" inputmode="numeric" autocomplete="off" value="${start}">`
  const less = html`<button type="button" aria-label="${t("stepper.less")}" disabled=${start <= 1} @click=${() => set(value() - 1)}>${icon("minus")}</button>`
  const more = html`<button type="button" aria-label="${t("stepper.more")}" @click=${() => set(value() + 1)}>${icon("plus")}</button>`
  const value = () => Math.min(Math.max(Math.trunc(Number(input.value)) || 1, 1), most)
  const set = (count) => {
    input.value = String(Math.min(Math.max(count, 1), most))
    less.disabled = value() <= 1
    more.disabled = value() >= most
    change(value())
  }
  input.addEventListener("change", () => set(value()))
  more.disabled = start >= most
  return html`<div class="stepper">${less}${input}${more}</div>`
}

/**
 * A table that becomes cards where it is narrow. A column is {title, cell(row), kind?, end?, label?}; `kind` is the place
 * on the card: lead, side, wide, act. Table roles are given because Safari forgets them under `display`.
 */
export function table(caption, columns, rows, { oneUp = false, look = "" } = {}) {
  const heading = (column) => html`<th scope="col" role="columnheader" class="${column.end ? "end" : ""}">${column.title}</th>`
  const cell = (column, row) => html`<td role="cell" class="${column.kind ?? ""} ${column.end ? "end" : ""} ${column.look ?? ""}"
    data-label=${column.kind ? null : column.label ?? column.title}>${column.cell(row)}</td>`
  return html`<div class="card flush cards-when-narrow ${oneUp ? "one-up" : ""}"><table class="table ${look}" role="table">
    <caption class="vh">${caption}</caption>
    <thead role="rowgroup"><tr role="row">${columns.map(heading)}</tr></thead>
    <tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${columns.map((column) => cell(column, row))}</tr>`)}</tbody>
  </table></div>`
}

export function pager(cursor, next, to) {
  if (!cursor && !next) return null
  return html`<nav class="pager" aria-label="${t("pages")}"><span>${cursor && html`<a class="btn" href="${to(null)}">${icon("back")}${t("pages.newest")}</a>`}</span>
    ${next && html`<a class="btn" href="${to(next)}">${t("pages.older")}${icon("next")}</a>`}</nav>`
}

const bones = {
  lines: () => html`<div class="card stack" aria-hidden="true">${[1, 2, 3, 4].map(() => html`<div class="row"><span class="bone round"></span><div class="grow stack tight"><span class="bone half"></span><span class="bone"></span></div></div>`)}</div>`,
  shelf: () => html`<ul class="shelf" aria-hidden="true">${[1, 2, 3, 4, 5, 6, 7, 8].map(() => html`<li class="stack tight"><span class="bone square"></span><span class="bone half"></span></li>`)}</ul>`,
}

export function skeleton(shape = "lines") {
  return html`<div><p class="vh" role="status">${t("wait")}</p>${bones[shape]()}</div>`
}

const banners = html`<div class="banners" role="status"></div>`
const toasts = html`<div class="toasts" role="status"></div>`
const shown = new Map()

export const places = { banners, toasts }

function banner(name, colour, iconName, ...content) {
  const text = shown.get(name)?.querySelector("p") ?? html`<p></p>`
  fill(text, ...content)
  if (shown.has(name)) return
  const made = html`<div class="banner ${colour}">${icon(iconName)}${text}</div>`
  shown.set(name, made)
  banners.append(made)
}

function dropBanner(name) {
  shown.get(name)?.remove()
  shown.delete(name)
}

export function offline(is) {
  if (!is) return dropBanner("offline")
  banner("offline", "lemon", "wifi", html`<b>${t("offline.title")}</b>`, " ", t("offline.text"))
}

addEventListener("offline", () => offline(true))
addEventListener("online", () => offline(false))

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal?.addEventListener("abort", () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

const patience = 5000
let slow = 0

export async function patiently(answer) {
  let isSlow = false
  const timer = setTimeout(() => {
    isSlow = true
    slow += 1
    banner("slow", "sky", "clock", t("busy.slow"))
  }, patience)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
    if (isSlow) slow -= 1
    if (!slow) dropBanner("slow")
  }
}

export async function busy(status, seconds, signal) {
  const name = `busy${status}`
  try {
    for (let left = seconds; left > 0; left -= 1) {
      if (seconds > 1) {
        banner(name, "rose", "clock", html`<b>${t(status === 429 ? "busy.tries" : "busy.shop")}</b>`, " ", t("busy.again", { n: left }))
      }
      await pause(1000, signal)
    }
  } finally {
    dropBanner(name)
  }
}

let closeToast = () => {}

/**
 * Says what has been done. With `undo`, the way back stays for `seconds`, which the ring counts; without it the toast
 * stays for a while. It does not go away under a pointer or a focus.
 */
export function toast(text, { seconds = 6, undo } = {}) {
  closeToast()
  const ring = html`<span class="ring"><svg viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.900"/><circle cx="20" cy="20" r="15.900" pathLength="100"/></svg><span aria-hidden="true"></span></span>`
  const [, left] = ring.querySelectorAll("circle")
  const act = () => {
    close()
    undo()
  }
  const button = undo && html`<button class="btn quiet" type="button" @click=${act}>${t("undo")}</button>`
  const made = html`<div class="toast">${undo ? ring : icon("check")}<p>${text}</p>${button}</div>`
  const end = Date.now() + seconds * 1000
  const count = () => {
    const rest = Math.max(0, (end - Date.now()) / 1000)
    ring.lastChild.textContent = Math.ceil(rest)
    left.style.strokeDashoffset = 100 - (rest / seconds) * 100
    if (rest > 0) return
    passFocusOn()
    button?.remove()
    if (!made.matches(":hover, :focus-within")) close()
  }
  const timer = setInterval(count, 250)
  const close = () => {
    clearInterval(timer)
    passFocusOn()
    made.remove()
  }
  // The focus of an element that goes would be lost.
  const passFocusOn = () => made.contains(document.activeElement) && document.querySelector("#main h1")?.focus({ preventScroll: true })
  closeToast = close
  count()
  toasts.append(made)
}

export function dropToast() {
  closeToast()
}
