// The catalogue, and one thing of it. Saving sends only what differs from what the shop said last, each part only if nobody
// else changed the thing meanwhile.

import { ask, get, query } from "../api.js"
import { badge, button, card, crumb, empty, head, hidden, icon, linkButton, price, table, toast } from "../elements.js"
import { askTwice, complainAll, field, submitButton, submitting, values } from "../form.js"
import { byName, classifiers, everyItem, items, thumb, typeName, variantOf } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { number, t } from "../words.js"
import { brief, codeFrom, hasWords, pageLinks, searchField, shownTabs, whole, withMail, workButton } from "./counter.js"
import { latestChange } from "./reports.js"
import { pictureForm, stockForm } from "./stock.js"

const limit = 50
const views = ["", "low", "retired"]

function shelves(item) {
  const list = item.variants.filter((one) => one.is_active)
  return item.variants.length ? list : [item]
}

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

function pieces(item) {
  const list = shelves(item)
  return list.some((one) => one.stock == null) ? null : list.reduce((sum, one) => sum + one.stock, 0)
}

function rows(items, names) {
  const href = (item) => `/admin/catalogue/${item.id}`
  const muted = (text) => html`<span class="muted">${text}</span>`
  return table(t("title.catalogue"), [
    { title: t("title.thing"), kind: "lead", cell: (item) => withMail(item.name, item.code, href(item), thumb(item)) },
    { title: t("history.kinds"), look: "muted", cell: (item) => typeName(names, item.type) },
    { title: t("shop.price"), end: true, cell: (item) => (item.price == null ? muted(t("catalogue.notForSale")) : price(item.price)) },
    { title: t("catalogue.stock"), end: true, look: "num", cell: (item) => (pieces(item) == null ? muted(t("catalogue.noLimit")) : number(pieces(item))) },
    { title: hidden(t("orders.states")), kind: "side", cell: mark },
    { title: hidden(t("do")), kind: "act desk", cell: (item) => linkButton([t("catalogue.edit"), hidden(item.name)], href(item), "quiet") },
  ], items)
}

async function showCatalogue({ query: address, signal }) {
  const values = { view: views.includes(address.get("view")) ? address.get("view") : "", q: address.get("q") ?? "", page: Math.max(1, Number(address.get("page")) || 1) }
  const [every, names] = await Promise.all([everyItem(signal), classifiers()])
  const all = [...every].sort(byName)
  const inView = { "": all, low: all.filter(isLow), retired: every.filter((item) => !item.is_active) }
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
    const none = { "": "bare", low: "noneLow", retired: "noneRetired" }[values.view]
    fill(place, part.length
      ? [rows(part, names), pageLinks({ page: values.page, limit, total: found.length }, (page) => to({ page }))]
      : values.q ? empty(t("catalogue.noSuch"), t("catalogue.noSuchText", { name: values.q }), linkButton(t("showAll"), to({ q: "" }))) : empty(t(`catalogue.${none}`), t(`catalogue.${none}Text`)))
  }
  const search = searchField(t("catalogue.search"), t("catalogue.searchHint"), values.q, (text) => {
    values.q = text
    values.page = 1
    replace(to({}))
    draw()
  })
  draw()
  return [
    head(t("title.catalogue"), t("catalogue.summary", { n: all.length - inView.retired.length, retired: inView.retired.length }), linkButton([icon("plus"), t("catalogue.add")], "/admin/catalogue/new", "primary")),
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

function changes(item, found) {
  const changed = Object.fromEntries(Object.entries(found).filter(([name, value]) => value !== (item[name] ?? null)))
  // Class and type go together.
  return "type" in changed ? { ...changed, class: found.class } : changed
}

async function taken(answer) {
  return { item: await answer.json(), tag: answer.headers.get("ETag") }
}

function whatItIs(item, types, names) {
  const text = html`<textarea class="area" rows="3" maxlength="5000"></textarea>`
  text.value = item.description
  const select = html`<select class="select">${types.map((one) => html`<option value="${one.code}" selected=${one.code === item.type}>${typeName(names, one.code)}</option>`)}</select>`
  const digits = { inputmode: "numeric", autocomplete: "off" }
  return card(t("thing.what"),
    field({ label: t("thing.name"), name: "name", value: item.name, more: { maxlength: 200, autocomplete: "off", autofocus: item.id ? null : "" } }),
    field({ label: t("thing.description"), name: "description", control: text }),
    html`<div class="three fields">${field({ label: t("history.kinds"), name: "type", control: select })}
      ${field({ label: t("thing.price"), name: "price", value: item.price ?? "", help: t("thing.priceHelp"), more: digits })}
      ${field({ label: t("thing.limit"), name: "limit_per_person", value: item.limit_per_person ?? "", help: t("thing.limitHelp"), more: digits })}</div>`)
}

function desk(item) {
  return card(t("thing.desk"),
    html`<label class="check"><input type="checkbox" name="hand_over" checked=${item.hand_over}><span>${t("thing.handOver")}</span></label>`,
    field({ label: t("thing.low"), name: "low_stock_at", value: item.low_stock_at ?? "", help: t("thing.lowHelp"), more: { inputmode: "numeric", autocomplete: "off", class: "input short-num" } }))
}

function retirement(known) {
  const { item } = known
  const [name, short] = [item.name, brief(item.name)]
  const place = html`<div></div>`
  const set = async (isActive) => {
    Object.assign(known, await taken(await ask("PATCH", `items/${item.id}`, { body: { is_active: isActive }, ifMatch: known.tag, raw: true })))
    toast(t(isActive ? "thing.back" : "thing.retired", { name }))
    again()
  }
  const remove = async () => {
    await ask("DELETE", `items/${item.id}`, { ifMatch: known.tag })
    toast(t("thing.removed", { name }))
    go("/admin/catalogue?view=retired")
  }
  const asking = (question, note, yes) => askTwice(place, { question, note, danger: true, yes, back: draw, backText: t("order.keep") })
  const retire = () => asking(t("thing.askRetire", { name }), t("thing.retireText"), { text: t("thing.retire", { name: short }), verb: t("thing.retiring"), work: () => set(false) })
  const drop = () => asking(t("thing.askRemove", { name }), t("thing.removeText"), { text: t("thing.remove"), verb: t("thing.removing"), work: remove })
  function draw() {
    fill(place, item.is_active ? button(`${t("thing.retire", { name: short })}…`, retire, "danger")
      : html`<div class="row">${workButton({ text: t("thing.putBack"), verb: t("thing.saving"), work: () => set(true) })}${button(`${t("thing.remove")}…`, drop, "quiet danger")}</div>`)
  }
  draw()
  return card(t(item.is_active ? "thing.retireTitle" : "thing.retiredTitle"), html`<p class="muted">${t(item.is_active ? "thing.retireText" : "thing.retiredText")}</p>`, place)
}

const withChance = (code) => `${code}-${[...crypto.getRandomValues(new Uint8Array(4))].map((one) => (one % 36).toString(36)).join("")}`

async function freeCode(name) {
  const code = codeFrom(name, "item")
  const lists = await Promise.all([true, false].map((is_active) => items({ search: code, is_active, limit: 100 })))
  const isTaken = lists.some((list) => list.total_pages > 1 || list.items.some((one) => one.code === code))
  return isTaken ? withChance(code) : code
}

/** A second press after a lost answer makes no second thing: if the code is taken then, the first press has made it. */
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
  for (const [key, { variant, file }] of picture.changes) {
    const where = "/image" + query(variantOf(variant))
    if (file) await put("PUT", where, file)
    else await ask("DELETE", path + where)
    picture.changes.delete(key)
  }
}

function edit(known, lists, names, signal) {
  const isNew = !known.item.id
  const stock = stockForm(known.item, lists, names, signal)
  const picture = pictureForm(known.item, names)
  const saveButton = submitButton(isNew ? t("thing.addIt") : t("thing.save", { name: brief(known.item.name) }), "primary")
  const note = html`<b class="wrong-note" role="status"></b>`
  const types = lists.item_type.filter((one) => one.class === known.item.class)
  const form = html`<form class="two edit" novalidate><div class="stack wide">${whatItIs(known.item, types, names)}${stock.element}</div>
    <div class="stack wide">${picture.element}${desk(known.item)}${!isNew && retirement(known)}</div>
    <div class="all" data-general></div><div class="savebar chosen" role="region" aria-label="${t("thing.saveBar")}">${note}${linkButton(t("thing.drop"), "/admin/catalogue", "quiet")}${saveButton}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const found = basics(form, known.item)
    const wrong = { ...complaints(found, values(form)), ...stock.complaints(known.item) }
    const count = Object.values(wrong).filter(Boolean).length
    note.textContent = count ? t("thing.putRight", { n: count }) : ""
    if (complainAll(form, wrong)) return
    submitting(form, saveButton, t("thing.saving"), async () => {
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
    crumb("/admin/catalogue", t("title.catalogue")),
    head(isNew ? t("thing.new") : item.name, text, !isNew && item.is_active && item.price && linkButton(t("thing.inShop"), `/shop/${encodeURIComponent(item.code)}`)),
    edit(known, lists, names, signal),
  ]
}

export const screens = { catalogue: showCatalogue, thing: showThing }
