// Reports: coins granted, spent and outstanding over time, purchases by day and by thing, what runs low, who thanked
// most. The period is part of the address.

import { bars, curve, numbers, ranks } from "./plot.js"
import { classifiers, itemsByCode, thumb, variantName } from "../goods.js"
import { coins, format, number, t } from "../words.js"
import { download, get, query } from "../api.js"
import { empty, head, icon } from "../elements.js"
import { field, showRefusal, values } from "../form.js"
import { go } from "../router.js"
import { html } from "../html.js"
import { staffNames, workButton } from "./counter.js"

const day = 86_400_000
const mostRanks = 8
const mostLow = 24
/** The shop adds up thanks for no longer span. */
const mostThanksDays = 366

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
  return format(Intl.DateTimeFormat, { timeZone: "UTC", ...options }).format(time)
}

/** The parts of a span that a plot shows: days, weeks or months, so that there are never many more than thirty. */
function partsOf(from, to) {
  const [start, end] = [Date.parse(from), Date.parse(to)]
  const count = (end - start) / day + 1
  const unit = count <= 31 ? "day" : count <= 124 ? "week" : "month"
  const parts = new Map()
  const date = { day: "numeric", month: "short" }
  const month = { month: "short", ...(from.slice(0, 4) === to.slice(0, 4) ? {} : { year: "2-digit" }) }
  for (let time = start; time <= end; time += day) {
    const key = unit === "month" ? dayOf(time).slice(0, 7) : Math.floor((time - start) / day / (unit === "week" ? 7 : 1))
    if (!parts.has(key)) parts.set(key, { name: dayName(time, unit === "month" ? month : date), days: new Set() })
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

function downloadButton(text, path, name, look = "") {
  return workButton({ text: [icon("down"), text], look, verb: t("csv.doing"), work: () => download(path, name) })
}

function report(kind, title, span, key, ...content) {
  const text = [html`<span class="vh">${title}: </span>`, t("reports.csv")]
  const csvButton = downloadButton(text, `reports/${kind}${query(span)}`, `${kind}-${span.from}-${span.to}.csv`, "quiet")
  return html`<section class="card plot"><div class="row apart"><h2>${title}</h2>${key}${csvButton}</div>${content}</section>`
}

function spanForm({ kind, from, to }) {
  const targets = { month: "", year: query({ period: "year" }), own: query({ from, to }) }
  const select = html`<div class="field"><label class="vh" for="span">${t("reports.span")}</label>
    <select class="select" id="span" @change=${(event) => go("/admin/reports" + targets[event.target.value])}>
    ${Object.keys(targets).map((one) => html`<option value="${one}" selected=${one === kind}>${t(`reports.span.${one}`)}</option>`)}</select></div>`
  if (kind !== "own") return select
  const date = (name, value) => field({ label: t(`reports.${name}`), name, type: "date", value })
  const form = html`<form class="row low span-form" novalidate>${date("from", from)}${date("to", to)}<button class="btn">${t("reports.show")}</button></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    // Dates that are both empty are still own dates, not those of the last 30 days.
    go("/admin/reports" + (query(values(form)) || "?from="))
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
  const flowText = { granted: coins(report_.granted), spent: coins(report_.spent), coins: best.values[0], name: best.name }
  const members = ["granted", "spent", "returned", "sent"]
  const flowNumbers = numbers(t("reports.flow"), [unit, ...members].map((one) => t(`reports.${one}`)), parts.map((one) => [one.name, ...members.map(one.sum)]))
  const [first, last] = [ends[0], ends.at(-1)]
  const endText = t("reports.outstandingText", { coins: last.value, name: last.name, first: coins(first.value), start: first.name })
  return [
    report("coins", t("reports.flow"), span, key,
      moved ? bars(rows, t("reports.flowText", flowText)) : html`<p class="muted">${t("reports.noFlow")}</p>`, flowNumbers),
    html`<section class="card plot"><div class="row apart"><h2>${t("reports.outstanding")}</h2></div>${curve(ends, endText)}
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
  const [pieces, price] = [t("reports.pieces"), t("history.coins")]
  const ofParts = parts.map((one) => [one.name, one.sum("purchases"), one.sum("quantity"), one.sum("coins")])
  const ofThings = bought.slice(0, 100).map((one) => [nameOf(one), one.quantity, one.coins, one.returned])
  const most = ranks(bought.slice(0, mostRanks).map((one) => ({ name: nameOf(one), value: one.quantity })))
  return [
    report("purchases", title, span, null,
      bars(rows, t("reports.purchasesText", { n: found.quantity, most: best.values[0], name: best.name })),
      numbers(title, [t(`reports.${unit}`), t("reports.count"), pieces, price], ofParts)),
    html`<section class="card plot"><h2>${t("reports.most")}</h2>${most}
      ${numbers(t("reports.most"), [t("catalogue.thing"), pieces, price, t("reports.returnedPieces")], ofThings)}</section>`,
  ]
}

/** The things that run low, each beside its mark; the whole list is the catalogue's. */
function stock(items, span, byCode, names) {
  const low = items.filter((one) => one.below)
  const line = (one) => {
    const share = Math.min(100, Math.round((one.stock / Math.max(one.low_stock_at, 1)) * 100))
    const bar = one.stock > 0 && html`<svg><rect class="bar" width="${share}%" height="8" rx="4"/></svg>`
    const text = t("reports.stockText", { n: one.stock, mark: number(one.low_stock_at) })
    const name = [one.name, variantName(names, one)].filter(Boolean).join(", ")
    return html`<li>${thumb(byCode(one.code))}<div class="what"><b><a href="/admin/catalogue/${one.id}">${name}</a></b>
      <small>${t("reports.mark", { n: one.low_stock_at })} · ${t("reports.sold", { n: one.sold })}</small>
      <svg class="progress" height="8" role="img" aria-label="${text}"><rect class="track" width="100%" height="8" rx="4"/>${bar}</svg></div>
      <span class="sum num">${number(one.stock)}</span></li>`
  }
  const isMore = low.length > mostLow
  const more = isMore && html`<p class="more"><a href="/admin/catalogue?view=low">${t("reports.allLow", { n: low.length })}</a></p>`
  const list = low.length ? html`<ul class="lines">${low.slice(0, mostLow).map(line)}</ul>` : html`<p class="muted">${t("reports.noneLow")}</p>`
  return report("stock", t("reports.low"), span, null, list, more)
}

/** The people who gave most and got most. The shop knows them only for a span that is not too long. */
function thanks(figures, nameOf) {
  if (!figures) return html`<p class="muted">${t("reports.longThanks", { n: mostThanksDays })}</p>`
  const card = (title, list) => html`<section class="card"><h2>${title}</h2>${list.length
    ? ranks(list.map((one) => ({ name: nameOf(one.username), value: one.coins, text: coins(one.coins) })))
    : html`<p class="muted">${t("reports.noThanks")}</p>`}</section>`
  return html`<div class="two even">${card(t("reports.givers"), figures.top_givers)}${card(t("reports.receivers"), figures.top_receivers)}</div>`
}

export async function show({ query: address, signal }) {
  const { kind, ...span } = spanOf(address)
  const top = html`<div class="row low">${spanForm({ kind, ...span })}</div>`
  const read = (path, more) => get(path + query({ ...span, ...more }), { signal })
  const isLong = (Date.parse(span.to || dayOf(Date.now())) - Date.parse(span.from)) / day >= mostThanksDays
  let found
  try {
    const reports = ["coins", "purchases", "stock"].map((one) => read(`reports/${one}`))
    found = await Promise.all([...reports, isLong ? null : read("stats", { top: mostRanks }), classifiers()])
  } catch (error) {
    if (kind !== "own" || error.status !== 422) throw error
    showRefusal(top.querySelector("form"), error)
    return head(t("title.reports"), t("reports.text"), top)
  }
  const [flow, bought, { items }, figures, names] = found
  const people = [...(figures?.top_givers ?? []), ...(figures?.top_receivers ?? [])].map((one) => one.username)
  const low = items.filter((one) => one.below).map((one) => one.code)
  const [byCode, nameOf] = await Promise.all([itemsByCode(low, signal), staffNames(people, signal)])
  const parts = partsOf(flow.from, flow.to)
  const stat = (name, value, note) => html`<div class="card stat"><small>${name}</small><b>${number(value)}</b><small>${note}</small></div>`
  const [flowPlot, outstandingPlot] = coinPlots(flow, span, parts)
  const [boughtPlot, mostPlot] = purchasePlots(bought, span, parts, names)
  const dayOfReport = (text) => dayName(Date.parse(text), { dateStyle: "medium" })
  const days = { from: dayOfReport(flow.from), to: dayOfReport(flow.to) }
  const orders = query({ all: true, from: `${flow.from}T00:00:00Z`, to: `${dayOf(Date.parse(flow.to) + day)}T00:00:00Z` })
  return [
    head(t("title.reports"), t("reports.days", days), top),
    html`<div class="three stats">${stat(t("reports.granted"), flow.granted, t("reports.grantedText"))}
      ${stat(t("reports.spent"), flow.spent, t("reports.spentText", { n: bought.purchases }))}
      ${stat(t("reports.outstanding"), flow.outstanding, t("reports.inWallets", { day: days.to }))}</div>`,
    html`<div class="stack wide">${flowPlot}<div class="two even">${outstandingPlot}${mostPlot}</div>${boughtPlot}
      ${stock(items, span, byCode, names)}${thanks(figures, nameOf)}
      ${downloadButton(t("reports.orders"), `orders${orders}`, `orders-${flow.from}-${flow.to}.csv`)}</div>`,
  ]
}
