// Reports of a span of days, and the audit trail. In a plot widths are in percent and heights in pixels, so that letters keep
// their size.

import { download, get, query } from "../api.js"
import { empty, head, icon, line, lines, linkButton, pager, sum, table } from "../elements.js"
import { field, nameOf, showRefusal, submitButton, values } from "../form.js"
import { classifiers, fullName, itemsByCode, thumb } from "../goods.js"
import { html } from "../html.js"
import { go } from "../router.js"
import { coins, format, knows, moment, number, step, t } from "../words.js"
import { mail, staffNames, stat, workButton } from "./counter.js"

const day = 86_400_000
const mostRanks = 8
const mostLow = 24
/** The shop adds up thanks for no longer span. */
const mostThanksDays = 366

/** Days by UTC, as the shop counts them. */
const dayOf = (time) => new Date(time).toISOString().slice(0, 10)

function spanOf(address) {
  const today = dayOf(Date.now())
  if (address.has("from") || address.has("to")) return { kind: "own", from: address.get("from") ?? "", to: address.get("to") ?? "" }
  if (address.get("period") === "year") return { kind: "year", from: `${today.slice(0, 4)}-01-01`, to: today }
  return { kind: "month", from: dayOf(Date.now() - 29 * day), to: today }
}

function dayName(time, options) {
  return format(Intl.DateTimeFormat, { timeZone: "UTC", ...options }).format(time)
}

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
  const form = html`<form class="row low span-form" novalidate>${date("from", from)}${date("to", to)}${submitButton(t("reports.show"), "")}</form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    // Dates that are both empty are still own dates, not those of the last 30 days.
    go("/admin/reports" + (query(values(form)) || "?from="))
  })
  return [select, form]
}

function coinPlots(figures, span, { unit, list }) {
  const parts = grouped(figures.items, list)
  const rows = parts.map((one) => ({ name: one.name, values: [one.sum("granted"), one.sum("spent")] }))
  const best = [...rows].sort((a, b) => b.values[0] - a.values[0])[0]
  const known = parts.filter((one) => one.last)
  const ends = known.map((one) => ({ name: one.name, value: one.last.outstanding }))
  const key = html`<p class="key"><span>${t("reports.granted")}</span><span class="other">${t("reports.spent")}</span></p>`
  const moved = figures.granted + figures.spent > 0
  const flowText = { granted: coins(figures.granted), spent: coins(figures.spent), coins: best.values[0], name: best.name }
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
  const name = (one) => fullName(names, one)
  const bought = found.items.filter((one) => one.quantity > 0)
  const title = t("reports.purchases")
  if (!bought.length) return [report("purchases", title, span, null, empty(t("reports.noPurchases"), t("reports.noPurchasesText")))]
  const [pieces, price] = [t("reports.pieces"), t("history.coins")]
  const ofParts = parts.map((one) => [one.name, one.sum("purchases"), one.sum("quantity"), one.sum("coins")])
  const ofThings = bought.slice(0, 100).map((one) => [name(one), one.quantity, one.coins, one.returned])
  const most = ranks(bought.slice(0, mostRanks).map((one) => ({ name: name(one), value: one.quantity })))
  return [
    report("purchases", title, span, null,
      bars(rows, t("reports.purchasesText", { n: found.quantity, most: best.values[0], name: best.name })),
      numbers(title, [t(`reports.${unit}`), t("reports.purchases"), pieces, price], ofParts)),
    html`<section class="card plot"><h2>${t("reports.most")}</h2>${most}
      ${numbers(t("reports.most"), [t("title.thing"), pieces, price, t("reports.returnedPieces")], ofThings)}</section>`,
  ]
}

function stock(items, span, byCode, names) {
  const low = items.filter((one) => one.below)
  const row = (one) => {
    const share = Math.min(100, Math.round((one.stock / Math.max(one.low_stock_at, 1)) * 100))
    const bar = one.stock > 0 && html`<svg><rect class="bar" width="${share}%" height="8" rx="4"/></svg>`
    const text = t("reports.stockText", { n: one.stock, mark: number(one.low_stock_at) })
    const made = line(thumb(byCode(one.code)), html`<a href="/admin/catalogue/${one.id}">${fullName(names, one)}</a>`,
      `${t("reports.mark", { n: one.low_stock_at })} · ${t("reports.sold", { n: one.sold })}`, sum(number(one.stock)))
    made.querySelector(".what").append(html`<svg class="progress" height="8" role="img" aria-label="${text}"><rect class="track" width="100%" height="8" rx="4"/>${bar}</svg>`)
    return made
  }
  const isMore = low.length > mostLow
  const more = isMore && html`<p class="more"><a href="/admin/catalogue?view=low">${t("reports.allLow", { n: low.length })}</a></p>`
  const list = low.length ? lines(low.slice(0, mostLow).map(row)) : html`<p class="muted">${t("reports.noneLow")}</p>`
  return report("stock", t("catalogue.view.low"), span, null, list, more)
}

function thanks(figures, nameOf) {
  if (!figures) return html`<p class="muted">${t("reports.longThanks", { n: mostThanksDays })}</p>`
  const card = (title, list) => html`<section class="card"><h2>${title}</h2>${list.length
    ? ranks(list.map((one) => ({ name: nameOf(one.username), value: one.coins, text: coins(one.coins) })))
    : html`<p class="muted">${t("reports.noThanks")}</p>`}</section>`
  return html`<div class="two even">${card(t("reports.givers"), figures.top_givers)}${card(t("reports.receivers"), figures.top_receivers)}</div>`
}

async function showReports({ query: address, signal }) {
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
  const [flowPlot, outstandingPlot] = coinPlots(flow, span, parts)
  const [boughtPlot, mostPlot] = purchasePlots(bought, span, parts, names)
  const dayOfReport = (text) => dayName(Date.parse(text), { dateStyle: "medium" })
  const days = { from: dayOfReport(flow.from), to: dayOfReport(flow.to) }
  const orders = query({ all: true, from: `${flow.from}T00:00:00Z`, to: `${dayOf(Date.parse(flow.to) + day)}T00:00:00Z` })
  return [
    head(t("title.reports"), t("reports.days", days), top),
    html`<div class="three stats">${stat(t("reports.granted"), number(flow.granted), t("reports.grantedText"))}
      ${stat(t("reports.spent"), number(flow.spent), t("reports.spentText", { n: bought.purchases }))}
      ${stat(t("reports.outstanding"), number(flow.outstanding), t("reports.inWallets", { day: days.to }))}</div>`,
    html`<div class="stack wide">${flowPlot}<div class="two even">${outstandingPlot}${mostPlot}</div>${boughtPlot}
      ${stock(items, span, byCode, names)}${thanks(figures, nameOf)}
      ${downloadButton(t("reports.orders"), `orders${orders}`, `orders-${flow.from}-${flow.to}.csv`)}</div>`,
  ]
}

const [height, foot, top] = [220, 30, 20]

function axisNumber(value) {
  return value < 10_000 ? number(value) : format(Intl.NumberFormat, { notation: "compact", maximumFractionDigits: 1 }).format(value)
}

function scale(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 4) / 4))
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one * 4 >= highest && Number.isInteger(one)) ?? power * 10
  return { step, most: step * Math.ceil(Math.max(highest, 1) / step) }
}

function names(list, xOf) {
  const every = Math.ceil(list.length / 12)
  return list.map((one, index) => index % every === 0 && html`<svg><text class="${(index / every) % 2 ? "odd" : ""}" x="${xOf(index)}%" y="${height - 10}" text-anchor="middle">${one.name}</text></svg>`)
}

function bars(list, sentence) {
  const { step, most } = scale(Math.max(...list.flatMap((one) => one.values)))
  const y = (value) => height - foot - (value / most) * (height - foot - top)
  const [first, last] = [8, 100]
  const slot = (last - first) / list.length
  const width = (slot * .7) / list[0].values.length
  const grid = []
  for (let value = 0; value <= most; value += step) grid.push(html`<svg><line class="${value ? "grid" : "zero"}" x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}"/>${value > 0 && html`<svg><text x="0" y="${y(value) - 5}">${axisNumber(value)}</text></svg>`}</svg>`)
  const bar = (value, x, look) => html`<svg><rect class="bar ${look}" x="${x}%" y="${y(value)}" width="${width}%" height="${height - foot - y(value)}" rx="${Math.min(3, value)}"/></svg>`
  const drawn = list.map(({ values }, index) => values.map((value, place) => value > 0 && bar(value, first + (index + .15) * slot + place * width, place ? "other" : "")))
  return html`<svg height="${height}" role="img" aria-label="${sentence}">${grid}${drawn}${names(list, (index) => first + (index + .5) * slot)}</svg>`
}

function curve(list, sentence) {
  const most = scale(Math.max(...list.map((one) => one.value))).most
  const room = height - foot - top
  const part = (value) => 100 - (value / most) * 100
  const points = list.map(({ value }, index) => `${list.length > 1 ? (index / (list.length - 1)) * 100 : 100},${part(value)}`)
  const [from, to] = [list[0], list.at(-1)]
  const y = (value) => top + (part(value) / 100) * room
  const said = (one, x, anchor) => html`<svg><text class="said" x="${x}" y="${Math.max(y(one.value) - 12, 12)}" text-anchor="${anchor}">${axisNumber(one.value)}</text><text x="${x}" y="${height - 10}" text-anchor="${anchor}">${one.name}</text></svg>`
  return html`<svg height="${height}" role="img" aria-label="${sentence}"><svg y="${top}" height="${room}" width="100%" viewBox="0 0 100 100" preserveAspectRatio="none"><path class="under" d="M0,100 L${points.join(" L")} L100,100z"/><polyline class="curve" points="${points.join(" ")}"/></svg>
    <line class="zero" x1="0" x2="100%" y1="${height - foot}" y2="${height - foot}"/><circle class="dot" cx="100%" cy="${y(to.value)}" r="5"/>${list.length > 1 && said(from, "0", "start")}${said(to, "100%", "end")}</svg>`
}

function numbers(caption, titles, rows) {
  return html`<details><summary>${t("plot.numbers")}</summary><div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="table tight"><caption class="vh">${caption}</caption>
    <thead><tr>${titles.map((title, index) => html`<th scope="col" class="${index ? "end" : ""}">${title}</th>`)}</tr></thead>
    <tbody>${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="end num">${typeof value === "number" ? number(value) : value}</td>`)}</tr>`)}</tbody></table></div></details>`
}

function ranks(list) {
  const longest = Math.max(...list.map((one) => one.value), 1)
  const rank = ({ name, value, text, most = longest }) => html`<li><span>${name}</span><b class="num">${text ?? number(value)}</b><svg height="12" aria-hidden="true"><rect class="track" width="100%" height="12" rx="6"/>${value > 0 && html`<svg><rect class="bar" width="${Math.max(2, Math.round((value / Math.max(most, 1)) * 100))}%" height="12" rx="6"/></svg>`}</svg></li>`
  return html`<ol class="ranks">${list.map(rank)}</ol>`
}

const actions = [
  "item.create", "item.update", "item.variants", "item.stock", "item.image", "item.delete", "classifier.create",
  "user.create", "user.update", "user.password", "user.reset_link", "user.link", "user.unlink", "user.delete",
  "invitation.create", "invitation.end", "coins.grant", "inventory.adjust", "order.ready", "order.hand_over", "order.cancel", "order.return",
]

function filters(values, to) {
  const option = (action) => html`<option value="${action}" selected=${action === values.action}>${action ? actionName(action) : t("history.way.both")}</option>`
  const known = values.action && !actions.includes(values.action) ? [...actions, values.action] : actions
  const chip = (name, text) => values[name] && linkButton([icon("x"), text], to({ [name]: null }))
  return html`<div class="row low filters"><div class="field"><label for="action">${t("audit.what")}</label><select class="select" id="action" @change=${(event) => go(to({ action: event.target.value }))}>${["", ...known].map(option)}</select></div>
    ${chip("subject", t("audit.onlyOne"))}${chip("actor", t("audit.onlyActor"))}</div>`
}

async function subjects(entries, signal) {
  const personName = (id) => get(`users/${id}`, { signal }).then(nameOf)
  const orderName = (id) => get(`orders/${id}`, { signal }).then((one) => t("queue.what", { item: one.name, name: one.user }))
  const read = { order: orderName, inventory: personName, user: personName }
  const bare = entries.filter((one) => read[one.action.split(".")[0]] && !subjectOf(one))
  const kinds = new Map(bare.map((one) => [one.subject_id, read[one.action.split(".")[0]]]))
  const found = await Promise.all([...kinds].map(async ([id, work]) => [id, await work(id).catch(() => "")]))
  return new Map(found)
}

function what(entry, names) {
  const [name, place] = [subjectOf(entry) || names.get(entry.subject_id), placeOf(entry)]
  return html`<div><b>${actionName(entry.action)}</b>${name && html`<small class="subject">${place ? html`<a href="${place}">${mail(name)}</a>` : mail(name)}</small>`}</div>`
}

function changed(entry) {
  const list = differences(entry)
  const line = ({ name, from, to }) => html`<li>${name}: <s>${from}</s> → <b>${to}</b></li>`
  return [list.length > 0 && html`<ul class="differences">${list.map(line)}</ul>`, entry.reason && html`<p class="muted">${entry.reason}</p>`]
}

async function showAudit({ query: address, signal }) {
  const values = Object.fromEntries(["action", "subject", "actor", "cursor"].map((name) => [name, address.get(name)]))
  const to = (change) => "/admin/audit" + query({ ...values, cursor: null, ...change })
  const { items, next_cursor: next } = await get("audit" + query({ action: values.action, subject_id: values.subject, actor_id: values.actor, cursor: values.cursor, limit: 25 }), { signal })
  const names = await subjects(items, signal)
  const isFiltered = values.action || values.subject || values.actor
  const rows = () => table(t("audit.caption"), [
    { title: t("queue.goods"), kind: "lead", cell: (entry) => what(entry, names) },
    { title: t("audit.members"), kind: "why", look: "small", cell: changed },
    { title: t("audit.who"), look: "mail", cell: (entry) => (entry.actor_id ? html`<a href="${to({ actor: entry.actor_id })}">${mail(entry.actor)}</a>` : html`<span class="muted">${actorName(entry)}</span>`) },
    { title: t("history.when"), kind: "side", look: "muted num", cell: (entry) => moment(entry.at) },
  ], items, { oneUp: true })
  return [
    head(t("title.audit"), t("audit.text")), filters(values, to),
    items.length ? rows() : empty(t("audit.none"), t("audit.noneText"), isFiltered && linkButton(t("showAll"), "/admin/audit")),
    pager(values.cursor, next, (cursor) => to({ cursor })),
  ]
}

const untold = ["id", "created_at", "updated_at", "code", "quality_levels", "collections"]

function subjectOf({ before, after, subject_id: id, action }) {
  const found = after ?? before ?? {}
  return found.name ?? found.full_name ?? found.username ?? found.email ?? found.code ?? (action === "coins.grant" ? id : "")
}

function placeOf({ action, subject_id: id }) {
  const kind = action.split(".")[0]
  if (kind === "item") return `/admin/catalogue/${id}`
  if (kind === "inventory" || (kind === "user" && action !== "user.delete")) return `/admin/people/${id}`
  return action === "coins.grant" ? "/admin/grants" + query({ grant: id }) : null
}

function actionName(action) {
  return knows(`audit.${action}`) ? t(`audit.${action}`) : action
}

function actorName(entry) {
  return entry.actor_id ? entry.actor : t("audit.program")
}

function listText(list) {
  if (!list.length) return t("audit.nothing")
  if (list.every((one) => typeof one === "string")) return list.join(", ")
  if (list.some((one) => "url" in one)) return t("audit.entries", { n: list.length })
  return list.map((one) => `${[one.collection, one.quality_level].filter(Boolean).join(" ") || "–"}: ${one.stock ?? "∞"}`).join(", ")
}

function short(value, name) {
  if (name === "role") return t(`role.${value}`)
  if (value == null || value === "") return t("audit.nothing")
  if (typeof value === "boolean") return t(value ? "audit.yes" : "audit.no")
  if (typeof value === "number") return number(value)
  if (typeof value === "string") return value.length > 60 ? `${value.slice(0, 60)}…` : value
  return Array.isArray(value) ? listText(value) : JSON.stringify(value).slice(0, 60)
}

function differences({ before, after }) {
  const isPair = before && after && typeof before === "object" && typeof after === "object"
  if (!isPair) return []
  const differs = (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])
  const names = Object.keys({ ...before, ...after }).filter((name) => !untold.includes(name) && differs(name) && !(name === "stock" && differs("variants")))
  return names.map((name) => ({ name: knows(`audit.member.${name}`) ? t(`audit.member.${name}`) : name, from: short(before[name], name), to: short(after[name], name) }))
}

function allChanges(id) {
  return html`<a href="/admin/audit?subject=${encodeURIComponent(id)}">${t("audit.seeAll")}</a>`
}

export async function latestChange(id, signal) {
  const { items: [entry] } = await get("audit" + query({ subject_id: id, limit: 1 }), { signal })
  if (!entry) return null
  return html`<span>${t("audit.latest", { name: actorName(entry), when: step(entry.at) })} ${allChanges(id)}</span>`
}

export async function changesOf(id, signal) {
  const { items } = await get("audit" + query({ subject_id: id, limit: 4 }), { signal })
  if (!items.length) return null
  const change = (entry) => line(null, actionName(entry.action), [actorName(entry), step(entry.at), entry.reason].filter(Boolean).join(" · "))
  return html`<section class="card"><h2>${t("audit.lately")}</h2>${lines(items.map(change))}<p class="more">${allChanges(id)}</p></section>`
}

export const screens = { reports: showReports, audit: showAudit }
