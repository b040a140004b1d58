// Sending coins: a colleague, an amount, a message; a second step; then the way back for as long as it holds.

import { ago, coins, number, t } from "../words.js"
import { changes, facts, setCoins } from "../session.js"
import { avatar, coinsMissing, head, missing, picks } from "../elements.js"
import { clearErrors, complain, complainAll, confirmStep, field, isAtWork, isPending, once, pending, unanswered } from "../form.js"
import { fill, html } from "../html.js"
import { findPerson, nameOf, peopleField, personRow } from "../combobox.js"
import { get, postOnce, query, readCoins } from "../api.js"
import { replace, show as again } from "../router.js"
import { sentToast } from "../undo.js"

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

export async function show({ query: address, signal, balance }) {
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
