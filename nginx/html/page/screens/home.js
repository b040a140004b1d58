// Home: how much I have, what can be fetched, what came lately and from whom, and a field to send coins.
// History: coins in and out, filtered and paged by the address, as a table to keep, and the way back while it holds.
// Sending coins: a colleague, an amount, a message; a second step; then the way back for as long as it holds.
// Knows how a transfer is taken back: from the toast after it, and from the history.

import { announce, changes, download, facts, get, post, postOnce, query, readCoins, setCoins } from "../api.js"
import { avatar, coinsMissing, empty, head, icon, missing, pager, picks, table, tabs, toast } from "../elements.js"
import { clearErrors, complain, complainAll, confirmStep, deed, field, findPerson, isAtWork, isPending, makeForm, nameOf, once, pending, peopleField, personRow, sentence, unanswered } from "../form.js"
import { myName } from "../frame.js"
import { classifiers, isSoldOut, items, itemsByCode, thumb, tile, variantName } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { ago, coinName, coins, greeting, moment, number, signed, t } from "../words.js"

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

async function showHome({ signal, balance: coins }) {
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

const kinds = ["", "transfer", "grant", "purchase", "refund"]

/** A movement as people say it: from or to whom, or which thing, and why. */
function whoAndWhy(entry, byCode) {
  const { kind, counterpart, message, quantity } = entry
  const item = entry.item && byCode(entry.item)
  if (item) {
    const name = quantity > 1 ? t("history.pieces", { name: item.name, n: quantity }) : item.name
    return { name, item, why: [t(`history.${kind}`), message].filter(Boolean).join(": ") }
  }
  const why = message ?? (kind === "transfer" ? "" : t(`history.${kind}`))
  if (entry.counterpart_name) return { name: entry.counterpart_name, username: counterpart, why }
  if (counterpart) return { name: counterpart, why }
  return { name: facts.shop.company, why: message === "welcome" ? t("history.welcome") : message ?? t(`history.${kind}`) }
}

/** A day of the address as an instant: the beginning of that day here, or its last moment. */
function instant(day, end) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day ?? "")) return null
  const date = new Date(`${day}T${end ? "23:59:59.999" : "00:00:00"}`)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

function filters(address) {
  const values = Object.fromEntries(["kind", "direction", "from", "to", "cursor"].map((name) => [name, address.get(name)]))
  const to = (change) => "/history" + query({ ...values, cursor: null, ...change })
  const asked = { kind: values.kind, direction: values.direction, from: instant(values.from), to: instant(values.to, true) }
  return { values, to, asked }
}

/** The kind of entry, and the days. */
function selects({ values, to }) {
  const day = (name) => html`<div class="field"><label for="${name}">${t(`history.${name}`)}</label>
    <input class="input" type="date" id="${name}" value="${values[name] ?? ""}" @change=${(event) => go(to({ [name]: event.target.value }))}></div>`
  const option = (kind) => html`<option value="${kind}" selected=${kind === (values.kind ?? "")}>${t(`history.tab.${kind || "all"}`)}</option>`
  return html`<div class="selects dates"><div class="field"><label for="kind">${t("history.kinds")}</label>
    <select class="select" id="kind" @change=${(event) => go(to({ kind: event.target.value }))}>${kinds.map(option)}</select></div>${day("from")}${day("to")}</div>`
}

/** The way back, with the seconds that are left. */
function undoButton(entry, signal) {
  if (entry.kind !== "transfer" || entry.change >= 0 || entry.undone || secondsLeft(entry.at) < 1) return null
  const left = html`<span class="num"></span>`
  const button = html`<button class="btn quiet">${t("undo")} ${left}</button>`
  const holder = makeForm({ look: "undo", button, verb: t("undo.doing"), work: () => undo(entry.id, -entry.change) })
  const count = () => {
    const seconds = secondsLeft(entry.at)
    if (seconds < 1) stop()
    else left.textContent = t("seconds.short", { n: seconds })
  }
  const timer = setInterval(count, 1000)
  const stop = () => {
    clearInterval(timer)
    button.remove()
  }
  signal.addEventListener("abort", () => clearInterval(timer))
  count()
  return holder
}

function rows(entries, byCode, signal) {
  return table(t("history.caption"), [
    {
      title: t("history.who"), kind: "lead",
      cell: (entry) => {
        const { name, username, item } = whoAndWhy(entry, byCode)
        return html`<div class="person">${item ? thumb(item) : avatar(name)}<div><b>${name}</b>${username && html`<small>${username}</small>`}</div></div>`
      },
    },
    { title: t("history.why"), kind: "why", look: "muted", cell: (entry) => [whoAndWhy(entry, byCode).why, undoButton(entry, signal)] },
    { title: t("history.when"), look: "muted num", cell: (entry) => moment(entry.at) },
    { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (entry) => html`<b class="${entry.change > 0 ? "plus" : ""}">${signed(entry.change)}</b>` },
    { title: t("history.then"), end: true, look: "num muted", cell: (entry) => number(entry.balance) },
  ], entries, { oneUp: true })
}

function nothing({ values, to }) {
  const isFiltered = values.kind || values.direction || values.from || values.to
  return isFiltered
    ? empty(t("history.noneHere"), t("history.noneHereText"), html`<a class="btn" href="${to({ kind: null, direction: null, from: null, to: null })}">${t("showAll")}</a>`)
    : empty(t("home.nothing"), t("home.nothingText"))
}

async function showHistory({ query: address, signal }) {
  const filter = filters(address)
  const { items, next_cursor: next } = await get("wallet/history" + query({ ...filter.asked, cursor: filter.values.cursor, limit: 25 }), { signal })
  const byCode = await itemsByCode(items.map((entry) => entry.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const keep = () => download("wallet/history" + query({ ...filter.asked, limit: 100 }), "history.csv")
  const tab = (direction) => ({ name: t(`history.way.${direction || "both"}`), href: filter.to({ direction }), current: (filter.values.direction ?? "") === direction })
  return [
    head(t("title.history"), t("history.text"), deed(html`<button class="btn">${icon("down")}${t("csv")}</button>`, t("csv.doing"), keep)),
    html`<div class="row apart low filters"><div class="tabs-place">${tabs(t("history.way"), ["", "in", "out"].map(tab))}</div>${selects(filter)}</div>`,
    items.length ? rows(items, byCode, signal) : nothing(filter),
    pager(filter.values.cursor, next, (cursor) => filter.to({ cursor })),
  ]
}

const quickAmounts = [10, 20, 50, 100]

/** Digits with blanks between them are a number; anything else is not. */
function amountOf(text) {
  const digits = text.replace(/[\s\u00a0\u202f]/g, "")
  return /^\d{1,16}$/.test(digits) ? Number(digits) : null
}

function amountComplaint(text) {
  const amount = amountOf(text)
  const { least, most } = facts.shop.amounts
  if (amount == null) return t(text.trim() ? "send.noNumber" : "form.missing")
  if (amount < least) return t("send.least", { coins: least })
  return amount > most ? t("send.most", { coins: most }) : null
}

/** The form for a chosen colleague. `kept` is a transfer without an answer, from before a reload. */
function form(person, { amount, kept, change, sent }) {
  const name = nameOf(person)
  const input = html`<input class="input" type="text" inputmode="numeric" autocomplete="off" autofocus=${!kept} value="${kept?.amount ?? amount ?? ""}">`
  const text = html`<textarea class="area" maxlength="500" rows="3"></textarea>`
  text.value = kept?.message ?? ""
  const help = () => t("coins.youHave", { coins: facts.coins })
  const amountField = field({ label: t("send.howMany"), name: "amount", control: input, help: help() })
  const step = html`<div></div>`
  const quick = html`<div></div>`
  const changeUnlessSent = () => isAtWork(step) || change()
  const made = html`<form class="stack wide" novalidate>
    <div class="field"><span class="muted">${t("send.to")}</span><div class="card row apart receiver">${personRow(person)}<button type="button" class="btn quiet" @click=${changeUnlessSent}>${t("send.change")}</button></div></div>
    <div class="stack"><div class="amount">${amountField}</div>${quick}</div>
    ${field({ label: [t("send.whatFor"), " ", html`<span class="muted small">${t("send.willRead", { name })}</span>`], name: "message", control: text })}
    ${step}</form>`

  function take(value) {
    input.value = value
    complain(input, null)
    showButton()
  }

  function showQuick() {
    const list = quickAmounts.filter((one) => one >= facts.shop.amounts.least && one <= facts.shop.amounts.most)
    fill(quick, picks("quick", t("send.quick"), list.map((value) => ({ value, name: number(value) })), amountOf(input.value), take, { hiddenLegend: true }))
  }

  /** The button, or in its place what keeps it away. */
  function showButton() {
    if (isAtWork(step)) return
    const sum = amountOf(input.value)
    if (sum > facts.coins) return fill(step, coinsMissing(sum, facts.coins, t("send.lessWorks")))
    const verb = sum ? t("send.coins", { coins: sum }) : t("title.send")
    fill(step, html`<button class="btn primary big">${verb}</button>`)
  }

  function ask() {
    clearErrors(made)
    if (complainAll(made, { amount: amountComplaint(input.value) })) return
    const sum = amountOf(input.value)
    const message = text.value.trim()
    const body = { to_user: person.username, amount: sum, ...(message ? { message } : {}) }
    const seconds = facts.shop.undo_seconds
    const isLost = isPending("transfer", body)
    const confirm = confirmStep({
      question: t("send.ask", { coins: sum, name }),
      note: !isLost && [t("send.keep", { coins: number(facts.coins - sum) }), seconds > 0 && " " + t("send.undoFor", { n: seconds })],
      yes: {
        text: t("send.coins", { coins: sum }),
        verb: t("send.sending"),
        work: async () => sent(await once("transfer", body, (key) => postOnce("transfers", body, key)), name),
      },
      back: () => {
        showButton()
        step.querySelector("button")?.focus()
      },
    })
    fill(step, isLost && unanswered("transfer", t("send.unanswered"), again), confirm)
    confirm.takeFocus()
  }

  input.addEventListener("input", () => {
    showQuick()
    showButton()
  })
  // A change below the question would make it ask for something else than it says.
  text.addEventListener("input", () => step.querySelector(".confirm") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!step.querySelector(".confirm, .short")) ask()
  })
  made.refresh = () => {
    made.querySelector(".help").textContent = help()
    if (!step.querySelector(".confirm")) showButton()
  }
  showQuick()
  showButton()
  if (kept) queueMicrotask(ask)
  return made
}

async function lately(signal) {
  const { items } = await get("wallet/history?kind=transfer&limit=50", { signal })
  const seen = new Set()
  const last = items.filter((one) => one.change < 0 && one.counterpart && !seen.has(one.counterpart) && seen.add(one.counterpart)).slice(0, 3)
  if (!last.length) return null
  const line = (one) => {
    const name = one.counterpart_name ?? one.counterpart
    return html`<li>${avatar(name)}<div class="what"><b>${name}</b><small>${coins(-one.change)} · ${ago(one.at)}</small></div>
      <a class="btn quiet" href="/send${query({ to: one.counterpart, amount: -one.change })}">${t("send.again")}<span class="vh"> ${t("send.againTo", { name })}</span></a></li>`
  }
  return html`<aside class="stack"><h2>${t("send.lately")}</h2><div class="card"><ul class="lines">${last.map(line)}</ul></div></aside>`
}

async function showSend({ query: address, signal, balance }) {
  const to = address.get("to") ?? pending("transfer")?.body.to_user
  const [person, before] = await Promise.all([to ? findPerson(to, signal) : null, lately(signal), balance])
  const left = html`<div></div>`
  const aside = html`<div></div>`

  function choose() {
    const nobody = to && !person ? to : address.get("q") ?? ""
    fill(left, html`<form @submit=${(event) => event.preventDefault()}>${peopleField({ label: t("send.who"), value: nobody, choose: (one) => take(one) })}</form>`)
  }

  function take(one, amount) {
    replace("/send" + query({ to: one.username, amount }))
    const lost = pending("transfer")?.body
    const kept = lost?.to_user === one.username ? lost : null
    const made = form(one, { amount, kept, change: startAgain, sent })
    changes.addEventListener("coins", () => facts.coins != null && made.refresh(), { signal })
    fill(left, made)
    if (!kept) made.querySelector("[name=amount]").focus()
  }

  function startAgain() {
    replace("/send")
    fill(left, html`<form @submit=${(event) => event.preventDefault()}>${peopleField({ label: t("send.who"), choose: (one) => take(one) })}</form>`)
    left.querySelector("input").focus()
  }

  async function sent(transfer, name) {
    if (transfer.isRepeat) await readCoins(signal)
    else setCoins(transfer.balance)
    sentToast({ ...transfer, balance: facts.coins }, name)
    startAgain()
    fill(aside, await lately(signal))
  }

  const isLost = person && pending("transfer")?.body.to_user === person.username
  if (facts.coins < facts.shop.amounts.least && !isLost) fill(left, missing(t("send.none"), html`${t("home.nothingText")} `))
  else if (person && person.username !== facts.me.username) take(person, amountOf(address.get("amount") ?? ""))
  else choose()
  fill(aside, before)
  return [head(t("title.send"), t("send.text")), html`<div class="two">${left}${aside}</div>`]
}

/** Says that coins were sent, with the way back for as long as the shop allows it. */
function sentToast(transfer, name) {
  const text = [html`<b>${t("send.done", { coins: transfer.amount, name })}</b>`, " ", t("coins.now", { coins: transfer.balance })]
  const seconds = secondsLeft(transfer.created_at)
  toast(text, seconds > 0 ? { seconds, undo: () => undo(transfer.id, transfer.amount) } : {})
}

/** How long a transfer can still be undone. */
function secondsLeft(at) {
  return Math.floor(facts.shop.undo_seconds - (Date.now() - new Date(at)) / 1000)
}

/** Takes a transfer back. The screens that show coins hear of it. */
async function undo(id, amount) {
  try {
    const done = await post(`transfers/${id}/undo`)
    setCoins(done.balance)
    toast([html`<b>${t("undo.done", { coins: amount })}</b>`, " ", t("coins.now", { coins: done.balance })])
    announce("moved")
    return true
  } catch (error) {
    if (!("status" in error)) throw error
    toast(error.code === "insufficient_funds" ? t("undo.spent") : sentence(error))
    return false
  }
}

export const screens = { home: showHome, history: showHistory, send: showSend }
