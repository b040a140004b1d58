// History: coins in and out, filtered and paged by the address, as a table to keep, and the way back while it holds.

import { changes, facts } from "../session.js"
import { avatar, empty, head, icon, pager, table, tabs } from "../elements.js"
import { download, get, query } from "../api.js"
import { go, show as again } from "../router.js"
import { html } from "../html.js"
import { itemsByCode, thumb } from "../goods.js"
import { moment, number, signed, t } from "../words.js"
import { secondsLeft, undo } from "../undo.js"
import { deed, makeForm } from "../form.js"

const kinds = ["", "transfer", "grant", "purchase", "refund"]

/** A movement as people say it: from or to whom, or which thing, and why. */
export function whoAndWhy(entry, byCode) {
  const { kind, counterpart, message, quantity } = entry
  const item = entry.item && byCode(entry.item)
  if (item) {
    const name = quantity > 1 ? t("history.pieces", { name: item.name, n: quantity }) : item.name
    return { name, item, why: [t(`history.${kind}`), message].filter(Boolean).join(": ") }
  }
  const why = message ?? (kind === "transfer" ? "" : t(`history.${kind}`))
  if (entry.counterpart_name) return { name: entry.counterpart_name, username: counterpart, why }
  if (counterpart) return { name: counterpart, why }
  return { name: facts.shop.company, why: message === "welcome" ? t("history.welcome") : message ?? t(`history.${kind}`) }
}

/** A day of the address as an instant: the beginning of that day here, or its last moment. */
function instant(day, end) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day ?? "")) return null
  const date = new Date(`${day}T${end ? "23:59:59.999" : "00:00:00"}`)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

function filters(address) {
  const values = Object.fromEntries(["kind", "direction", "from", "to", "cursor"].map((name) => [name, address.get(name)]))
  const to = (change) => "/history" + query({ ...values, cursor: null, ...change })
  const asked = { kind: values.kind, direction: values.direction, from: instant(values.from), to: instant(values.to, true) }
  return { values, to, asked }
}

/** The kind of entry, and the days. */
function selects({ values, to }) {
  const day = (name) => html`<div class="field"><label for="${name}">${t(`history.${name}`)}</label>
    <input class="input" type="date" id="${name}" value="${values[name] ?? ""}" @change=${(event) => go(to({ [name]: event.target.value }))}></div>`
  const option = (kind) => html`<option value="${kind}" selected=${kind === (values.kind ?? "")}>${t(`history.tab.${kind || "all"}`)}</option>`
  return html`<div class="selects dates"><div class="field"><label for="kind">${t("history.kinds")}</label>
    <select class="select" id="kind" @change=${(event) => go(to({ kind: event.target.value }))}>${kinds.map(option)}</select></div>${day("from")}${day("to")}</div>`
}

/** The way back, with the seconds that are left. */
function undoButton(entry, signal) {
  if (entry.kind !== "transfer" || entry.change >= 0 || entry.undone || secondsLeft(entry.at) < 1) return null
  const left = html`<span class="num"></span>`
  const button = html`<button class="btn quiet">${t("undo")} ${left}</button>`
  const holder = makeForm({ look: "undo", button, verb: t("undo.doing"), work: () => undo(entry.id, -entry.change) })
  const count = () => {
    const seconds = secondsLeft(entry.at)
    if (seconds < 1) stop()
    else left.textContent = t("seconds.short", { n: seconds })
  }
  const timer = setInterval(count, 1000)
  const stop = () => {
    clearInterval(timer)
    button.remove()
  }
  signal.addEventListener("abort", () => clearInterval(timer))
  count()
  return holder
}

function rows(entries, byCode, signal) {
  return table(t("history.caption"), [
    {
      title: t("history.who"), kind: "lead",
      cell: (entry) => {
        const { name, username, item } = whoAndWhy(entry, byCode)
        return html`<div class="person">${item ? thumb(item) : avatar(name)}<div><b>${name}</b>${username && html`<small>${username}</small>`}</div></div>`
      },
    },
    { title: t("history.why"), kind: "why", look: "muted", cell: (entry) => [whoAndWhy(entry, byCode).why, undoButton(entry, signal)] },
    { title: t("history.when"), look: "muted num", cell: (entry) => moment(entry.at) },
    { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (entry) => html`<b class="${entry.change > 0 ? "plus" : ""}">${signed(entry.change)}</b>` },
    { title: t("history.then"), end: true, look: "num muted", cell: (entry) => number(entry.balance) },
  ], entries, { oneUp: true })
}

function nothing({ values, to }) {
  const isFiltered = values.kind || values.direction || values.from || values.to
  return isFiltered
    ? empty(t("history.noneHere"), t("history.noneHereText"), html`<a class="btn" href="${to({ kind: null, direction: null, from: null, to: null })}">${t("showAll")}</a>`)
    : empty(t("home.nothing"), t("home.nothingText"))
}

export async function show({ query: address, signal }) {
  const filter = filters(address)
  const { items, next_cursor: next } = await get("wallet/history" + query({ ...filter.asked, cursor: filter.values.cursor, limit: 25 }), { signal })
  const byCode = await itemsByCode(items.map((entry) => entry.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const keep = () => download("wallet/history" + query({ ...filter.asked, limit: 100 }), "history.csv")
  const tab = (direction) => ({ name: t(`history.way.${direction || "both"}`), href: filter.to({ direction }), current: (filter.values.direction ?? "") === direction })
  return [
    head(t("title.history"), t("history.text"), deed(html`<button class="btn">${icon("down")}${t("csv")}</button>`, t("csv.doing"), keep)),
    html`<div class="row apart low filters"><div class="tabs-place">${tabs(t("history.way"), ["", "in", "out"].map(tab))}</div>${selects(filter)}</div>`,
    items.length ? rows(items, byCode, signal) : nothing(filter),
    pager(filter.values.cursor, next, (cursor) => filter.to({ cursor })),
  ]
}
