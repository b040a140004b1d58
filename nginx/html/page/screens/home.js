// Coins: home, the history, sending, and the way back for as long as it holds.

import { announce, changes, download, facts, get, post, postOnce, query, readCoins, setCoins } from "../api.js"
import { avatar, button, coinsMissing, empty, head, hidden, icon, line, lines, linkButton, missing, pager, person, picks, table, tabs, toast } from "../elements.js"
import { askTwice, clearErrors, complain, complainAll, deed, field, findPerson, isAtWork, isPending, makeForm, nameOf, peopleField, pending, personRow, once, sentence, submitButton, unanswered } from "../form.js"
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
  return html`<section class="stack tight" aria-label="${t("home.balance")}"><p class="muted">${greeting(nameOf(facts.me).split(" ")[0])}</p>
    <div class="balance">${big}${facts.coins > 0 && html`<img class="pile" src="/pile.svg" width="136" height="96" alt="">`}</div></section>`
}

function searchForm(options, role = null) {
  return html`<form role=${role} @submit=${(event) => event.preventDefault()}>${peopleField(options)}</form>`
}

function ticket(orders, byCode, names) {
  if (!orders.length) return null
  const shown = orders.slice(0, 3)
  const goods = shown.map((order) => line(thumb({ ...byCode(order.item), name: order.name }), order.name, [variantName(names, order), t("pieces", { n: order.quantity })].filter(Boolean).join(", ")))
  return html`<section class="ticket mint"><div><h2>${t("home.ready", { n: orders.length })}</h2><p>${t("home.fetch", { n: orders.length })}</p></div>
    ${lines(goods)}${orders.length > 3 && html`<p>${t("home.more", { n: orders.length - 3 })}</p>`}<a href="/mine"><b>${t("home.orders")}</b></a></section>`
}

function part(title, href, all, content) {
  return html`<section class="stack"><div class="row apart"><h2>${title}</h2><a href="${href}">${all}</a></div>${content}</section>`
}

function cameLately(entries, byCode) {
  if (!entries.length) return html`<section class="card">${empty(t("home.nothing"), t("home.nothingText"))}</section>`
  const came = entries.map((entry) => {
    const { name, why, item } = whoAndWhy(entry, byCode)
    return line(item ? thumb(item) : avatar(name), name, [why, ago(entry.at)].filter(Boolean).join(" · "),
      html`<span class="sum plus num">${signed(entry.change)}${hidden(coinName(entry.change))}</span>`)
  })
  return part(t("home.came"), "/history", t("home.history"), html`<div class="card">${lines(came)}</div>`)
}

/** The dearest things that the coins buy today; for an empty purse the cheapest ones. */
function shelf(list) {
  const onSale = list.filter((item) => item.price && !isSoldOut(item))
  const reach = onSale.filter((item) => item.price <= facts.coins).slice(-3).reverse()
  const shown = reach.length ? reach : onSale.slice(0, 3)
  if (!shown.length) return null
  return part(t(reach.length ? "home.reach" : "home.goods"), "/shop", t("nothing.shop"), html`<ul class="shelf three-up">${shown.map((item) => tile(item))}</ul>`)
}

async function readyOrders(signal, ifNoneMatch) {
  const answer = await get("orders?status=ready&limit=50", { signal, raw: true, ifNoneMatch })
  return { tag: answer.headers.get("ETag"), orders: answer.status === 304 ? null : (await answer.json()).items }
}

const pause = 60_000

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

async function homeParts(signal, coinsAreRead) {
  const [history, ready, list, names] = await Promise.all([
    get("wallet/history?limit=30", { signal }), readyOrders(signal),
    items({ class: "merch", sort_by: "price", sort_order: "asc", limit: 100 }, signal), classifiers(), coinsAreRead,
  ])
  const came = history.items.filter((entry) => entry.change > 0 && entry.kind !== "undo_transfer").slice(0, 4)
  const byCode = await itemsByCode([...came, ...ready.orders].map((one) => one.item), signal)
  const [toFetch, reach] = [ticket(ready.orders, byCode, names), shelf(list.items)]
  return { ready, list: [toFetch ?? reach, cameLately(came, byCode), toFetch && reach] }
}

async function showHome({ signal, balance: coinsAreRead }) {
  const places = [html`<div></div>`, html`<div></div>`, html`<div></div>`]
  const put = ({ list }) => places.forEach((place, index) => fill(place, list[index]))
  const readAgain = async () => put(await homeParts(signal))
  const first = await homeParts(signal, coinsAreRead)
  put(first)
  changes.addEventListener("moved", readAgain, { signal })
  watch(first.ready, signal, readAgain)
  const send = searchForm({ label: t("home.sendTo"), choose: (one) => go("/send" + query({ to: one.username })) }, "search")
  return [html`<h1 class="vh" tabindex="-1">${t("title.home")}</h1>`,
    html`<div class="home"><div class="stack wide">${balance(signal)}${send}</div>${places}</div>`]
}

const kinds = ["", "transfer", "grant", "purchase", "refund"]

function whoAndWhy({ kind, item: code, counterpart, counterpart_name: fullName, message, quantity }, byCode) {
  const item = code && byCode(code)
  if (item) {
    const name = quantity > 1 ? t("history.pieces", { name: item.name, n: quantity }) : item.name
    return { name, item, why: [t(`history.${kind}`), message].filter(Boolean).join(": ") }
  }
  const why = message ?? (kind === "transfer" ? "" : t(`history.${kind}`))
  if (fullName) return { name: fullName, username: counterpart, why }
  if (counterpart) return { name: counterpart, why }
  return { name: facts.shop.company, why: message === "welcome" ? t("history.welcome") : message ?? t(`history.${kind}`) }
}

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

function selects({ values, to }) {
  const day = (name) => html`<div class="field"><label for="${name}">${t(`history.${name}`)}</label>
    <input class="input" type="date" id="${name}" value="${values[name] ?? ""}" @change=${(event) => go(to({ [name]: event.target.value }))}></div>`
  const option = (kind) => html`<option value="${kind}" selected=${kind === (values.kind ?? "")}>${t(`history.tab.${kind || "all"}`)}</option>`
  return html`<div class="selects dates"><div class="field"><label for="kind">${t("history.kinds")}</label>
    <select class="select" id="kind" @change=${(event) => go(to({ kind: event.target.value }))}>${kinds.map(option)}</select></div>${day("from")}${day("to")}</div>`
}

function undoButton(entry, signal) {
  if (entry.kind !== "transfer" || entry.change >= 0 || entry.undone || secondsLeft(entry.at) < 1) return null
  const left = html`<span class="num"></span>`
  const back = submitButton([t("undo"), " ", left], "quiet")
  const count = () => {
    const seconds = secondsLeft(entry.at)
    if (seconds < 1) stop()
    else left.textContent = t("seconds.short", { n: seconds })
  }
  const timer = setInterval(count, 1000)
  const stop = () => {
    clearInterval(timer)
    back.remove()
  }
  signal.addEventListener("abort", () => clearInterval(timer))
  count()
  return makeForm({ look: "undo", button: back, verb: t("undo.doing"), work: () => undo(entry.id, -entry.change) })
}

function historyTable(entries, byCode, signal) {
  const lead = (entry) => {
    const { name, username, item } = whoAndWhy(entry, byCode)
    return person(item ? thumb(item) : avatar(name), name, username)
  }
  return table(t("history.caption"), [
    { title: t("history.who"), kind: "lead", cell: lead },
    { title: t("history.why"), kind: "why", look: "muted", cell: (entry) => [whoAndWhy(entry, byCode).why, undoButton(entry, signal)] },
    { title: t("history.when"), look: "muted num", cell: (entry) => moment(entry.at) },
    { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (entry) => html`<b class="${entry.change > 0 ? "plus" : ""}">${signed(entry.change)}</b>` },
    { title: t("history.then"), end: true, look: "num muted", cell: (entry) => number(entry.balance) },
  ], entries, { oneUp: true })
}

function nothing({ values, to }) {
  if (!values.kind && !values.direction && !values.from && !values.to) return empty(t("home.nothing"), t("home.nothingText"))
  const all = to({ kind: null, direction: null, from: null, to: null })
  return empty(t("history.noneHere"), t("history.noneHereText"), linkButton(t("showAll"), all))
}

async function showHistory({ query: address, signal }) {
  const filter = filters(address)
  const { items: entries, next_cursor: next } = await get("wallet/history" + query({ ...filter.asked, cursor: filter.values.cursor, limit: 25 }), { signal })
  const byCode = await itemsByCode(entries.map((entry) => entry.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const keep = () => download("wallet/history" + query({ ...filter.asked, limit: 100 }), "history.csv")
  const tab = (direction) => ({ name: t(`history.way.${direction || "both"}`), href: filter.to({ direction }), current: (filter.values.direction ?? "") === direction })
  return [
    head(t("title.history"), t("history.text"), deed(submitButton([icon("down"), t("csv")], ""), t("csv.doing"), keep)),
    html`<div class="row apart low filters"><div class="tabs-place">${tabs(t("history.way"), ["", "in", "out"].map(tab))}</div>${selects(filter)}</div>`,
    entries.length ? historyTable(entries, byCode, signal) : nothing(filter),
    pager(filter.values.cursor, next, (cursor) => filter.to({ cursor })),
  ]
}

function sentToast(transfer, name) {
  const text = [html`<b>${t("send.done", { coins: transfer.amount, name })}</b>`, " ", t("coins.youHave", { coins: transfer.balance })]
  const seconds = secondsLeft(transfer.created_at)
  toast(text, seconds > 0 ? { seconds, undo: () => undo(transfer.id, transfer.amount) } : {})
}

function secondsLeft(at) {
  return Math.floor(facts.shop.undo_seconds - (Date.now() - new Date(at)) / 1000)
}

async function undo(id, amount) {
  try {
    const done = await post(`transfers/${id}/undo`)
    setCoins(done.balance)
    toast([html`<b>${t("undo.done", { coins: amount })}</b>`, " ", t("coins.youHave", { coins: done.balance })])
    announce("moved")
  } catch (error) {
    if (!("status" in error)) throw error
    toast(error.code === "insufficient_funds" ? t("undo.spent") : sentence(error))
  }
}

const quickAmounts = [10, 20, 50, 100]

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
function sendForm(receiver, { amount, kept, change, sent }) {
  const name = nameOf(receiver)
  const input = html`<input class="input" type="text" inputmode="numeric" autocomplete="off" autofocus=${!kept} value="${kept?.amount ?? amount ?? ""}">`
  const text = html`<textarea class="area" maxlength="500" rows="3"></textarea>`
  text.value = kept?.message ?? ""
  const help = () => t("coins.youHave", { coins: facts.coins })
  const step = html`<div></div>`
  const quick = html`<div></div>`
  const made = html`<form class="stack wide" novalidate>
    <div class="field"><span class="muted">${t("send.to")}</span><div class="card row apart receiver">${personRow(receiver)}${button(t("send.change"), () => isAtWork(step) || change(), "quiet")}</div></div>
    <div class="stack"><div class="amount">${field({ label: t("send.howMany"), name: "amount", control: input, help: help() })}</div>${quick}</div>
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

  function showButton() {
    if (isAtWork(step)) return
    const amount = amountOf(input.value)
    fill(step, amount > facts.coins ? coinsMissing(amount, facts.coins, t("send.lessWorks"))
      : submitButton(amount ? t("send.coins", { coins: amount }) : t("title.send")))
  }

  function ask() {
    clearErrors(made)
    if (complainAll(made, { amount: amountComplaint(input.value) })) return
    const amount = amountOf(input.value)
    const message = text.value.trim()
    const body = { to_user: receiver.username, amount, ...(message ? { message } : {}) }
    const seconds = facts.shop.undo_seconds
    const isLost = isPending("transfer", body)
    const work = async () => sent(await once("transfer", body, (key) => postOnce("transfers", body, key)), name)
    askTwice(step, {
      question: t("send.ask", { coins: amount, name }), yes: { text: t("send.coins", { coins: amount }), verb: t("send.sending"), work }, back: showButton,
      note: !isLost && [t("send.keep", { coins: number(facts.coins - amount) }), seconds > 0 && " " + t("send.undoFor", { n: seconds })],
      above: isLost && unanswered("transfer", t("send.unanswered"), again),
    })
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
  const { items: sent } = await get("wallet/history?kind=transfer&limit=50", { signal })
  const seen = new Set()
  const last = sent.filter((one) => one.change < 0 && one.counterpart && !seen.has(one.counterpart) && seen.add(one.counterpart)).slice(0, 3)
  if (!last.length) return null
  const row = ({ change, counterpart, counterpart_name: fullName, at }) => {
    const name = fullName ?? counterpart
    const again = [t("send.again"), hidden(t("send.againTo", { name }))]
    return line(avatar(name), name, `${coins(-change)} · ${ago(at)}`, linkButton(again, "/send" + query({ to: counterpart, amount: -change }), "quiet"))
  }
  return html`<aside class="stack"><h2>${t("send.lately")}</h2><div class="card">${lines(last.map(row))}</div></aside>`
}

async function showSend({ query: address, signal, balance: coinsAreRead }) {
  const to = address.get("to") ?? pending("transfer")?.body.to_user
  const [receiver, before] = await Promise.all([to ? findPerson(to, signal) : null, lately(signal), coinsAreRead])
  const left = html`<div></div>`
  const aside = html`<div></div>`

  function choose(value = "") {
    fill(left, searchForm({ label: t("send.who"), value, choose: (one) => take(one) }))
  }

  function take(one, amount) {
    replace("/send" + query({ to: one.username, amount }))
    const lost = pending("transfer")?.body
    const kept = lost?.to_user === one.username ? lost : null
    const made = sendForm(one, { amount, kept, change: startAgain, sent })
    changes.addEventListener("coins", () => facts.coins != null && made.refresh(), { signal })
    fill(left, made)
    if (!kept) made.querySelector("[name=amount]").focus()
  }

  function startAgain() {
    replace("/send")
    choose()
    left.querySelector("input").focus()
  }

  async function sent(transfer, name) {
    if (transfer.isRepeat) await readCoins(signal)
    else setCoins(transfer.balance)
    sentToast({ ...transfer, balance: facts.coins }, name)
    startAgain()
    fill(aside, await lately(signal))
  }

  const isLost = receiver && pending("transfer")?.body.to_user === receiver.username
  if (facts.coins < facts.shop.amounts.least && !isLost) fill(left, missing(t("send.none"), html`${t("home.nothingText")} `))
  else if (receiver && receiver.username !== facts.me.username) take(receiver, amountOf(address.get("amount") ?? ""))
  else choose(to && !receiver ? to : address.get("q") ?? "")
  fill(aside, before)
  return [head(t("title.send"), t("send.text")), html`<div class="two">${left}${aside}</div>`]
}

export const screens = { home: showHome, history: showHistory, send: showSend }
