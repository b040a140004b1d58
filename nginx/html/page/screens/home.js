// Home: how much I have, what can be fetched, what came lately and from whom, and a field to send coins.

import { avatar, empty } from "../elements.js"
import { ago, coinName, greeting, number, signed, t } from "../words.js"
import { changes, facts } from "../session.js"
import { classifiers, isSoldOut, items, itemsByCode, thumb, tile, variantName } from "../goods.js"
import { fill, html } from "../html.js"
import { get, query, readCoins } from "../api.js"
import { go } from "../router.js"
import { myName } from "../frame.js"
import { peopleField } from "../combobox.js"
import { whoAndWhy } from "./history.js"

function balance(signal) {
  const figure = html`<span></span>`
  const word = html`<small></small>`
  const big = html`<p class="big">${figure} ${word}</p>`
  const say = () => {
    big.classList.toggle("long", facts.coins >= 100_000)
    figure.textContent = number(facts.coins)
    word.textContent = coinName(facts.coins)
  }
  changes.addEventListener("coins", () => facts.coins != null && say(), { signal })
  say()
  return html`<section class="stack tight" aria-label="${t("home.balance")}"><p class="muted">${greeting(myName().split(" ")[0])}</p>
    <div class="balance">${big}${facts.coins > 0 && html`<img class="pile" src="/pile.svg" width="136" height="96" alt="">`}</div></section>`
}

function send() {
  const choose = (person) => go("/send" + query({ to: person.username }))
  return html`<form role="search" @submit=${(event) => event.preventDefault()}>${peopleField({ label: t("home.sendTo"), choose })}</form>`
}

/** Things to fetch; nothing at all if there are none. */
function ticket(orders, byCode, names) {
  if (!orders.length) return null
  const shown = orders.slice(0, 3)
  const line = (order) => html`<li>${thumb({ ...byCode(order.item), name: order.name })}<div class="what"><b>${order.name}</b>
    <small>${[variantName(names, order), t("pieces", { n: order.quantity })].filter(Boolean).join(", ")}</small></div></li>`
  const more = orders.length > shown.length ? t("home.more", { n: orders.length - shown.length }) : null
  return html`<section class="ticket mint"><div><h2>${t("home.ready", { n: orders.length })}</h2><p>${t("home.fetch", { n: orders.length })}</p></div>
    <ul class="lines">${shown.map(line)}</ul>${more && html`<p>${more}</p>`}<a href="/mine"><b>${t("home.orders")}</b></a></section>`
}

function cameLately(entries, byCode) {
  if (!entries.length) return html`<section class="card">${empty(t("home.nothing"), t("home.nothingText"))}</section>`
  const line = (entry) => {
    const { name, why, item } = whoAndWhy(entry, byCode)
    return html`<li>${item ? thumb(item) : avatar(name)}<div class="what"><b>${name}</b><small>${[why, ago(entry.at)].filter(Boolean).join(" · ")}</small></div>
      <span class="sum plus num">${signed(entry.change)}<span class="vh"> ${coinName(entry.change)}</span></span></li>`
  }
  return html`<section class="stack"><div class="row apart"><h2>${t("home.came")}</h2><a href="/history">${t("home.history")}</a></div>
    <div class="card"><ul class="lines">${entries.map(line)}</ul></div></section>`
}

/** The dearest things that the coins buy today; for an empty purse the cheapest ones. */
function shelf(list) {
  const onSale = list.filter((item) => item.price && !isSoldOut(item))
  const reach = onSale.filter((item) => item.price <= facts.coins).slice(-3).reverse()
  const shown = reach.length ? reach : onSale.slice(0, 3)
  if (!shown.length) return null
  return html`<section class="stack"><div class="row apart"><h2>${t(reach.length ? "home.reach" : "home.goods")}</h2><a href="/shop">${t("home.toShop")}</a></div>
    <ul class="shelf three-up">${shown.map((item) => tile(item))}</ul></section>`
}

/** The orders that are ready, as the shop said last, and the mark of that answer. */
async function readyOrders(signal, ifNoneMatch) {
  const answer = await get("orders?status=ready&limit=50", { signal, raw: true, ifNoneMatch })
  return { tag: answer.headers.get("ETag"), orders: answer.status === 304 ? null : (await answer.json()).items }
}

const pause = 60_000

/** Asks again what can be fetched and how much there is: when the page comes into sight, and every minute while it is in sight. */
function watch(ready, signal, change) {
  let { tag, orders } = ready
  const look = async () => {
    if (document.hidden) return
    const before = facts.coins
    const [now] = await Promise.all([readyOrders(signal, tag).catch(() => null), readCoins(signal).catch(() => null)])
    const isSame = !now?.orders || JSON.stringify(now.orders) === JSON.stringify(orders)
    if (now?.orders) ({ tag, orders } = now)
    if (!isSame || facts.coins !== before) change()
  }
  const timer = setInterval(look, pause)
  signal.addEventListener("abort", () => clearInterval(timer))
  document.addEventListener("visibilitychange", look, { signal })
}

/** The parts below the field, in the order of the page. */
async function parts(signal, balance) {
  const [history, ready, list, names] = await Promise.all([
    get("wallet/history?limit=30", { signal }),
    readyOrders(signal),
    items({ class: "merch", sort_by: "price", sort_order: "asc", limit: 100 }, signal),
    classifiers(),
    balance,
  ])
  const came = history.items.filter((entry) => entry.change > 0 && entry.kind !== "undo_transfer").slice(0, 4)
  const byCode = await itemsByCode([...came.map((entry) => entry.item), ...ready.orders.map((order) => order.item)], signal)
  const [toFetch, reach] = [ticket(ready.orders, byCode, names), shelf(list.items)]
  return { ready, list: [toFetch ?? reach, cameLately(came, byCode), toFetch && reach] }
}

export async function show({ signal, balance: coins }) {
  const places = [html`<div></div>`, html`<div></div>`, html`<div></div>`]
  const put = ({ list }) => {
    for (const [index, part] of list.entries()) fill(places[index], part)
  }
  const again = async () => put(await parts(signal))
  const first = await parts(signal, coins)
  put(first)
  changes.addEventListener("moved", again, { signal })
  watch(first.ready, signal, again)
  return [html`<h1 class="vh" tabindex="-1">${t("title.home")}</h1>`,
    html`<div class="home"><div class="stack wide">${balance(signal)}${send()}</div>${places}</div>`]
}
