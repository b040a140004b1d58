// The catalogue: every thing with its price and stock, what runs low and what is retired.
// One thing of the catalogue: what it is, its sizes and stock, its picture, how it is handed out, and its retirement.
// Saving sends only what differs from what the shop said last, each part only if nobody else changed the thing meanwhile.

import { askTwice, brief, codeFrom, hasWords, pageLinks, searchField, shownTabs, whole, workButton } from "./counter.js"
import { latestChange } from "./reports.js"
import { pictureForm, stockForm } from "./stock.js"
import { ask, get, query } from "../api.js"
import { badge, empty, head, icon, price, table, toast } from "../elements.js"
import { complainAll, field, submitting, values } from "../form.js"
import { allItems, classifiers, items, thumb, typeName } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { number, t } from "../words.js"

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
function pieces(item) {
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

async function showCatalogue({ query: address, signal }) {
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

const blank = { name: "", description: "", price: null, class: "merch", type: "clothing", limit_per_person: null, low_stock_at: null, hand_over: true, variants: [], stock: null, images: [], is_active: true }

function basics(form, item) {
  const given = values(form)
  return {
    name: given.name, description: given.description, price: whole(given.price), type: given.type, class: item.class,
    limit_per_person: whole(given.limit_per_person), low_stock_at: whole(given.low_stock_at), hand_over: form.elements.hand_over.checked,
  }
}

function complaints(found, text) {
  const atLeast = (name, least) => (found[name] === undefined ? t(text[name].includes("-") ? "thing.minus" : "send.noNumber") : found[name] !== null && found[name] < least ? t("thing.least", { n: least }) : undefined)
  return { name: found.name ? undefined : t("form.missing"), price: atLeast("price", 1), limit_per_person: atLeast("limit_per_person", 1), low_stock_at: atLeast("low_stock_at", 0) }
}

/** The members that differ; class and type go together. */
function changes(item, found) {
  const entries = Object.entries(found).filter(([name, value]) => value !== (item[name] ?? null))
  const changed = Object.fromEntries(entries)
  if ("type" in changed) changed.class = found.class
  return changed
}

async function taken(answer) {
  return { item: await answer.json(), tag: answer.headers.get("ETag") }
}

function whatItIs(item, types, names) {
  const text = html`<textarea class="area" rows="3" maxlength="5000"></textarea>`
  text.value = item.description
  const select = html`<select class="select">${types.map((one) => html`<option value="${one.code}" selected=${one.code === item.type}>${typeName(names, one.code)}</option>`)}</select>`
  const digits = { inputmode: "numeric", autocomplete: "off" }
  return html`<section class="card stack"><h2>${t("thing.what")}</h2>
    ${field({ label: t("thing.name"), name: "name", value: item.name, more: { maxlength: 200, autocomplete: "off", autofocus: item.id ? null : "" } })}
    ${field({ label: t("thing.description"), name: "description", control: text })}
    <div class="three fields">${field({ label: t("thing.kind"), name: "type", control: select })}
      ${field({ label: t("thing.price"), name: "price", value: item.price ?? "", help: t("thing.priceHelp"), more: digits })}
      ${field({ label: t("thing.limit"), name: "limit_per_person", value: item.limit_per_person ?? "", help: t("thing.limitHelp"), more: digits })}</div></section>`
}

function desk(item) {
  return html`<section class="card stack"><h2>${t("thing.desk")}</h2>
    <label class="check"><input type="checkbox" name="hand_over" checked=${item.hand_over}><span>${t("thing.handOver")}</span></label>
    ${field({ label: t("thing.low"), name: "low_stock_at", value: item.low_stock_at ?? "", help: t("thing.lowHelp"), more: { inputmode: "numeric", autocomplete: "off", class: "input short-num" } })}</section>`
}

/** Off the shelf, and back. What was retired can also be removed for good. */
function retirement(known, signal) {
  const { item } = known
  const place = html`<div></div>`
  const set = async (isActive) => {
    Object.assign(known, await taken(await ask("PATCH", `items/${item.id}`, { body: { is_active: isActive }, ifMatch: known.tag, raw: true })))
    toast(t(isActive ? "thing.back" : "thing.retired", { name: item.name }))
    again()
  }
  const remove = async () => {
    await ask("DELETE", `items/${item.id}`, { ifMatch: known.tag })
    toast(t("thing.removed", { name: item.name }))
    go("/admin/catalogue?view=retired")
  }
  const asking = (question, note, yes) => askTwice(place, { question, note, danger: true, yes, back: close, backText: t("order.keep") })
  const retire = () => asking(t("thing.askRetire", { name: item.name }), t("thing.retireText"), { text: t("thing.retire", { name: brief(item.name) }), verb: t("thing.retiring"), work: () => set(false) })
  const drop = () => asking(t("thing.askRemove", { name: item.name }), t("thing.removeText"), { text: t("thing.remove"), verb: t("thing.removing"), work: remove })
  function close() {
    draw()
    place.querySelector("button").focus()
  }
  function draw() {
    if (item.is_active) return fill(place, html`<button type="button" class="btn danger" @click=${retire}>${t("thing.retire", { name: brief(item.name) })}…</button>`)
    fill(place, html`<div class="row">${workButton({ text: t("thing.putBack"), verb: t("thing.saving"), work: () => set(true) })}<button type="button" class="btn quiet danger" @click=${drop}>${t("thing.remove")}…</button></div>`)
  }
  draw()
  return html`<section class="card stack"><h2>${t(item.is_active ? "thing.retireTitle" : "thing.retiredTitle")}</h2><p class="muted">${t(item.is_active ? "thing.retireText" : "thing.retiredText")}</p>${place}</section>`
}

const withChance = (code) => `${code}-${[...crypto.getRandomValues(new Uint8Array(4))].map((one) => (one % 36).toString(36)).join("")}`

/** A code from the name that no other thing has. */
async function freeCode(name) {
  const code = codeFrom(name, "item")
  const lists = await Promise.all([true, false].map((is_active) => items({ search: code, is_active, limit: 100 })))
  const isTaken = lists.some((list) => list.total_pages > 1 || list.items.some((one) => one.code === code))
  return isTaken ? withChance(code) : code
}

/**
 * Makes a new thing. The form keeps the code, so a second press after a lost answer makes no second thing: if the code is
 * taken then, the first press has made it.
 */
async function create(known, body) {
  known.code ??= await freeCode(body.name)
  try {
    return await ask("POST", "items", { body: { code: known.code, ...body }, raw: true })
  } catch (error) {
    const isAnswered = error.status >= 400 && error.status < 500
    if (!isAnswered) known.isUnsure = true
    if (error.code !== "code_taken") throw error
    const made = known.isUnsure && (await items({ search: known.code, limit: 100 })).items.find((one) => one.code === known.code)
    if (made) return get(`items/${made.id}`, { raw: true })
    // A thing that was removed for good keeps its code.
    known.code = withChance(known.code)
    return create(known, body)
  }
}

/** Sends the parts that changed, one after the other. What the shop has taken is not sent again after a refusal. */
async function save(known, { found, stock, picture }) {
  if (!known.item.id) {
    const first = { ...found, ...(stock.isPlain ? { stock: stock.rows[0].stock } : {}) }
    Object.assign(known, await taken(await create(known, first)))
    replace(`/admin/catalogue/${known.item.id}`)
  }
  const path = `items/${known.item.id}`
  const put = async (method, where, body) => Object.assign(known, await taken(await ask(method, path + where, { body, ifMatch: known.tag, raw: true })))
  const changed = changes(known.item, found)
  if (Object.keys(changed).length) await put("PATCH", "", changed)
  for (const { method, where, body } of stock.requests(known.item)) await put(method, where, body)
  for (const [key, { variant: { collection, quality_level }, file }] of picture.changes) {
    const where = "/image" + query({ collection, quality_level })
    if (file) await put("PUT", where, file)
    else await ask("DELETE", path + where)
    picture.changes.delete(key)
  }
}

function edit(known, lists, names, signal) {
  const isNew = !known.item.id
  const stock = stockForm(known.item, lists, names, signal)
  const picture = pictureForm(known.item, names)
  const button = html`<button class="btn primary">${isNew ? t("thing.addIt") : t("thing.save", { name: brief(known.item.name) })}</button>`
  const note = html`<b class="wrong-note" role="status"></b>`
  const types = lists.item_type.filter((one) => one.class === known.item.class)
  const form = html`<form class="two edit" novalidate><div class="stack wide">${whatItIs(known.item, types, names)}${stock.element}</div>
    <div class="stack wide">${picture.element}${desk(known.item)}${!isNew && retirement(known, signal)}</div>
    <div class="all" data-general></div><div class="savebar chosen" role="region" aria-label="${t("thing.saveBar")}">${note}<a class="btn quiet" href="/admin/catalogue">${t("thing.drop")}</a>${button}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const found = basics(form, known.item)
    const wrong = { ...complaints(found, values(form)), ...stock.complaints(known.item) }
    const count = Object.values(wrong).filter(Boolean).length
    note.textContent = count ? t("thing.putRight", { n: count }) : ""
    if (complainAll(form, wrong)) return
    submitting(form, button, t("thing.saving"), async () => {
      try {
        await save(known, { found, stock, picture })
      } catch (error) {
        // The parts that were saved are not sent again: the shop's last answer is what the next press compares with.
        if (error.code === "changed_meanwhile") note.textContent = t("thing.readAgain")
        throw error
      }
      toast(t(isNew ? "thing.added" : "thing.saved", { name: known.item.name }))
      again()
    })
  })
  form.addEventListener("input", () => {
    note.textContent = ""
  })
  return form
}

async function showThing({ params, signal, title }) {
  const isNew = params.id === "new"
  const [known, lists, names] = await Promise.all([
    isNew ? { item: { ...blank }, tag: null } : get(`items/${encodeURIComponent(params.id)}`, { raw: true, signal }).then(taken),
    get("classifiers", { signal }), classifiers(),
  ])
  const { item } = known
  const count = pieces(item)
  const sizes = item.variants.filter((one) => one.quality_level || one.collection).length
  const stockText = count == null ? t("thing.noLimit") : t("thing.inAll", { n: count })
  title(isNew ? t("thing.new") : item.name)
  const text = isNew ? t("thing.newText") : [stockText, " ", sizes > 0 && [t("thing.inSizes", { n: sizes }), " "], await latestChange(item.id, signal)]
  return [
    html`<p class="crumb"><a href="/admin/catalogue">${icon("back")}${t("title.catalogue")}</a></p>`,
    head(isNew ? t("thing.new") : item.name, text, !isNew && item.is_active && item.price && html`<a class="btn" href="/shop/${encodeURIComponent(item.code)}">${t("thing.inShop")}</a>`),
    edit(known, lists, names, signal),
  ]
}

export const screens = { catalogue: showCatalogue, thing: showThing }
