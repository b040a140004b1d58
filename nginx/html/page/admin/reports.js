// Reports: coins granted, spent and outstanding over time, purchases by day and by thing, what runs low, who thanked
// most. The period is part of the address.

import { bars, curve, numbers, ranks } from "./plot.js"
import { classifiers, itemsByCode, thumb, variantName } from "../goods.js"
import { coins, currentLanguage, number, t } from "../words.js"
import { csv, get, query } from "../api.js"
import { empty, head, icon } from "../elements.js"
import { field, showRefusal, values } from "../form.js"
import { go } from "../router.js"
import { html } from "../html.js"
import { deed, staffNames } from "./counter.js"

const day = 86_400_000
const mostRanks = 8

/** Days by UTC, as the shop counts them. */
const dayOf = (time) => new Date(time).toISOString().slice(0, 10)

/** The days that an address asks for: the last 30, those of this year, or its own. */
function spanOf(address) {
  const today = dayOf(Date.now())
  if (address.has("from") || address.has("to")) return { kind: "own", from: address.get("from") ?? "", to: address.get("to") ?? "" }
  if (address.get("period") === "year") return { kind: "year", from: `${today.slice(0, 4)}-01-01`, to: today }
  return { kind: "month", from: dayOf(Date.now() - 29 * day), to: today }
}

function dayName(time, options) {
  return new Intl.DateTimeFormat(currentLanguage() === "en" ? "en-GB" : currentLanguage(), { timeZone: "UTC", ...options }).format(time)
}

/** The parts of a span that a plot shows: days, weeks or months, so that there are never many more than thirty. */
function partsOf(from, to) {
  const [start, end] = [Date.parse(from), Date.parse(to)]
  const count = (end - start) / day + 1
  const unit = count <= 31 ? "day" : count <= 124 ? "week" : "month"
  const parts = new Map()
  const manyYears = from.slice(0, 4) !== to.slice(0, 4)
  for (let time = start; time <= end; time += day) {
    const key = unit === "month" ? dayOf(time).slice(0, 7) : Math.floor((time - start) / day / (unit === "week" ? 7 : 1))
    const name = () => (unit === "month" ? dayName(time, { month: "short", ...(manyYears ? { year: "2-digit" } : {}) }) : dayName(time, { day: "numeric", month: "short" }))
    if (!parts.has(key)) parts.set(key, { name: name(), days: new Set() })
    parts.get(key).days.add(dayOf(time))
  }
  return { unit, list: [...parts.values()] }
}

/** The rows of a report, which are by day, as the parts of its plot: sums, and the last day of each part. */
function grouped(rows, parts) {
  const byDay = new Map(rows.map((row) => [row.day, row]))
  return parts.map(({ name, days }) => {
    const here = [...days].map((one) => byDay.get(one)).filter(Boolean)
    return { name, sum: (member) => here.reduce((total, row) => total + row[member], 0), last: here.at(-1) }
  })
}

function save(blob, name) {
  const file = URL.createObjectURL(blob)
  html`<a href="${file}" download="${name}"></a>`.click()
  setTimeout(() => URL.revokeObjectURL(file), 10_000)
}

/** A button that fetches a table with the session's token and gives it to the browser as a file. */
function download(text, path, name, look = "") {
  return deed({ text: [icon("down"), text], look, verb: t("csv.doing"), work: async () => save(await csv(path), name) })
}

function report(kind, title, span, key, ...content) {
  const csvButton = download([html`<span class="vh">${title}: </span>`, t("reports.csv")], `reports/${kind}` + query(span), `${kind}-${span.from}-${span.to}.csv`, "quiet")
  return html`<section class="card plot"><div class="row apart"><h2>${title}</h2>${key}${csvButton}</div>${content}</section>`
}

function spanForm({ kind, from, to }) {
  const targets = { month: "", year: query({ period: "year" }), own: query({ from, to }) }
  const select = html`<div class="field"><label class="vh" for="span">${t("reports.span")}</label><select class="select" id="span" @change=${(event) => go("/admin/reports" + targets[event.target.value])}>
    ${Object.keys(targets).map((one) => html`<option value="${one}" selected=${one === kind}>${t(`reports.span.${one}`)}</option>`)}</select></div>`
  if (kind !== "own") return select
  const form = html`<form class="row low span-form" novalidate>${field({ label: t("reports.from"), name: "from", type: "date", value: from })}${field({ label: t("reports.to"), name: "to", type: "date", value: to })}<button class="btn">${t("reports.show")}</button></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    go("/admin/reports" + query(values(form)) || "?from=")
  })
  return [select, form]
}

function coinPlots(report_, span, { unit, list }) {
  const parts = grouped(report_.items, list)
  const rows = parts.map((one) => ({ name: one.name, values: [one.sum("granted"), one.sum("spent")] }))
  const best = [...rows].sort((a, b) => b.values[0] - a.values[0])[0]
  const known = parts.filter((one) => one.last)
  const ends = known.map((one) => ({ name: one.name, value: one.last.outstanding }))
  const key = html`<p class="key"><span>${t("reports.granted")}</span><span class="other">${t("reports.spent")}</span></p>`
  const moved = report_.granted + report_.spent > 0
  return [
    report("coins", t("reports.flow"), span, key, moved
      ? bars(rows, t("reports.flowText", { granted: coins(report_.granted), spent: coins(report_.spent), coins: best.values[0], name: best.name }))
      : html`<p class="muted">${t("reports.noFlow")}</p>`,
    numbers(t("reports.flow"), [t(`reports.${unit}`), ...["granted", "spent", "returned", "sent"].map((one) => t(`reports.${one}`))], parts.map((one) => [one.name, ...["granted", "spent", "returned", "sent"].map(one.sum)]))),
    html`<section class="card plot"><div class="row apart"><h2>${t("reports.outstanding")}</h2></div>${curve(ends, t("reports.outstandingText", { coins: ends.at(-1).value, name: ends.at(-1).name, first: coins(ends[0].value), start: ends[0].name }))}
      ${numbers(t("reports.outstanding"), [t(`reports.${unit}`), t("history.coins")], ends.map((one) => [one.name, one.value]))}</section>`,
  ]
}

function purchasePlots(found, span, { unit, list }, names) {
  const parts = grouped(found.days, list)
  const rows = parts.map((one) => ({ name: one.name, values: [one.sum("quantity")] }))
  const best = [...rows].sort((a, b) => b.values[0] - a.values[0])[0]
  const nameOf = (one) => [one.name, variantName(names, one)].filter(Boolean).join(", ")
  const bought = found.items.filter((one) => one.quantity > 0)
  const title = t("reports.purchases")
  if (!bought.length) return [report("purchases", title, span, null, empty(t("reports.noPurchases"), t("reports.noPurchasesText")))]
  const shown = bought.slice(0, mostRanks)
  return [
    report("purchases", title, span, null, bars(rows, t("reports.purchasesText", { n: found.quantity, most: best.values[0], name: best.name })),
      numbers(title, [t(`reports.${unit}`), t("reports.count"), t("reports.pieces"), t("history.coins")], parts.map((one) => [one.name, one.sum("purchases"), one.sum("quantity"), one.sum("coins")]))),
    html`<section class="card plot"><h2>${t("reports.most")}</h2>${ranks(shown.map((one) => ({ name: nameOf(one), value: one.quantity })))}
      ${numbers(t("reports.most"), [t("catalogue.thing"), t("reports.pieces"), t("history.coins"), t("reports.returnedPieces")], bought.slice(0, 100).map((one) => [nameOf(one), one.quantity, one.coins, one.returned]))}</section>`,
  ]
}

/** The things that run low, each beside its mark; the whole list is the catalogue's. */
function stock(items, span, byCode, names) {
  const low = items.filter((one) => one.below)
  const line = (one) => html`<li>${thumb(byCode(one.code))}<div class="what"><b><a href="/admin/catalogue/${one.id}">${[one.name, variantName(names, one)].filter(Boolean).join(", ")}</a></b><small>${t("reports.mark", { n: one.low_stock_at })} · ${t("reports.sold", { n: one.sold })}</small>
    <svg class="progress" height="8" role="img" aria-label="${t("reports.stockText", { n: one.stock, mark: number(one.low_stock_at) })}"><rect class="track" width="100%" height="8" rx="4"/>${one.stock > 0 && html`<svg><rect class="bar" width="${Math.min(100, Math.round((one.stock / Math.max(one.low_stock_at, 1)) * 100))}%" height="8" rx="4"/></svg>`}</svg></div><span class="sum num">${number(one.stock)}</span></li>`
  return report("stock", t("reports.low"), span, null, low.length
    ? [html`<ul class="lines across">${low.slice(0, 24).map(line)}</ul>`, low.length > 24 && html`<p class="more"><a href="/admin/catalogue?view=low">${t("reports.allLow", { n: low.length })}</a></p>`]
    : html`<p class="muted">${t("reports.noneLow")}</p>`)
}

export async function show({ query: address, signal }) {
  const { kind, ...span } = spanOf(address)
  const top = html`<div class="row low">${spanForm({ kind, ...span })}</div>`
  const read = (path, more) => get(path + query({ ...span, ...more }), { signal })
  let found
  try {
    found = await Promise.all([...["coins", "purchases", "stock"].map((one) => read(`reports/${one}`)), read("stats", { top: mostRanks }), classifiers()])
  } catch (error) {
    if (kind !== "own" || error.status !== 422) throw error
    showRefusal(top.querySelector("form"), error)
    return head(t("title.reports"), t("reports.text"), top)
  }
  const [flow, bought, { items }, figures, names] = found
  const people = [...figures.top_givers, ...figures.top_receivers].map((one) => one.username)
  const [byCode, nameOf] = await Promise.all([itemsByCode(items.filter((one) => one.below).map((one) => one.code), signal), staffNames(people, signal)])
  const parts = partsOf(flow.from, flow.to)
  const stat = (name, value, note) => html`<div class="card stat"><small>${name}</small><b>${number(value)}</b><small>${note}</small></div>`
  const thanks = (title, list) => html`<section class="card"><h2>${title}</h2>${list.length ? ranks(list.map((one) => ({ name: nameOf(one.username), value: one.coins, text: coins(one.coins) }))) : html`<p class="muted">${t("reports.noThanks")}</p>`}</section>`
  const [flowPlot, outstandingPlot] = coinPlots(flow, span, parts)
  const [boughtPlot, mostPlot] = purchasePlots(bought, span, parts, names)
  const days = { from: dayName(Date.parse(flow.from), { dateStyle: "medium" }), to: dayName(Date.parse(flow.to), { dateStyle: "medium" }) }
  return [
    head(t("title.reports"), t("reports.days", days), top),
    html`<div class="three stats">${stat(t("reports.granted"), flow.granted, t("reports.grantedText"))}${stat(t("reports.spent"), flow.spent, t("reports.spentText", { n: bought.purchases }))}${stat(t("reports.outstanding"), flow.outstanding, t("reports.inWallets", { day: days.to }))}</div>`,
    html`<div class="stack wide">${flowPlot}<div class="two even">${outstandingPlot}${mostPlot}</div>${boughtPlot}
      ${stock(items, span, byCode, names)}<div class="two even">${thanks(t("reports.givers"), figures.top_givers)}${thanks(t("reports.receivers"), figures.top_receivers)}</div>
      ${download(t("reports.orders"), "orders" + query({ all: true, from: `${flow.from}T00:00:00Z`, to: `${dayOf(Date.parse(flow.to) + day)}T00:00:00Z` }), `orders-${flow.from}-${flow.to}.csv`)}</div>`,
  ]
}
