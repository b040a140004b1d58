// The shop: what is on the shelf, filtered by kind and price and searched, all of it in the address.
// One item: its picture, its price, sizes, how many; buying in two steps. The shop says what is missing.
// Mine: what is on its way, what I own by section and variant, and what is put aside.
// All my orders, by state and page by page in the address; and the card of one order, which Mine shows as well.

import { announce, changes, facts, get, post, postOnce, query, readCoins, Refusal, setCoins } from "../api.js"
import { badge, coinsMissing, empty, head, icon, missing, pager, picks, price, stepper, tabs, tint, toast } from "../elements.js"
import { confirmStep, isAtWork, isPending, once, pending, unanswered } from "../form.js"
import { allItems, classifiers, isSoldOut, items, itemsByCode, left, picture, thumb, tile, typeName, variantName, variants } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { coins, moment, number, step, t } from "../words.js"

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

async function showShop({ query: address, signal, balance }) {
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

const mostAtOnce = 20

async function find(code, signal) {
  const { items: found } = await items({ search: code, limit: 100 }, signal)
  const item = found.find((one) => one.code === code) ?? (await allItems({}, signal)).find((one) => one.code === code)
  if (!item) throw new Refusal(404, { code: "not_found", title: "" })
  return item
}

function offer(item) {
  return html`<div class="stack"><div class="offer"><h1 tabindex="-1">${item.name}</h1>${item.price && html`<p class="price">${price(item.price)}</p>`}</div>${item.description && html`<p>${item.description}</p>`}</div>`
}

/** The choice of a variant: sizes if there are only sizes, else each variant by its whole name. */
function choice(item, list, names, chosen, choose) {
  const onlySizes = list.every((one) => !one.collection)
  const name = (one) => (onlySizes ? names.get(`quality_level ${one.quality_level}`) ?? one.quality_level : variantName(names, one))
  const note = (one) => (one.stock === 0 ? t("item.out") : one.stock != null && one.stock <= 5 ? t("item.left", { n: one.stock }) : null)
  const options = list.map((one, index) => ({ value: String(index), name: name(one), note: note(one), disabled: one.stock === 0 }))
  return picks("variant", t(onlySizes ? "item.sizes" : "item.variants"), options, chosen, choose)
}

/** The share of the user in an item that has a limit: {owned, bought, left?}. An older shop does not tell. */
async function whatIHave(item, signal) {
  if (item.limit_per_person == null) return {}
  try {
    return await get(`items/${item.id}/mine`, { signal })
  } catch (error) {
    if (error.status === 404) return {}
    throw error
  }
}

function limitHelp(item, { bought, left: rest }) {
  const limit = t("item.limit", { n: item.limit_per_person })
  return bought > 0 && rest > 0 ? [limit, " ", t("item.mayHave", { n: rest })] : limit
}

/** `kept` is a purchase without an answer, from before a reload. */
function buyForm(item, names, mine, kept) {
  const list = variants(item)
  const form = html`<form class="stack wide" novalidate></form>`
  const step = html`<div></div>`
  const picked = { index: list.findIndex((one) => one.stock !== 0), quantity: 1 }
  if (list.length > 1) picked.index = -1
  const isKept = (one) => one.collection == kept?.collection && one.quality_level == kept?.quality_level
  if (kept) Object.assign(picked, { index: list.findIndex(isKept), quantity: kept.quantity })
  const variant = () => list[picked.index]
  const described = () => [item.name, variantName(names, variant(), "item.sizeWithin")].filter(Boolean).join(", ")

  /** The reason that keeps the button away, or nothing. */
  function obstacle() {
    const rest = left(item, variant())
    const total = item.price * picked.quantity
    if (rest != null && rest < picked.quantity) return missing(t(rest ? "item.left" : "item.soldOut", { n: rest }), t("item.fewer"))
    if (total <= facts.coins) return null
    const after = html`<a href="/shop?most=${facts.coins}">${t("item.whatElse")}</a>`
    return coinsMissing(total, facts.coins, facts.coins > 0 && after)
  }

  function showButton() {
    if (isAtWork(step)) return
    const total = item.price * picked.quantity
    const button = html`<button class="btn primary big">${t("item.buyFor", { coins: total })}</button>`
    fill(step, obstacle() ?? button)
  }

  function complainAboutChoice() {
    const choices = form.querySelector("fieldset")
    choices.querySelector(".wrong")?.remove()
    choices.append(html`<p class="wrong" role="alert">${icon("alert")}<span>${t("item.chooseSize")}</span></p>`)
    choices.querySelector("input:not([disabled])").focus()
  }

  function ask() {
    if (list.length && !variant()) return complainAboutChoice()
    const total = item.price * picked.quantity
    const { collection, quality_level: level } = variant() ?? {}
    const body = { item: item.code, quantity: picked.quantity, ...(collection ? { collection } : {}), ...(level ? { quality_level: level } : {}) }
    const isLost = isPending("purchase", body)
    const confirm = confirmStep({
      question: t("item.ask", { n: picked.quantity, name: described(), coins: total }),
      note: !isLost && [t("send.keep", { coins: number(facts.coins - total) }), " ", item.hand_over === false ? t("item.atOnce") : t("item.tell")],
      yes: { text: t("item.buyFor", { coins: total }), verb: t("item.buying"), work: () => buy(body, described()) },
      back: () => {
        showButton()
        step.querySelector("button")?.focus()
      },
    })
    fill(step, isLost && unanswered("purchase", t("item.unanswered"), again), confirm)
    confirm.takeFocus()
  }

  async function buy(body, name) {
    const bought = await once("purchase", body, (key) => postOnce("purchases", body, key))
    if (bought.isRepeat) await readCoins()
    else setCoins(bought.balance)
    announce("moved")
    await go("/mine")
    toast([html`<b>${t(bought.isRepeat ? "item.boughtBefore" : "item.bought", { name })}</b>`, " ", t("coins.now", { coins: facts.coins })])
  }

  const most = Math.min(mostAtOnce, mine.left ?? item.limit_per_person ?? mostAtOnce)
  const quantity = html`<div class="field"><label for="quantity">${t("send.howMany")}</label>
    ${stepper("quantity", most, (count) => {
      picked.quantity = count
      showButton()
    }, picked.quantity)}</div>`
  const limit = item.limit_per_person != null && html`<p class="help muted small">${limitHelp(item, mine)}</p>`
  const chosen = picked.index >= 0 ? String(picked.index) : null
  fill(form, offer(item), list.length > 0 && choice(item, list, names, chosen, (index) => {
    picked.index = Number(index)
    form.querySelector("fieldset .wrong")?.remove()
    showButton()
  }), html`<div class="field">${most > 1 && quantity}${limit}</div>`, step)
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!step.querySelector(".confirm, .short")) ask()
  })
  form.showButton = () => !step.querySelector(".confirm") && showButton()
  showButton()
  if (kept) queueMicrotask(ask)
  return form
}

async function showItem({ params, signal, title, balance }) {
  const [item, names] = await Promise.all([find(params.code, signal), classifiers(), balance])
  const mine = await whatIHave(item, signal)
  title(item.name)
  const others = html`<a href="/shop">${t("item.others")}</a>`
  const closed = (why, text = others) => html`<div class="stack wide">${offer(item)}${missing(why, text)}</div>`
  const lost = pending("purchase")?.body
  const side = !item.price || !item.is_active ? closed(t("item.notForSale"))
    // The lost purchase itself may have taken the last one.
    : lost?.item === item.code ? buyForm(item, names, mine, lost)
    : isSoldOut(item) ? closed(t("item.soldOut"))
    : mine.left === 0 ? closed(t("item.limitReached"), t("item.haveAll", { n: item.limit_per_person })) : buyForm(item, names, mine)
  changes.addEventListener("coins", () => facts.coins != null && side.showButton?.(), { signal })
  return [
    html`<p class="crumb"><a href="/shop">${icon("back")}${t("title.shop")}</a></p>`,
    html`<div class="counter"><div class="${tint(item.code)}"><div class="pic">${picture(item)}</div></div>${side}</div>`,
  ]
}

const sections = ["main", "factory", "trade"]

function line(item, held, names) {
  return html`<li>${thumb(item)}<div class="what"><b>${item.name}</b><small>${variantName(names, held)}</small></div><span class="sum num">${number(held.quantity)}</span></li>`
}

function part(title, list, note) {
  return html`<section class="stack"><div><h2>${title}</h2>${note && html`<p class="muted small">${note}</p>`}</div><div class="card"><ul class="lines">${list}</ul></div></section>`
}

/** One section of the inventory, its merch first, then each other class; nothing of what somebody does not have. */
function owned(section, held, itemOf, names) {
  const classes = [...new Set(["merch", ...held.map((one) => one.item_class)])]
  return classes.map((name) => {
    const list = held.filter((one) => one.item_class === name)
    const title = section !== "main" ? t(`mine.${section}`) : name === "merch" ? t("mine.own") : names.get(`item_class ${name}`) ?? name
    return list.length > 0 && part(title, list.map((one) => line(itemOf(one), one, names)))
  })
}

/** Things put aside until somebody uses them or gives them back. Only things in the workshop can be. */
async function reservations(factory, signal) {
  if (!factory.length) return []
  try {
    return (await get("/inventory/reservations?status=open", { signal })).reservations
  } catch (error) {
    if (error.status === 404) return []
    throw error
  }
}

async function showMine({ signal }) {
  const [ordered, ready, names, items, ...held] = await Promise.all([
    get("orders" + query({ status: "ordered", limit: 50 }), { signal }),
    get("orders" + query({ status: "ready", limit: 50 }), { signal }),
    classifiers(),
    Promise.all(["true", "false"].map((active) => allItems({ is_active: active }, signal))),
    ...sections.map((section) => get(`/inventory?section=${section}`, { signal })),
  ])
  changes.addEventListener("moved", () => again(), { signal })
  const byID = new Map(items.flat().map((item) => [item.id, item]))
  const byCode = new Map(items.flat().map((item) => [item.code, item]))
  const itemOf = ({ item_id: id, item_type: type }) => byID.get(id) ?? { code: id, name: names.get(`item_type ${type}`) ?? type }
  const onItsWay = [...ready.items, ...ordered.items]
  const aside = (await reservations(held[1].items, signal)).map((one) => part(t("mine.aside"), one.reserved_items.map((reserved) => {
    const item = byCode.get(reserved.item_code) ?? { code: reserved.item_code, name: reserved.item_code }
    return line(item, { ...reserved, collection: reserved.collection_code, quality_level: reserved.quality_level_code }, names)
  }), t("mine.asideSince", { when: moment(one.reservation_date) })))
  const lists = [...sections.flatMap((section, index) => owned(section, held[index].items, itemOf, names)), ...aside].filter(Boolean)
  const orders = onItsWay.length
    ? html`<ul class="stack">${onItsWay.map((order) => orderCard(order, byCode.get(order.item), names))}</ul>`
    : html`<div class="card">${empty(t("mine.nothing"), t("mine.nothingText"), html`<a class="btn primary" href="/shop">${t("nothing.shop")}</a>`)}</div>`
  return [
    head(t("title.mine"), t("mine.text")),
    tabs(t("mine.parts"), [
      { name: t("mine.onItsWay"), href: "/mine", count: onItsWay.length, current: true },
      { name: t("title.orders"), href: "/orders" },
    ]),
    html`<div class="${lists.length ? "two" : ""} under-tabs"><section class="stack"><h2 class="vh">${t("mine.onItsWay")}</h2>${orders}</section>${lists.length > 0 && html`<div class="stack wide">${lists}</div>`}</div>`,
  ]
}

const states = ["", "ordered", "ready", "handed_over", "cancelled", "returned"]
const colours = { ordered: "lemon", ready: "mint", handed_over: "sky", cancelled: "rose", returned: "toffee" }

/** The way of an order, with the time of each step that was made. */
function steps(order) {
  const ended = order.cancelled_at ? "cancelled" : order.returned_at ? "returned" : null
  const way = [["ordered", order.ordered_at], ["ready", order.ready_at], ["handed_over", order.handed_over_at]]
  const shown = ended ? [...way.filter(([, at]) => at), [ended, order[`${ended}_at`]]] : way
  const now = shown.findLastIndex(([, at]) => at)
  const isDone = order.status === "handed_over"
  const state = (index) => (index < now || (isDone && index === now) ? "done" : index === now ? "now" : "")
  return html`<ol class="steps">${shown.map(([name, at], index) => html`<li class="${state(index)}" aria-current=${index === now ? "step" : null}>${t(`order.${name}`)}${at && html`<time datetime="${at}">${step(at)}</time>`}</li>`)}</ol>`
}

async function cancel(order) {
  await post(`orders/${order.id}/cancel`, {})
  await readCoins()
  announce("moved")
  toast([html`<b>${t("order.cancelDone", { name: order.name })}</b>`, " ", t("order.back", { coins: order.total })])
}

/** One order. It can be cancelled as long as nobody has prepared it. */
function orderCard(order, item, names) {
  const side = html`<div></div>`
  const place = html`<div></div>`
  const button = html`<button type="button" class="btn quiet danger">${t("order.cancel")}<span class="vh"> ${order.name}</span></button>`
  const close = () => {
    fill(place)
    fill(side, button)
    button.focus()
  }
  button.addEventListener("click", () => {
    const confirm = confirmStep({
      question: t("order.ask", { name: order.name }), note: t("order.comesBack", { coins: order.total }), danger: true,
      yes: { text: t("order.cancelIt"), verb: t("order.cancelling"), work: () => cancel(order) }, back: close, backText: t("order.keep"),
    })
    fill(side)
    fill(place, confirm)
    confirm.takeFocus()
  })
  fill(side, order.status === "ordered" ? button : order.status === "ready" ? badge(t("order.fetch"), "mint", "check") : badge(t(`order.${order.status}`), colours[order.status]))
  const facts = [variantName(names, order), t("pieces", { n: order.quantity }), coins(order.total)].filter(Boolean).join(" · ")
  return html`<li class="card stack order"><div class="row"><div class="person grow">${thumb({ ...item, code: order.item, name: order.name }, "large")}<div><b>${order.name}</b><small>${facts}</small></div></div>${side}</div>
    ${place}${steps(order)}${order.note && html`<p class="small muted">${t("order.note", { note: order.note })}</p>`}</li>`
}

async function showOrders({ query: address, signal }) {
  const status = states.includes(address.get("status") ?? "") ? address.get("status") : null
  const cursor = address.get("cursor")
  const [{ items, next_cursor: next }, names] = await Promise.all([
    get("orders" + query({ status, cursor, limit: 20 }), { signal }), classifiers(),
  ])
  const byCode = await itemsByCode(items.map((order) => order.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const tab = (one) => ({ name: t(`order.${one || "all"}`), href: "/orders" + query({ status: one }), current: (status ?? "") === one })
  return [
    html`<p class="crumb"><a href="/mine">${icon("back")}${t("title.mine")}</a></p>`,
    head(t("title.orders"), t("orders.text")),
    tabs(t("orders.states"), states.map(tab)),
    html`<div class="under-tabs">${items.length
      ? html`<ul class="cards">${items.map((order) => orderCard(order, byCode(order.item), names))}</ul>`
      : empty(t("orders.none"), t("mine.nothingText"), html`<a class="btn primary" href="/shop">${t("nothing.shop")}</a>`)}</div>`,
    pager(cursor, next, (to) => "/orders" + query({ status, cursor: to })),
  ]
}

export const screens = { shop: showShop, item: showItem, mine: showMine, orders: showOrders }
