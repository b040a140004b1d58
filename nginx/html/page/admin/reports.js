// Reports: coins in the wallets, what was bought by day and by thing, who gave most, and what runs low.

import { bars, numbers, ranks } from "./plot.js"
import { classifiers, itemsByCode, thumb, variantName } from "../goods.js"
import { coins, currentLanguage, number, t } from "../words.js"
import { csv, get, query } from "../api.js"
import { empty, head, icon } from "../elements.js"
import { go } from "../router.js"
import { html } from "../html.js"
import { staffNames } from "./counter.js"
import { submitting } from "../form.js"

const spans = [7, 30, 90, 365]
const day = 86_400_000
const mostRanks = 8

/** Days by UTC, as the shop counts them. */
const dayOf = (time) => new Date(time).toISOString().slice(0, 10)

/** A bar's width in days: so that there are never many more than thirty bars. */
function bucketDays(span) {
  return span <= 31 ? 1 : span <= 92 ? 7 : 30
}

/** The coins and pieces of each bar, from the first day to the last. */
function buckets(purchases, span, to) {
  const width = bucketDays(span)
  const end = Date.parse(to)
  const count = Math.ceil(span / width)
  const list = Array.from({ length: count }, (_, index) => ({ from: end - (count - index) * width * day + day, coins: 0, pieces: 0 }))
  for (const one of purchases) {
    const index = count - 1 - Math.floor((end - Date.parse(one.day)) / day / width)
    if (!list[index]) continue
    list[index].coins += one.coins
    list[index].pieces += one.quantity
  }
  const format = new Intl.DateTimeFormat(currentLanguage() === "en" ? "en-GB" : currentLanguage(), { day: "numeric", month: "short", timeZone: "UTC" })
  return list.map((one) => ({ ...one, name: format.format(one.from) }))
}

function byItem(purchases) {
  const sums = new Map()
  for (const { item, quantity, coins: sum } of purchases) {
    const before = sums.get(item) ?? { item, pieces: 0, coins: 0 }
    sums.set(item, { item, pieces: before.pieces + quantity, coins: before.coins + sum })
  }
  return [...sums.values()].sort((a, b) => b.pieces - a.pieces)
}

function save(blob, name) {
  const file = URL.createObjectURL(blob)
  html`<a href="${file}" download="${name}"></a>`.click()
  setTimeout(() => URL.revokeObjectURL(file), 10_000)
}

function downloads(figures) {
  const orders = html`<button type="button" class="btn">${icon("down")}${t("reports.orders")}</button>`
  const form = html`<form class="row">${orders}</form>`
  const range = { from: `${figures.from}T00:00:00Z`, to: `${dayOf(Date.parse(figures.to) + day)}T00:00:00Z` }
  orders.addEventListener("click", () => submitting(form, orders, t("csv.doing"), async () => save(await csv("orders" + query({ all: true, ...range })), "orders.csv")))
  const lines = figures.purchases.map((one) => `${one.day},${one.item},${one.quantity},${one.coins}\n`)
  form.append(html`<button type="button" class="btn" @click=${() => save(new Blob(["day,item,quantity,coins\n", ...lines], { type: "text/csv" }), "purchases.csv")}>${icon("down")}${t("csv")}</button>`)
  return form
}

function spanSelect(span) {
  return html`<div class="field"><label class="vh" for="span">${t("reports.span")}</label><select class="select" id="span" @change=${(event) => go("/admin/reports" + query({ days: event.target.value }))}>
    ${spans.map((one) => html`<option value="${one}" selected=${one === span}>${t("reports.last", { n: one })}</option>`)}</select></div>`
}

function lowStock(list, byCode, names) {
  const line = (one) => html`<li>${thumb(byCode(one.code))}<div class="what"><b><a href="/admin/catalogue/${one.id}">${[byCode(one.code).name, variantName(names, one)].filter(Boolean).join(", ")}</a></b><small>${t("reports.mark", { n: one.low_stock_at })}</small></div><span class="sum num">${number(one.stock)}</span></li>`
  return html`<section class="card"><h2>${t("reports.low")}</h2>${list.length ? html`<ul class="lines across">${list.map(line)}</ul>` : html`<p class="muted">${t("reports.noneLow")}</p>`}</section>`
}

function purchases(list, span, figures) {
  const isAny = list.some((one) => one.coins)
  const highest = [...list].sort((a, b) => b.coins - a.coins)[0]
  const sentence = t("reports.plotText", { n: list.length, coins: highest.coins, name: highest.name })
  return html`<section class="card plot"><div class="row apart"><h2>${t(`reports.plot.${bucketDays(span)}`)}</h2></div>${isAny
    ? [bars(list.map((one) => ({ name: one.name, value: one.coins })), sentence), numbers(t("reports.plotCaption"), [t("reports.from"), t("history.coins"), t("reports.pieces")], list.map((one) => [one.name, one.coins, one.pieces]))]
    : empty(t("reports.noPurchases"), t("reports.noPurchasesText"))}</section>`
}

export async function show({ query: address, signal }) {
  const span = spans.find((one) => one === Number(address.get("days"))) ?? 30
  const to = dayOf(Date.now())
  const figures = await get("stats" + query({ from: dayOf(Date.now() - (span - 1) * day), to, top: mostRanks }), { signal })
  const items = byItem(figures.purchases)
  const [byCode, names, nameOf] = await Promise.all([
    itemsByCode([...items.map((one) => one.item), ...figures.low_stock.map((one) => one.code)], signal), classifiers(),
    staffNames([...figures.top_givers, ...figures.top_receivers].map((one) => one.username), signal),
  ])
  const spent = figures.purchases.reduce((sum, one) => sum + one.coins, 0)
  const pieces = figures.purchases.reduce((sum, one) => sum + one.quantity, 0)
  const stat = (name, value, note) => html`<div class="card stat"><small>${name}</small><b>${number(value)}</b><small>${note}</small></div>`
  const ranking = (title, list, none) => html`<section class="card"><h2>${title}</h2>${list.length ? ranks(list) : html`<p class="muted">${none}</p>`}</section>`
  const people = (list) => list.map((one) => ({ name: nameOf(one.username), value: one.coins, text: coins(one.coins) }))
  return [
    head(t("title.reports"), t("reports.text", { n: span }), html`<div class="row low">${spanSelect(span)}${downloads(figures)}</div>`),
    html`<div class="three stats">${stat(t("reports.circulation"), figures.coins_in_circulation, t("reports.circulationText"))}${stat(t("reports.spent"), spent, t("reports.spentText", { n: span }))}${stat(t("reports.bought"), pieces, t("reports.boughtText", { n: items.length }))}</div>`,
    html`<div class="stack wide">${purchases(buckets(figures.purchases, span, to), span, figures)}
      <div class="two even">${ranking(t("reports.most"), items.slice(0, mostRanks).map((one) => ({ name: byCode(one.item).name, value: one.pieces })), t("reports.noPurchasesText"))}<div class="stack wide">${ranking(t("reports.givers"), people(figures.top_givers), t("reports.noThanks"))}${figures.top_receivers.length > 0 && ranking(t("reports.receivers"), people(figures.top_receivers))}</div></div>
      ${lowStock(figures.low_stock, byCode, names)}</div>`,
  ]
}
