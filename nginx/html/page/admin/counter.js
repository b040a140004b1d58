// Knows what the screens behind the counter share: their words, a search, pages, dialogs, reasons and links to copy.
// It is loaded only for people who stand there.
// A deed by a table: the file is read here, checked by the shop row by row, shown with what is wrong, and done with or
// without the rows that are wrong. Any table with the right columns will do, whatever separates them.
// Knows files that somebody drops or chooses: the place for them, and tables of text in them.

import { get, query, Refusal } from "../api.js"
import { avatar, badge, icon, table, tabs, toast } from "../elements.js"
import { clearErrors, complainAll, confirmStep, field, submitting, values } from "../form.js"
import { setCount } from "../frame.js"
import { fill, freshID, html } from "../html.js"
import { number, t } from "../words.js"

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

const mostShown = 100
const most = 2_000_000

export function stat(name, value, note, look = "") {
  return html`<div class="card stat"><small>${name}</small><b class="${look}">${value}</b><small>${note}</small></div>`
}

/** The rows that are wrong before the others, in the order of the file. */
function rowTable(rows, columns) {
  const shown = [...rows.filter((row) => row.wrong), ...rows.filter((row) => !row.wrong)].slice(0, mostShown).sort((a, b) => a.number - b.number)
  const wrong = (row) => html`<span class="rowerr">${icon("alert")}<span><span class="phone-only">${t("table.row", { n: row.number })} </span>${row.wrong}</span></span>`
  return [table(t("table.rows"), [
    { title: t("table.rowNumber"), kind: "desk", end: true, look: "num muted", cell: (row) => number(row.number) }, ...columns,
    { title: t("table.result"), kind: "result", cell: (row) => (row.wrong ? wrong(row) : badge(row.note ?? t("table.good"), row.note ? "sky" : "mint", row.note ? null : "check")) },
  ], shown, { oneUp: true }), rows.length > shown.length && html`<p class="small muted">${t("table.first", { n: shown.length, total: rows.length })}</p>`]
}

/**
 * `needs` are the columns, the first of which has to be there. `check(rows, given)` asks the shop, puts what is `wrong`
 * into the rows and gives what `confirm(place, found, back)` needs. `stats(rows, good, name)` are the figures of a file.
 */
export function tableForm({ needs, rules, columns, lastStep, wrongText, fields = [], complaints = () => ({}), check, confirm, stats }) {
  const [way, result, act] = [html`<div></div>`, html`<div></div>`, html`<div></div>`]
  const drop = dropPlace({ title: t("table.drop"), rules: [rules, " ", html`<code>${needs.join(",")}</code>`], accept: ".csv,text/csv,text/plain", take })
  const made = html`<form class="stack wide grant-form" novalidate>${way}${drop.element}${fields}<div data-general></div>${result}${act}</form>`
  let rows = null
  let fileName = ""

  function at(step, button) {
    const names = [t("table.step.choose"), t("table.step.check"), lastStep]
    fill(way, html`<ol class="steps numbered">${names.map((name, index) => html`<li class="${index < step ? "done" : index === step ? "now" : ""}" aria-current=${index === step ? "step" : null}>${name}</li>`)}</ol>`)
    if (button) fill(act, html`<button class="btn primary big">${t("grants.check")}</button>`)
  }

  async function take(file) {
    if (!file) return
    const found = file.size > most ? undefined : rowsOf(await file.text(), needs)
    rows = found?.length ? found : null
    fileName = file.name
    drop.say(rows ? "" : t(found === undefined ? "table.tooLarge" : found ? "table.empty" : "table.noColumns", { name: needs[0], names: needs.join(", ") }))
    drop.name(rows && t("table.chosen", { name: file.name, n: rows.length }))
    fill(result)
    at(rows ? 1 : 0, true)
  }

  /** The second step if all of these rows are good, else what is wrong with each. */
  async function run(button, some) {
    await submitting(made, button, t("grants.checking"), async () => {
      for (const row of some) Object.assign(row, { wrong: null, note: null })
      const found = await check(some, values(made))
      const good = rows.filter((row) => !row.wrong)
      fill(result, html`<div class="three stats">${stats(rows, good, fileName)}</div>`,
        !found && html`<div class="banner rose" role="alert">${icon("alert")}<p><b>${wrongText(rows.length - good.length)}</b> ${t("table.correct")}</p></div>`, rowTable(rows, columns))
      if (found) {
        at(2)
        return confirm(act, found, () => {
          at(1, true)
          act.querySelector("button").focus()
        })
      }
      const without = html`<button type="button" class="btn">${t("table.without", { n: rows.length - good.length })}</button>`
      without.addEventListener("click", () => run(without, good))
      fill(act, html`<div class="row acts"><button type="button" class="btn primary" @click=${drop.choose}>${icon("up")}${t("table.again")}</button>${good.length > 0 && without}</div>`)
    })
  }

  made.addEventListener("input", (event) => event.target.type !== "file" && act.querySelector(".confirm, .banner") && at(1, true))
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    clearErrors(made)
    const button = act.querySelector("button.primary.big")
    if (!button || act.querySelector(".confirm")) return
    drop.say(rows ? "" : t("table.noFile"))
    if (complainAll(made, complaints(values(made))) || !rows) return
    run(button, rows)
  })
  at(0, true)
  return made
}

/** A place for one file. `take` gets it; `say` shows what is wrong with it, `name` what was chosen. */
export function dropPlace({ title, rules, accept, take }) {
  const id = freshID("file")
  const input = html`<input id="${id}" type="file" class="vh" tabindex="-1" accept="${accept}">`
  const [name, wrong] = [html`<b>${title}</b>`, html`<p class="bad" role="alert"></p>`]
  const choose = () => input.click()
  const element = html`<div class="drop">${icon("up")}<label for="${id}">${name}</label><span class="small muted">${rules}</span>${input}
    <button type="button" class="btn" @click=${choose}>${t("picture.choose")}</button>${wrong}</div>`
  input.addEventListener("change", async () => {
    await take(input.files[0])
    // The same file can be chosen again after it was corrected.
    input.value = ""
  })
  element.addEventListener("dragover", (event) => event.preventDefault())
  element.addEventListener("drop", (event) => {
    event.preventDefault()
    take(event.dataTransfer.files[0])
  })
  return {
    element, choose,
    say: (text) => { wrong.textContent = text },
    name: (text) => { name.textContent = text ?? title },
  }
}

/** The cells of a table of text, with quotes and the separator that its first line has. */
function cells(text) {
  const source = text.replace(/^\u{feff}/u, "")
  const head = source.slice(0, source.search(/[\r\n]|$/))
  const mark = [",", ";", "\t"].sort((a, b) => head.split(b).length - head.split(a).length)[0]
  const rows = [[""]]
  let isQuoted = false
  for (let index = 0; index < source.length; index += 1) {
    const [letter, row] = [source[index], rows.at(-1)]
    if (isQuoted && letter === '"' && source[index + 1] === '"') {
      row[row.length - 1] += '"'
      index += 1
    } else if (letter === '"') isQuoted = !isQuoted
    else if (!isQuoted && letter === mark) row.push("")
    else if (!isQuoted && letter === "\n") rows.push([""])
    else if (isQuoted || letter !== "\r") row[row.length - 1] += letter
  }
  return rows
}

/** The rows of a table with these columns, each with its number there; null if it lacks the first column. */
function rowsOf(text, columns) {
  const [names, ...rest] = cells(text)
  const place = new Map(columns.map((column) => [column, names.findIndex((one) => one.trim().toLowerCase() === column)]))
  if (place.get(columns[0]) < 0) return null
  const cell = (row, column) => (row[place.get(column)] ?? "").trim()
  const rows = rest.map((row, index) => ({ number: index + 2, ...Object.fromEntries(columns.map((column) => [column, cell(row, column)])) }))
  return rows.filter((row) => columns.some((column) => row[column]))
}
