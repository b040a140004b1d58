// Knows what the screens behind the counter share. It is loaded only for people who stand there.

import { get, query, Refusal } from "../api.js"
import { avatar, badge, button, hidden, icon, table, tabs, toast } from "../elements.js"
import { clearErrors, complainAll, field, makeForm, submitButton, submitting, values } from "../form.js"
import { setCount } from "../app.js"
import { fill, freshID, html } from "../html.js"
import { number, t } from "../words.js"

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

export function hasWords(search, ...texts) {
  const wordsOf = (text) => text.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u)
  const parts = wordsOf(texts.join(" "))
  return wordsOf(search).filter(Boolean).every((word) => parts.some((part) => part.startsWith(word)))
}

export function pageLinks({ page, limit, total }, to) {
  if (total <= limit) return null
  const link = (target, name) => (target < 1 || (target - 1) * limit >= total ? null : html`<a class="btn" href="${to(target)}">${name}</a>`)
  return html`<nav class="pager" aria-label="${t("pages")}"><span class="muted">${t("pages.range", { first: (page - 1) * limit + 1, last: Math.min(page * limit, total), total })}</span>
    <div class="row">${link(page - 1, [icon("back"), t("back.page")])}${link(page + 1, [t("next.page"), icon("next")])}</div></nav>`
}

export function cross(text, act) {
  return button([icon("x"), hidden(text)], act, "quiet square")
}

export function openDialog(title, signal, ...content) {
  const id = freshID("dialog")
  const close = () => made.close()
  const made = html`<dialog aria-labelledby="${id}"><div class="row apart"><h2 id="${id}">${title}</h2>${cross(t("close"), close)}</div>${content}</dialog>`
  made.addEventListener("close", () => made.remove())
  signal?.addEventListener("abort", close)
  document.body.append(made)
  made.showModal()
  return made
}

export function workButton({ text, look, verb, work }) {
  const act = button(text, () => submitting(form, act, verb, work), look)
  const form = html`<form>${act}</form>`
  return form
}

export function reasonForm({ label, help, verb, doing, work }) {
  const text = html`<textarea class="area" rows="3" maxlength="500"></textarea>`
  return makeForm({
    content: field({ label, name: "note", help, control: text }), button: html`<div>${submitButton(verb, "danger")}</div>`, verb: doing,
    check: ({ note }) => ({ note: note ? undefined : t("form.missing") }), work: ({ note }) => work(note),
  })
}

export function whole(text) {
  const digits = digitsOf(text)
  if (!digits) return null
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined
}

export function digitsOf(text) {
  return text.replace(/[\s\u00a0\u202f]/g, "")
}

/** A code from a name that people read. Where no letter is left for it, the other word and the time make one. */
export function codeFrom(name, other) {
  const code = name.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50)
  return code && code !== "base" ? code : `${other}-${Date.now().toString(36)}`
}

export function linkToCopy(label, { url, expires_at: end }, note) {
  const id = freshID("link")
  const input = html`<input class="input" id="${id}" readonly value="${url}" @focus=${() => input.select()}>`
  const copy = async () => {
    input.select()
    // Without https a browser has no clipboard for pages; the text is selected, so that a key copies it.
    const isCopied = await Promise.resolve(navigator.clipboard?.writeText(url).then(() => true)).catch(() => false)
    toast(t(isCopied ? "link.copied" : "link.selected"))
  }
  return html`<div class="banner mint link-box"><div class="field grow"><label for="${id}">${label}</label>${input}<p class="small">${note}</p></div>
    ${button([icon("link"), t("link.copy")], copy)}<time class="vh" datetime="${end}"></time></div>`
}

export function brief(name) {
  return [...name].length > 24 ? `${[...name].slice(0, 24).join("")}…` : name
}

export function mail(text) {
  const [name, ...host] = text.split("@")
  return host.length ? [name, html`<wbr>`, html`<span class="host">@${host.join("@")}</span>`] : text
}

export function withMail(name, address, href, picture) {
  return html`<div class="person">${picture}<div><b>${href ? html`<a href="${href}">${name}</a>` : name}</b>${address && html`<small class="mail">${mail(address)}</small>`}</div></div>`
}

export function personCell(name, username, href) {
  return withMail(name, username !== name && username, href, avatar(name))
}

export function notice(colour, sign, ...text) {
  return html`<div class="banner ${colour}" role="alert">${icon(sign)}<p>${text}</p></div>`
}

const fullNames = new Map()
const mostPages = 3
/** A long queue must not take the shop from others. */
export const atOnce = 8

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

export async function userNamed(username, signal) {
  for (let page = 1, pages = 1; page <= Math.min(pages, mostSearched); page += 1) {
    const list = await get("users" + query({ search: username, sort_by: "username", sort_order: "asc", limit: 100, page }), { signal })
    const found = list.items.find((one) => one.username === username)
    if (found) return found
    pages = list.total_pages
  }
  throw new Refusal(404, { code: "no_such_user", title: "" })
}

export function showWaiting(lists) {
  const count = lists.reduce((total, list) => total + list.items.length, 0)
  setCount("queue", lists.some((list) => list.next_cursor) ? `${number(count)}+` : count)
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

export function stat(name, value, note, look = "") {
  return html`<div class="card stat"><small>${name}</small><b class="${look}">${value}</b><small>${note}</small></div>`
}

const mostShown = 100
const mostBytes = 2_000_000

function rowTable(rows, columns) {
  const shown = [...rows.filter((row) => row.wrong), ...rows.filter((row) => !row.wrong)].slice(0, mostShown).sort((a, b) => a.number - b.number)
  const wrong = (row) => html`<span class="rowerr">${icon("alert")}<span><span class="phone-only">${t("table.row", { n: row.number })} </span>${row.wrong}</span></span>`
  return [table(t("table.rows"), [
    { title: t("table.rowNumber"), kind: "desk", end: true, look: "num muted", cell: (row) => number(row.number) }, ...columns,
    { title: t("table.result"), kind: "result", cell: (row) => (row.wrong ? wrong(row) : badge(row.note ?? t("table.good"), row.note ? "sky" : "mint", row.note ? null : "check")) },
  ], shown, { oneUp: true }), rows.length > shown.length && html`<p class="small muted">${t("table.first", { n: shown.length, total: rows.length })}</p>`]
}

export function numberedSteps(list) {
  const now = list.findIndex((one) => !one.done)
  const step = ({ name, href, done }, index) => html`<li class="${done ? "done" : index === now ? "now" : ""}" aria-current=${index === now ? "step" : null}>${href ? html`<a href="${href}">${name}</a>` : name}</li>`
  return html`<ol class="steps numbered">${list.map(step)}</ol>`
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

  function at(step) {
    fill(way, numberedSteps([t("table.step.choose"), t("grants.check"), lastStep].map((name, index) => ({ name, done: index < step }))))
    if (step < 2) fill(act, submitButton(t("grants.check")))
  }

  async function take(file) {
    if (!file) return
    const found = file.size > mostBytes ? undefined : rowsOf(await file.text(), needs)
    rows = found?.length ? found : null
    fileName = file.name
    drop.say(rows ? "" : t(found === undefined ? "table.tooLarge" : found ? "table.empty" : "table.noColumns", { name: needs[0], names: needs.join(", ") }))
    drop.name(rows && t("table.chosen", { name: file.name, n: rows.length }))
    fill(result)
    at(rows ? 1 : 0)
  }

  async function run(pressed, some) {
    await submitting(made, pressed, t("grants.checking"), async () => {
      for (const row of some) Object.assign(row, { wrong: null, note: null })
      const found = await check(some, values(made))
      const good = rows.filter((row) => !row.wrong)
      const bad = rows.length - good.length
      fill(result, html`<div class="three stats">${stats(rows, good, fileName)}${stat(t("table.wrongRows"), number(bad), t("table.leftOut"), bad ? "bad" : "")}</div>`,
        !found && notice("rose", "alert", html`<b>${wrongText(bad)}</b> ${t("table.correct")}`), rowTable(rows, columns))
      if (found) {
        at(2)
        return confirm(act, found, () => at(1))
      }
      const without = button(t("table.without", { n: bad }), () => run(without, good))
      fill(act, html`<div class="row acts">${button([icon("up"), t("table.again")], drop.choose, "primary")}${good.length > 0 && without}</div>`)
    })
  }

  made.addEventListener("input", (event) => event.target.type !== "file" && act.querySelector(".confirm, .banner") && at(1))
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    clearErrors(made)
    const main = act.querySelector("button.primary.big")
    if (!main || act.querySelector(".confirm")) return
    drop.say(rows ? "" : t("table.noFile"))
    if (complainAll(made, complaints(values(made))) || !rows) return
    run(main, rows)
  })
  at(0)
  return made
}

export function dropPlace({ title, rules, accept, take }) {
  const id = freshID("file")
  const input = html`<input id="${id}" type="file" class="vh" tabindex="-1" accept="${accept}">`
  const [name, wrong] = [html`<b>${title}</b>`, html`<p class="bad" role="alert"></p>`]
  const choose = () => input.click()
  const element = html`<div class="drop">${icon("up")}<label for="${id}">${name}</label><span class="small muted">${rules}</span>${input}
    ${button(t("picture.choose"), choose)}${wrong}</div>`
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
