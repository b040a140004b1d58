// Goods: the shelf, one item, what is mine, and my orders.

import { announce, changes, facts, get, post, postOnce, query, readCoins, Refusal, setCoins } from "../api.js"
import { badge, coinsMissing, crumb, empty, head, hidden, icon, line, lines, linkButton, missing, pager, person, picks, price, stepper, sum, tabs, tint, toast } from "../elements.js"
import { askTwice, isAtWork, isPending, once, pending, submitButton, unanswered, wrong } from "../form.js"
import { allItems, classifiers, everyItem, fullName, isSoldOut, items, itemsByCode, keyOf, left, picture, sizeName, thumb, tile, typeName, variantName, variantOf, variants } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { coins, moment, number, step, t } from "../words.js"

const sorts = { cheap: (a, b) => a.price - b.price, dear: (a, b) => b.price - a.price, new: (a, b) => (a.created_at < b.created_at ? 1 : -1) }

function noteOf(item, names) {
  if (item.price > facts.coins) return t("coins.missing", { coins: item.price - facts.coins })
  const rest = left(item)
  if (rest > 0 && rest <= Math.max(5, item.low_stock_at ?? 0)) return html`<span class="few">${t("item.left", { n: rest })}</span>`
  const list = variants(item)
  const sizes = [...new Set(list.filter((one) => one.quality_level).map((one) => sizeName(names, one.quality_level)))]
  if (sizes.length > 1) return t("shop.sizes", { first: sizes[0], last: sizes.at(-1) })
  return list.length === 1 ? variantName(names, list[0]) : null
}

function filters(address) {
  const sort = sorts[address.get("sort")] ? address.get("sort") : "cheap"
  const values = { type: address.get("type"), most: Number(address.get("most")) || null, q: address.get("q") ?? "", sort }
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
  const tab = (type, name) => ({ name, href: to({ type }), count: list.filter((item) => fits(item, { ...values, type })).length, current: (values.type || null) === type })
  return tabs(t("shop.kinds"), [tab(null, t("shop.all")), ...types.map((type) => tab(type, typeName(names, type)))])
}

function select(name, label, options, { values, to }) {
  const option = ([value, text]) => html`<option value="${value ?? ""}" selected=${value === values[name]}>${text}</option>`
  return html`<div class="field"><label class="vh" for="${name}">${label}</label>
    <select class="select" id="${name}" @change=${(event) => go(to({ [name]: event.target.value }))}>${options.map(option)}</select></div>`
}

function priceSelect(filter) {
  const { most } = filter.values
  const steps = [...new Set([20, 50, 100, 200, 500, 1000, facts.coins])].filter((one) => one > 0).sort((a, b) => a - b)
  const list = most && !steps.includes(most) ? [...steps, most] : steps
  const named = (one) => [one, one === facts.coins ? t("shop.affordable") : t("shop.upTo", { coins: one })]
  return select("most", t("shop.price"), [[null, t("shop.anyPrice")], ...list.map(named)], filter)
}

function nothing(list, { values, to }) {
  if (!list.length) return empty(t("shop.bare"), t("shop.bareText"))
  const cheapest = [...list].sort(sorts.cheap)[0]
  const all = linkButton(t("showAll"), to({ type: null, most: null, q: "" }))
  if (values.most && cheapest.price > values.most) return empty(t("shop.nothingUnder", { coins: values.most }), t("shop.cheapest", cheapest), all)
  return empty(t("shop.nothing"), t("shop.nothingText"), all)
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
  const sortNames = Object.keys(sorts).map((one) => [one, t(`shop.sort.${one}`)])
  return [
    head(t("title.shop"), [t("coins.youHave", { coins: facts.coins }), " ", t("shop.onShelf", { n: list.length, shelf: number(onShelf) })],
      html`<form class="search shop-search" role="search" @submit=${(event) => event.preventDefault()}><label class="vh" for="search">${t("shop.search")}</label>${icon("search")}${search}<kbd aria-hidden="true">/</kbd></form>`),
    html`<div class="row apart low">${kinds}<div class="row selects">${priceSelect(filter)}${select("sort", t("shop.order"), sortNames, filter)}</div></div>`,
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

function choice(list, names, chosen, choose) {
  const onlySizes = list.every((one) => !one.collection)
  const name = (one) => (onlySizes ? sizeName(names, one.quality_level) : variantName(names, one))
  const note = ({ stock }) => (stock === 0 ? t("item.out") : stock != null && stock <= 5 ? t("item.left", { n: stock }) : null)
  const options = list.map((one, index) => ({ value: String(index), name: name(one), note: note(one), disabled: one.stock === 0 }))
  return picks("variant", t(onlySizes ? "item.sizes" : "item.variants"), options, chosen, choose)
}

/** A part of a document, or the other value where an older shop does not know its address. */
async function getIfKnown(path, other, signal) {
  try {
    return await get(path, { signal })
  } catch (error) {
    if (error.status === 404) return other
    throw error
  }
}

/** `mine` is the share of the user in a limited item; `kept` is a purchase without an answer, from before a reload. */
function buyForm(item, names, mine, kept) {
  const list = variants(item)
  const form = html`<form class="stack wide" novalidate></form>`
  const place = html`<div></div>`
  const picked = { index: list.length > 1 ? -1 : list.findIndex((one) => one.stock !== 0), quantity: 1 }
  if (kept) Object.assign(picked, { index: list.findIndex((one) => keyOf(one) === keyOf(kept)), quantity: kept.quantity })
  const variant = () => list[picked.index]
  const total = () => item.price * picked.quantity

  function obstacle() {
    const rest = left(item, variant())
    if (rest != null && rest < picked.quantity) return missing(t(rest ? "item.left" : "item.soldOut", { n: rest }), t("item.fewer"))
    if (total() <= facts.coins) return null
    return coinsMissing(total(), facts.coins, facts.coins > 0 && html`<a href="/shop?most=${facts.coins}">${t("item.whatElse")}</a>`)
  }

  function showButton() {
    if (!isAtWork(place)) fill(place, obstacle() ?? submitButton(t("item.buyFor", { coins: total() })))
  }

  function ask() {
    if (list.length && !variant()) {
      const choices = form.querySelector("fieldset")
      choices.querySelector(".wrong")?.remove()
      choices.append(wrong(t("item.chooseSize")))
      return choices.querySelector("input:not([disabled])").focus()
    }
    const name = fullName(names, { ...variant(), name: item.name }, "item.sizeWithin")
    const body = { item: item.code, quantity: picked.quantity, ...variantOf(variant()) }
    const isLost = isPending("purchase", body)
    askTwice(place, {
      question: t("item.ask", { n: picked.quantity, name, coins: total() }),
      note: !isLost && [t("send.keep", { coins: number(facts.coins - total()) }), " ", t(item.hand_over === false ? "item.atOnce" : "item.tell")],
      yes: { text: t("item.buyFor", { coins: total() }), verb: t("item.buying"), work: () => buy(body, name) },
      back: showButton, above: isLost && unanswered("purchase", t("item.unanswered"), again),
    })
  }

  async function buy(body, name) {
    const bought = await once("purchase", body, (key) => postOnce("purchases", body, key))
    if (bought.isRepeat) await readCoins()
    else setCoins(bought.balance)
    announce("moved")
    await go("/mine")
    toast([html`<b>${t(bought.isRepeat ? "item.boughtBefore" : "item.bought", { name })}</b>`, " ", t("coins.youHave", { coins: facts.coins })])
  }

  const { limit_per_person: limit } = item
  const most = Math.min(mostAtOnce, mine.left ?? limit ?? mostAtOnce)
  const quantity = html`<div class="field"><label for="quantity">${t("send.howMany")}</label>
    ${stepper("quantity", most, (count) => {
      picked.quantity = count
      showButton()
    }, picked.quantity)}</div>`
  const mayHave = mine.bought > 0 && mine.left > 0 && [" ", t("item.mayHave", { n: mine.left })]
  const chosen = picked.index >= 0 ? String(picked.index) : null
  fill(form, offer(item), list.length > 0 && choice(list, names, chosen, (index) => {
    picked.index = Number(index)
    form.querySelector("fieldset .wrong")?.remove()
    showButton()
  }), html`<div class="field">${most > 1 && quantity}${limit != null && html`<p class="help muted small">${t("item.limit", { n: limit })}${mayHave}</p>`}</div>`, place)
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!place.querySelector(".confirm, .short")) ask()
  })
  form.showButton = () => !place.querySelector(".confirm") && showButton()
  showButton()
  if (kept) queueMicrotask(ask)
  return form
}

async function showItem({ params, signal, title, balance }) {
  const [item, names] = await Promise.all([find(params.code, signal), classifiers(), balance])
  const mine = item.limit_per_person == null ? {} : await getIfKnown(`items/${item.id}/mine`, {}, signal)
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
    crumb("/shop", t("title.shop")),
    html`<div class="counter"><div class="${tint(item.code)}"><div class="pic">${picture(item)}</div></div>${side}</div>`,
  ]
}

const sections = ["main", "factory", "trade"]

function ownedLine(item, held, names) {
  return line(thumb(item), item.name, variantName(names, held), sum(number(held.quantity)))
}

function part(title, list, note) {
  return html`<section class="stack"><div><h2>${title}</h2>${note && html`<p class="muted small">${note}</p>`}</div><div class="card">${lines(list)}</div></section>`
}

function owned(section, held, itemOf, names) {
  return [...new Set(["merch", ...held.map((one) => one.item_class)])].map((name) => {
    const list = held.filter((one) => one.item_class === name)
    const title = section !== "main" ? t(`mine.${section}`) : name === "merch" ? t("mine.own") : names.get(`item_class ${name}`) ?? name
    return list.length > 0 && part(title, list.map((one) => ownedLine(itemOf(one), one, names)))
  })
}

async function showMine({ signal }) {
  const [ordered, ready, names, all, ...held] = await Promise.all([
    ...["ordered", "ready"].map((status) => get("orders" + query({ status, limit: 50 }), { signal })), classifiers(), everyItem(signal),
    ...sections.map((section) => get(`/inventory?section=${section}`, { signal })),
  ])
  changes.addEventListener("moved", () => again(), { signal })
  const byID = new Map(all.map((item) => [item.id, item]))
  const byCode = new Map(all.map((item) => [item.code, item]))
  const itemOf = ({ item_id: id, item_type: type }) => byID.get(id) ?? { code: id, name: names.get(`item_type ${type}`) ?? type }
  const onItsWay = [...ready.items, ...ordered.items]
  // Only things in the workshop can be put aside.
  const { reservations } = held[1].items.length ? await getIfKnown("/inventory/reservations?status=open", { reservations: [] }, signal) : { reservations: [] }
  const reservedLine = ({ item_code: code, collection_code: collection, quality_level_code: level, quantity }) => (
    ownedLine(byCode.get(code) ?? { code, name: code }, { collection, quality_level: level, quantity }, names))
  const aside = reservations.map((one) => part(t("mine.aside"), one.reserved_items.map(reservedLine), t("mine.asideSince", { when: moment(one.reservation_date) })))
  const lists = [...sections.flatMap((section, index) => owned(section, held[index].items, itemOf, names)), ...aside].filter(Boolean)
  const orders = onItsWay.length
    ? html`<ul class="stack">${onItsWay.map((order) => orderCard(order, byCode.get(order.item), names))}</ul>`
    : html`<div class="card">${empty(t("mine.nothing"), t("mine.nothingText"), linkButton(t("nothing.shop"), "/shop", "primary"))}</div>`
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

function steps(order) {
  const ended = order.cancelled_at ? "cancelled" : order.returned_at ? "returned" : null
  const way = ["ordered", "ready", "handed_over"].map((name) => [name, order[`${name}_at`]])
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

function orderCard(order, item, names) {
  const side = html`<div></div>`
  const place = html`<div></div>`
  const button = html`<button type="button" class="btn quiet danger">${t("order.cancel")}${hidden(order.name)}</button>`
  const close = () => {
    fill(place)
    fill(side, button)
    button.focus()
  }
  button.addEventListener("click", () => {
    fill(side)
    askTwice(place, {
      question: t("order.ask", { name: order.name }), note: t("order.comesBack", { coins: order.total }), danger: true,
      yes: { text: t("order.cancelIt"), verb: t("order.cancelling"), work: () => cancel(order) }, back: close, backText: t("order.keep"),
    })
  })
  fill(side, order.status === "ordered" ? button : order.status === "ready" ? badge(t("order.fetch"), "mint", "check") : badge(t(`order.${order.status}`), colours[order.status]))
  const what = person(thumb({ ...item, code: order.item, name: order.name }, "large"), order.name,
    [variantName(names, order), t("pieces", { n: order.quantity }), coins(order.total)].filter(Boolean).join(" · "))
  what.classList.add("grow")
  return html`<li class="card stack order"><div class="row">${what}${side}</div>
    ${place}${steps(order)}${order.note && html`<p class="small muted">${t("order.note", { note: order.note })}</p>`}</li>`
}

async function showOrders({ query: address, signal }) {
  const status = states.includes(address.get("status") ?? "") ? address.get("status") : null
  const cursor = address.get("cursor")
  const [{ items: orders, next_cursor: next }, names] = await Promise.all([get("orders" + query({ status, cursor, limit: 20 }), { signal }), classifiers()])
  const byCode = await itemsByCode(orders.map((order) => order.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const tab = (one) => ({ name: t(`order.${one || "all"}`), href: "/orders" + query({ status: one }), current: (status ?? "") === one })
  return [
    crumb("/mine", t("title.mine")), head(t("title.orders"), t("orders.text")), tabs(t("orders.states"), states.map(tab)),
    html`<div class="under-tabs">${orders.length
      ? html`<ul class="cards">${orders.map((order) => orderCard(order, byCode(order.item), names))}</ul>`
      : empty(t("orders.none"), t("mine.nothingText"), linkButton(t("nothing.shop"), "/shop", "primary"))}</div>`,
    pager(cursor, next, (to) => "/orders" + query({ status, cursor: to })),
  ]
}

export const screens = { shop: showShop, item: showItem, mine: showMine, orders: showOrders }
