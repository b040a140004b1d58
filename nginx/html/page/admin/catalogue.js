// The catalogue: every thing with its price and stock, what runs low and what is retired.

import { allItems, classifiers, thumb, typeName } from "../goods.js"
import { badge, empty, head, icon, price, table } from "../elements.js"
import { fill, html } from "../html.js"
import { hasWords, pageLinks, searchField, shownTabs } from "./counter.js"
import { number, t } from "../words.js"
import { query } from "../api.js"
import { replace } from "../router.js"

const limit = 50
const views = ["", "low", "retired"]

/** The variants that the shop sells, or the item itself if it has no list. */
function shelves(item) {
  const list = item.variants.filter((one) => one.is_active)
  return item.variants.length ? list : [item]
}

/** Its variants of which there are no more than the mark, or none at all. */
function lowOnes(item) {
  return shelves(item).filter((one) => one.stock != null && (one.stock === 0 || one.stock <= (item.low_stock_at ?? -1)))
}

function isLow(item) {
  return item.is_active && item.price != null && lowOnes(item).length > 0
}

function mark(item) {
  if (!item.is_active) return badge(t("catalogue.retired"), "lemon")
  if (!isLow(item)) return null
  const list = lowOnes(item)
  if (shelves(item).every((one) => one.stock === 0)) return badge(t("item.out"), "rose")
  return badge(list.length < shelves(item).length ? t("catalogue.lowSizes", { n: list.length }) : t("catalogue.low"), "lemon")
}

/** The pieces on all its shelves; one shelf without a limit is enough for none. */
export function pieces(item) {
  const list = shelves(item)
  return list.some((one) => one.stock == null) ? null : list.reduce((sum, one) => sum + one.stock, 0)
}

function rows(items, names) {
  const href = (item) => `/admin/catalogue/${item.id}`
  return table(t("title.catalogue"), [
    { title: t("catalogue.thing"), kind: "lead", cell: (item) => html`<div class="person">${thumb(item)}<div><b><a href="${href(item)}">${item.name}</a></b><small class="mail">${item.code}</small></div></div>` },
    { title: t("catalogue.kind"), look: "muted", cell: (item) => typeName(names, item.type) },
    { title: t("catalogue.price"), end: true, cell: (item) => (item.price == null ? html`<span class="muted">${t("catalogue.notForSale")}</span>` : price(item.price)) },
    { title: t("catalogue.stock"), end: true, look: "num", cell: (item) => (pieces(item) == null ? html`<span class="muted">${t("catalogue.noLimit")}</span>` : number(pieces(item))) },
    { title: html`<span class="vh">${t("catalogue.state")}</span>`, kind: "side", cell: mark },
    { title: html`<span class="vh">${t("do")}</span>`, kind: "act desk", cell: (item) => html`<a class="btn quiet" href="${href(item)}">${t("catalogue.edit")}<span class="vh"> ${item.name}</span></a>` },
  ], items)
}

export async function show({ query: address, signal }) {
  const values = { view: views.includes(address.get("view")) ? address.get("view") : "", q: address.get("q") ?? "", page: Math.max(1, Number(address.get("page")) || 1) }
  const [onShelf, retired, names] = await Promise.all([allItems({ is_active: true }, signal), allItems({ is_active: false }, signal), classifiers()])
  const all = [...onShelf, ...retired].sort((a, b) => (b.class === "merch") - (a.class === "merch") || a.name.localeCompare(b.name))
  const inView = { "": all, low: all.filter(isLow), retired }
  const to = (change) => {
    const next = { ...values, page: 1, ...change }
    return "/admin/catalogue" + query({ ...next, page: next.page > 1 ? next.page : null })
  }
  const place = html`<div></div>`
  const filters = html`<div class="tabs-place"></div>`
  const draw = () => {
    const found = inView[values.view].filter((item) => hasWords(values.q, item.name, item.code, typeName(names, item.type)))
    const part = found.slice((values.page - 1) * limit, values.page * limit)
    fill(filters, shownTabs(t("catalogue.filter"), views.map((view) => ({ name: t(`catalogue.view.${view || "all"}`), href: to({ view }), count: inView[view].length, current: view === values.view }))))
    const nothing = values.view === "low" ? [t("catalogue.noneLow"), t("catalogue.noneLowText")] : values.view === "retired" ? [t("catalogue.noneRetired"), t("catalogue.noneRetiredText")] : [t("catalogue.bare"), t("catalogue.bareText")]
    fill(place, part.length
      ? [rows(part, names), pageLinks({ page: values.page, limit, total: found.length }, (page) => to({ page }))]
      : values.q ? empty(t("catalogue.noSuch"), t("catalogue.noSuchText", { name: values.q }), html`<a class="btn" href="${to({ q: "" })}">${t("showAll")}</a>`) : empty(...nothing))
  }
  const search = searchField(t("catalogue.search"), t("catalogue.searchHint"), values.q, (text) => {
    values.q = text
    values.page = 1
    replace(to({}))
    draw()
  })
  draw()
  return [
    head(t("title.catalogue"), t("catalogue.summary", { n: onShelf.length, retired: retired.length }), html`<a class="btn primary" href="/admin/catalogue/new">${icon("plus")}${t("catalogue.add")}</a>`),
    html`<div class="row apart filters">${filters}${search}</div>`, place,
  ]
}
