// The shop: what is on the shelf, filtered by kind and price and searched, all of it in the address.

import { allItems, classifiers, isSoldOut, left, tile, typeName, variantName, variants } from "../goods.js"
import { coins, number, t } from "../words.js"
import { empty, head, icon, tabs } from "../elements.js"
import { facts } from "../session.js"
import { fill, html } from "../html.js"
import { go, replace } from "../router.js"
import { query } from "../api.js"

const sorts = { cheap: (a, b) => a.price - b.price, dear: (a, b) => b.price - a.price, new: (a, b) => (a.created_at < b.created_at ? 1 : -1) }

/** Below the name: what keeps it from being bought, what there is little of, or its sizes. */
function noteOf(item, names) {
  if (item.price > facts.coins) return t("coins.missing", { coins: item.price - facts.coins })
  const rest = left(item)
  if (rest != null && rest > 0 && rest <= Math.max(5, item.low_stock_at ?? 0)) return html`<span class="few">${t("item.left", { n: rest })}</span>`
  const sizes = variants(item).filter((one) => one.quality_level).map((one) => names.get(`quality_level ${one.quality_level}`) ?? one.quality_level)
  const distinct = [...new Set(sizes)]
  if (distinct.length > 1) return t("shop.sizes", { first: distinct[0], last: distinct.at(-1) })
  return variants(item).length === 1 ? variantName(names, variants(item)[0]) : null
}

/** The filters that the address asks for. */
function filters(address) {
  const values = { type: address.get("type"), most: Number(address.get("most")) || null, q: address.get("q") ?? "", sort: sorts[address.get("sort")] ? address.get("sort") : "cheap" }
  const to = (change) => {
    const next = { ...values, ...change }
    return "/shop" + query({ ...next, sort: next.sort === "cheap" ? null : next.sort })
  }
  return { values, to }
}

function fits(item, { type, most, q }) {
  const text = `${item.name} ${item.code} ${item.description}`.toLocaleLowerCase()
  return (!type || item.type === type) && (!most || item.price <= most) && q.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word))
}

function kindTabs(list, names, { values, to }) {
  const types = [...new Set(list.map((item) => item.type))]
  if (types.length < 2) return null
  const count = (type) => list.filter((item) => fits(item, { ...values, type })).length
  const all = { name: t("shop.all"), href: to({ type: null }), count: count(null), current: !values.type }
  const one = (type) => ({ name: typeName(names, type), href: to({ type }), count: count(type), current: values.type === type })
  return tabs(t("shop.kinds"), [all, ...types.map(one)])
}

function priceSelect({ values, to }) {
  const steps = [...new Set([20, 50, 100, 200, 500, 1000, facts.coins])].filter((one) => one > 0).sort((a, b) => a - b)
  const option = (value, text) => html`<option value="${value ?? ""}" selected=${value === values.most}>${text}</option>`
  const named = (one) => option(one, one === facts.coins ? t("shop.affordable") : t("shop.upTo", { coins: one }))
  const list = values.most && !steps.includes(values.most) ? [...steps, values.most] : steps
  return html`<div class="field"><label class="vh" for="most">${t("shop.price")}</label><select class="select" id="most" @change=${(event) => go(to({ most: event.target.value }))}>
    ${option(null, t("shop.anyPrice"))}${list.map(named)}</select></div>`
}

function sortSelect({ values, to }) {
  const option = (value) => html`<option value="${value}" selected=${value === values.sort}>${t(`shop.sort.${value}`)}</option>`
  return html`<div class="field"><label class="vh" for="sort">${t("shop.order")}</label><select class="select" id="sort" @change=${(event) => go(to({ sort: event.target.value }))}>${Object.keys(sorts).map(option)}</select></div>`
}

/** Nothing fits: says what the cheapest thing is, if the price was the reason. */
function nothing(list, { values, to }) {
  if (!list.length) return empty(t("shop.bare"), t("shop.bareText"))
  const cheapest = [...list].sort(sorts.cheap)[0]
  const tooLow = values.most && cheapest.price > values.most
  const title = tooLow ? t("shop.nothingUnder", { coins: values.most }) : t("shop.nothing")
  const text = tooLow ? t("shop.cheapest", { name: cheapest.name, price: cheapest.price }) : t("shop.nothingText")
  return empty(title, text, html`<a class="btn" href="${to({ type: null, most: null, q: "" })}">${t("showAll")}</a>`)
}

export async function show({ query: address, signal, balance }) {
  const filter = filters(address)
  const [all, names] = await Promise.all([allItems({ class: "merch" }, signal), classifiers(), balance])
  const list = all.filter((item) => item.price)
  const place = html`<div></div>`
  const kinds = html`<div class="tabs-place"></div>`
  const draw = () => {
    const found = list.filter((item) => fits(item, filter.values)).sort((a, b) => isSoldOut(a) - isSoldOut(b) || sorts[filter.values.sort](a, b))
    fill(kinds, kindTabs(list, names, filter))
    fill(place, found.length ? html`<ul class="shelf main-shelf">${found.map((item) => tile(item, noteOf(item, names)))}</ul>` : nothing(list, filter))
  }
  const search = html`<input class="input" id="search" type="search" data-search placeholder="${t("shop.search")}" autocomplete="off" value="${filter.values.q}">`
  search.addEventListener("input", () => {
    filter.values.q = search.value.trim()
    replace(filter.to({}))
    draw()
  })
  draw()
  const onShelf = list.filter((item) => left(item) !== 0).length
  return [
    head(t("title.shop"), [t("coins.youHave", { coins: facts.coins }), " ", t("shop.onShelf", { n: list.length, shelf: number(onShelf) })],
      html`<form class="search shop-search" role="search" @submit=${(event) => event.preventDefault()}><label class="vh" for="search">${t("shop.search")}</label>${icon("search")}${search}<kbd aria-hidden="true">/</kbd></form>`),
    html`<div class="row apart low">${kinds}<div class="row selects">${priceSelect(filter)}${sortSelect(filter)}</div></div>`,
    place,
  ]
}
