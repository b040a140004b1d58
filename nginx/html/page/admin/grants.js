// Grants of coins, each done once by its name, and corrections of what somebody owns.

import { ask, get, post, query, Refusal } from "../api.js"
import { avatar, badge, button, crumb, empty, head, hidden, icon, line, lines, linkButton, pager, picks, sum, table } from "../elements.js"
import { askTwice, complainAll, field, findPerson, nameOf, once, peopleField, personRow, showRefusal, submitButton, submitting, values, wrong } from "../form.js"
import { byName, classifiers, everyItem, keyOf, thumb, variantName, variantOf } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace } from "../router.js"
import { coins, moment, number, signed, t } from "../words.js"
import { cross, digitsOf, mail, notice, shownTabs, stat, tableForm, userNamed, whole, withMail } from "./counter.js"

const views = ["", "all", "table", "list"]

function suggestion(reason) {
  const words = reason.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60)
  return words ? `${new Date().toISOString().slice(0, 10)}-${words}` : ""
}

function reasonAndName() {
  const name = html`<input class="input" type="text" maxlength="255" autocomplete="off">`
  const reason = html`<input class="input" type="text" maxlength="500" autocomplete="off">`
  let isOwn = false
  name.addEventListener("input", () => {
    isOwn = name.value !== ""
  })
  reason.addEventListener("input", () => {
    if (!isOwn) name.value = suggestion(reason.value)
  })
  return [field({ label: t("grants.reason"), name: "reason", control: reason, help: t("grants.reasonHelp") }), field({ label: t("grants.name"), name: "name", control: name, help: t("grants.nameHelp") })]
}

function missingReason({ reason, name }) {
  return { reason: reason ? undefined : t("form.missing"), name: name ? undefined : t("form.missing") }
}

function askToGrant({ forecast, replayed, make, place, name, back }) {
  if (replayed || forecast.count === 0) {
    return fill(place, notice("lemon", "info", html`<b>${t(replayed ? "grants.exists" : "grants.nobody")}</b> ${replayed && html`<a href="/admin/grants${query({ grant: name })}">${t("grants.seeIt")}</a>`}`))
  }
  const text = t("grants.do", { coins: forecast.sum, n: forecast.count })
  askTwice(place, {
    question: t("grants.ask", { coins: forecast.sum, n: forecast.count }), note: t("grants.note", { name }), back,
    yes: { text, verb: t("grants.doing"), work: async () => {
      await make()
      go("/admin/grants" + query({ grant: name }))
    } },
  })
}

async function forecastOf(answer) {
  return { forecast: await answer.json(), replayed: answer.headers.get("Idempotent-Replayed") === "true" }
}

function chips(people, change) {
  const chip = (person) => html`<li class="chip">${avatar(nameOf(person))}<span><b>${nameOf(person)}</b></span>
    ${cross(t("grants.without", { name: nameOf(person) }), () => change(people.filter((one) => one !== person)))}</li>`
  return people.length ? html`<ul class="chips" aria-label="${t("grants.chosen")}">${people.map(chip)}</ul>` : null
}

function amountForm({ isForAll, first }) {
  let people = first
  const place = html`<div></div>`
  const chosen = html`<div></div>`
  const find = html`<div></div>`
  const problem = html`<div class="field"></div>`
  const made = html`<form class="stack wide grant-form" novalidate>${!isForAll && html`<div class="stack">${chosen}${find}${problem}</div>`}
    ${field({ label: t("grants.each"), name: "amount", more: { inputmode: "numeric", autocomplete: "off" } })}${reasonAndName()}<div data-general></div>${place}</form>`

  function showButton() {
    fill(place, submitButton(t("grants.check")))
  }

  function set(list) {
    people = list
    fill(chosen, chips(people, set))
    fill(problem)
    fill(find, peopleField({ label: t(people.length ? "grants.more" : "send.who"), choose: (person) => {
      if (!people.some((one) => one.username === person.username)) set([...people, person])
      find.querySelector("input").focus()
    } }))
    showButton()
  }

  made.addEventListener("input", (event) => event.target.name !== "to_user" && place.querySelector(".confirm, .banner") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    const check = place.querySelector("button.primary")
    if (!check || place.querySelector(".confirm")) return
    const given = values(made)
    const amount = whole(given.amount)
    fill(problem, !isForAll && !people.length && wrong(t("grants.nobodyChosen")))
    const tooLittle = amount === undefined ? t("send.noNumber") : amount < 1 ? t("send.least", { coins: 1 }) : undefined
    const complaints = { ...missingReason(given), amount: amount === null ? t("form.missing") : tooLittle }
    if (complainAll(made, complaints) || (!isForAll && !people.length)) return
    const body = { name: given.name, amount, reason: given.reason, to: isForAll ? "all" : people.map((one) => one.username) }
    submitting(made, check, t("grants.checking"), async () => {
      const found = await forecastOf(await post("grants?dry_run=true", body, { raw: true, repeatable: true }))
      askToGrant({ ...found, place, name: body.name, make: () => post("grants", body, { repeatable: true }), back: showButton })
    })
  })
  set(people)
  return made
}

function stateOf(grant) {
  if (grant.status === "running") return badge(t("grants.running"), "lemon", "clock")
  return grant.refused ? badge(t("grants.refused", { n: grant.refused }), "rose") : badge(t("grants.done"), "mint", "check")
}

async function history(cursor, signal) {
  const { items, next_cursor: next } = await get("grants" + query({ cursor, limit: 25 }), { signal })
  if (!items.length) return empty(t("grants.none"), t("grants.noneText"), linkButton(t("grants.toAll"), "/admin/grants?view=all", "primary"))
  return [table(t("grants.caption"), [
    { title: t("grants.reason"), kind: "lead", cell: (grant) => withMail(grant.reason, grant.name, "/admin/grants" + query({ grant: grant.name })) },
    { title: t("send.to"), look: "muted", cell: (grant) => t(grant.to === "all" ? "grants.everybodyN" : "grants.peopleN", { n: grant.total }) },
    { title: t("grants.sum"), end: true, look: "num", cell: (grant) => number(grant.total_coins) },
    { title: t("history.when"), look: "muted num", cell: (grant) => moment(grant.created_at) },
    { title: hidden(t("orders.states")), kind: "side", cell: stateOf },
  ], items), pager(cursor, next, (one) => "/admin/grants" + query({ view: "list", cursor: one }))]
}

async function showGrants({ query: address, signal, title }) {
  if (address.get("grant")) return showGrant({ name: address.get("grant"), cursor: address.get("cursor"), signal, title })
  const view = views.includes(address.get("view")) ? address.get("view") : ""
  const to = address.get("to")
  const [person, list] = await Promise.all([to ? findPerson(to, signal) : null, view === "list" ? history(address.get("cursor"), signal) : null])
  const forms = { "": () => amountForm({ first: person ? [person] : [] }), all: () => amountForm({ isForAll: true, first: [] }), table: grantTable }
  const tab = (one) => ({ name: t(`grants.view.${one || "some"}`), href: "/admin/grants" + query({ view: one }), current: one === view })
  return [
    head(t("title.grants"), t("grants.text")), shownTabs(t("grants.toWhom"), views.map(tab)),
    html`<div class="under-tabs">${view === "list" ? list : view === "all" ? [html`<p class="muted all-text">${t("grants.allText")}</p>`, forms.all()] : forms[view]()}</div>`,
  ]
}

const pause = 1000

function progress(grant) {
  const share = grant.total ? Math.round(((grant.done + grant.refused) / grant.total) * 100) : 100
  const isDone = grant.status === "done"
  return html`<div class="card stack" role="status"><div class="row apart"><b>${isDone ? t("grants.allDone", { n: grant.done }) : t("grants.soFar", { n: number(grant.done), total: number(grant.total) })}</b>${isDone ? badge(t("grants.done"), "mint", "check") : badge(t("grants.running"), "lemon", "clock")}</div>
    <svg class="progress" height="12" role="img" aria-label="${t("grants.share", { n: share })}"><rect class="track" width="100%" height="12" rx="6"/><rect class="bar" width="${share}%" height="12" rx="6"/></svg>
    ${grant.refused > 0 && html`<p class="bad">${t("grants.refusedText", { n: grant.refused })}</p>`}</div>`
}

function facts(grant) {
  const row = (name, value) => html`<dt>${name}</dt><dd>${value}</dd>`
  return html`<dl class="card facts">${row(t("grants.name"), html`<code class="mail">${grant.name}</code>`)}${row(t("send.to"), t(grant.to === "all" ? "grants.everybodyN" : "grants.peopleN", { n: grant.total }))}
    ${row(t("grants.sum"), coins(grant.total_coins))}${grant.amount && row(t("grants.each"), coins(grant.amount))}${row(t("history.when"), moment(grant.created_at))}${row(t("grants.by"), grant.created_by ?? t("audit.program"))}</dl>`
}

function recipients(grant) {
  const state = ({ status }) => badge(t(`grants.recipient.${status}`), status === "done" ? "mint" : status === "waiting" ? "lemon" : "rose", status === "done" ? "check" : null)
  return table(t("grants.recipients"), [
    { title: t("queue.who"), kind: "lead", look: "mail", cell: (one) => html`<b>${mail(one.username)}</b>` },
    { title: t("history.when"), look: "muted num", cell: (one) => (one.at ? moment(one.at) : null) },
    { title: t("history.coins"), end: true, look: "num", cell: (one) => number(one.amount) },
    { title: hidden(t("orders.states")), kind: "side", cell: state },
  ], grant.recipients)
}

async function showGrant({ name, cursor, signal, title }) {
  const read = () => get(`grants/${encodeURIComponent(name)}` + query({ cursor, limit: 25 }), { signal })
  const first = await read()
  const [state, list] = [html`<div></div>`, html`<div></div>`]
  title(first.reason)
  const draw = (grant) => {
    fill(state, progress(grant))
    fill(list, grant.recipients.length > 0 && [recipients(grant), pager(cursor, grant.next_cursor, (one) => "/admin/grants" + query({ grant: name, cursor: one }))])
    if (grant.status === "running") setTimeout(() => !signal.aborted && read().then(draw, () => {}), pause)
  }
  draw(first)
  return [
    crumb("/admin/grants?view=list", t("grants.view.list")),
    head(first.reason, null, linkButton(t("audit.seeAll"), "/admin/audit" + query({ subject: name }))),
    html`<div class="two"><div class="stack">${state}${list}</div>${facts(first)}</div>`,
  ]
}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function rowSentence(msg) {
  const nobody = msg.match(/^there is no active user (.*)$/)
  if (nobody) return t("table.nobody", { name: nobody[1] })
  const wrong = msg.match(/^amount: (.*) is no whole number$/)
  return wrong ? t("table.noNumber", { text: wrong[1] }) : msg
}

function explained(error, rows) {
  const lines = (Array.isArray(error.problem?.detail) ? error.problem.detail : []).map((one) => [Number(/^line (\d+)$/.exec(one.loc.at(-1))?.[1]), one.msg])
  for (const [line, msg] of lines) if (rows[line - 2]) rows[line - 2].wrong = rowSentence(msg)
  return lines.length > 0 && lines.every(([line]) => line)
}

async function check(rows, { name, reason }) {
  const body = new Blob(["username,amount\n", ...rows.map((row) => `${quoted(row.username)},${quoted(digitsOf(row.amount))}\n`)], { type: "text/csv" })
  const send = (more) => ask("POST", "grants" + query({ name, reason, ...more }), { body, raw: true, repeatable: true })
  try {
    return { ...await forecastOf(await send({ dry_run: true })), name, make: () => send({}) }
  } catch (error) {
    if (!explained(error, rows)) throw error
    return null
  }
}

function stats(rows, good, file) {
  const granted = good.reduce((total, row) => total + (Number(digitsOf(row.amount)) || 0), 0)
  return [
    stat(t("table.would"), [number(granted), html`<i class="coin" aria-hidden="true"></i>`], t("grants.peopleN", { n: good.length })),
    stat(t("table.goodRows"), number(good.length), t("table.ofRows", { n: rows.length, name: file })),
  ]
}

function grantTable() {
  return tableForm({
    needs: ["username", "amount"], rules: t("table.rules"), lastStep: t("table.step.grant"), wrongText: (n) => t("table.wrong", { n }), fields: reasonAndName(),
    columns: [
      { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => html`<b>${mail(row.username || "–")}</b>` },
      { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (row) => row.amount || "–" },
    ],
    complaints: missingReason, check, stats, confirm: (place, found, back) => askToGrant({ ...found, place, back }),
  })
}

const sections = ["main", "factory", "trade"]
const leastReason = 10

function changeOf(text) {
  const digits = digitsOf(text).replace("−", "-")
  return /^[+-]?\d{1,15}$/.test(digits) && Number(digits) !== 0 ? Number(digits) : undefined
}

function choices(item, names) {
  const codes = item.variants.length ? item.variants : [{}, ...item.quality_levels.map((code) => ({ quality_level: code })), ...item.collections.map((code) => ({ collection: code }))]
  return codes.map((one) => ({ variant: variantOf(one), name: variantName(names, one) || t("stock.plain") }))
}

function lineForm(items, names, index, remove) {
  const thing = html`<select class="select" @change=${drawVariants}><option value="">${t("adjust.chooseThing")}</option>${items.map((item) => html`<option value="${item.id}">${item.name}</option>`)}</select>`
  const variant = html`<select class="select"></select>`
  const change = html`<input class="input short-num" type="text">`
  const variantField = field({ label: t("item.sizes"), name: `variant${index}`, control: variant })
  const current = () => items.find((item) => item.id === thing.value)
  const variants = () => (current() ? choices(current(), names) : [])
  function drawVariants() {
    fill(variant, variants().map((one, place) => html`<option value="${place}">${one.name}</option>`))
    variantField.hidden = variants().length < 2
  }
  const made = html`<fieldset class="adjust-line"><legend class="vh">${t("adjust.line", { n: index })}</legend>
    ${field({ label: t("title.thing"), name: `thing${index}`, control: thing })}${variantField}
    ${field({ label: t("adjust.change"), name: `change${index}`, control: change, more: { inputmode: "text", autocomplete: "off", placeholder: "+1" } })}
    ${remove && cross(t("adjust.removeLine", { n: index }), () => made.remove())}</fieldset>`
  drawVariants()
  made.read = () => ({ item: current(), change: changeOf(change.value), ...variants()[Number(variant.value)] })
  made.complaints = () => ({ [thing.name]: current() ? undefined : t("adjust.chooseThing"), [change.name]: changeOf(change.value) ? undefined : t("adjust.noChange") })
  return made
}

function heldOf(held, { item, variant }, section) {
  return held.items.find((one) => one.section === section && one.item_id === item.id && keyOf(one) === keyOf(variant))?.quantity ?? 0
}

function lineText({ item, variant, name }, end) {
  return line(thumb(item), item.name, keyOf(variant) !== "/" && name, sum(end))
}

function shortage(error, items) {
  const list = error.problem.missing_items ?? []
  return list.map((one) => t("adjust.short", { item: items.find((item) => item.id === one.item_id)?.name ?? one.item_id, n: one.available })).join(" ")
}

function adjustForm(user, held, items, names, change) {
  const hasGame = items.some((item) => item.class !== "merch")
  const things = html`<div class="stack"></div>`
  const act = html`<div></div>`
  let count = 0
  const add = () => {
    count += 1
    things.append(lineForm(items, names, count, count > 1))
  }
  add()
  const made = html`<form class="stack wide grant-form" novalidate><div class="card row apart">${personRow(user)}${button(t("send.change"), change, "quiet")}</div>
    ${hasGame && picks("section", t("adjust.section"), sections.map((value) => ({ value, name: t(`adjust.section.${value}`) })), "main")}
    <div class="stack">${things}<div>${button([icon("plus"), t("adjust.addLine")], add, "quiet")}</div></div>
    ${field({ label: t("grants.reason"), name: "reason", help: t("adjust.reasonHelp"), more: { maxlength: 500, autocomplete: "off" } })}<div data-general></div>${act}</form>`
  const showButton = () => fill(act, submitButton(t("adjust.preview")))

  function done(list, answer) {
    const final = { items: answer.final_balances.map((one) => ({ section: "main", ...one })) }
    fill(made, html`<section class="card stack" tabindex="-1" role="status"><h2>${t("adjust.done", { name: nameOf(user) })}</h2>${lines(list.map((one) => lineText(one, t("adjust.now", { n: heldOf(final, one, final.items[0]?.section) }))))}
      <div class="row">${button(t("adjust.next"), change)}${linkButton(t("audit.seeAll"), "/admin/audit?action=inventory.adjust", "quiet")}</div></section>`)
    made.firstChild.focus()
  }

  made.addEventListener("input", () => act.querySelector(".confirm") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    if (act.querySelector(".confirm")) return
    const { reason, section = "main" } = values(made)
    const all = [...things.children]
    const complaints = Object.assign({ reason: [...reason].length >= leastReason ? undefined : t("reason.short", { n: leastReason }) }, ...all.map((one) => one.complaints()))
    if (complainAll(made, complaints)) return
    const list = all.map((one) => one.read())
    const body = { user_id: user.id, section, reason, items: list.map(({ item, variant, change: by }) => ({ item_id: item.id, ...variant, quantity_change: by })) }
    const work = async () => {
      try {
        done(list, await once("adjust", body, (key) => post("/admin/inventory/adjust", body, { key })))
      } catch (error) {
        if (error.code === "insufficient_items") error.message = shortage(error, items)
        throw error
      }
    }
    const preview = (one) => {
      const from = heldOf(held, one, section)
      return lineText(one, [html`<small class="muted">${signed(one.change)}</small>`, " ", t("adjust.fromTo", { from, to: from + one.change })])
    }
    askTwice(act, { question: t("adjust.ask", { name: nameOf(user) }), note: lines(list.map(preview)), yes: { text: t("adjust.do"), verb: t("adjust.doing"), work }, back: showButton })
  })
  showButton()
  return made
}

async function showAdjust({ query: address, signal }) {
  const read = (id) => Promise.all([get(`users/${encodeURIComponent(id)}`, { signal }), get(`users/${encodeURIComponent(id)}/holdings`, { signal })])
  const id = address.get("user")
  const [every, names, first] = await Promise.all([everyItem(signal), classifiers(), id ? read(id) : null])
  const items = every.sort(byName)
  const place = html`<div></div>`
  const choose = () => {
    replace("/admin/adjust")
    const field = peopleField({ label: t("adjust.who"), choose: find })
    fill(place, html`<form class="grant-form" @submit=${(event) => event.preventDefault()}>${field}<div data-general></div></form>`)
    place.querySelector("input").focus()
  }
  /** The list of colleagues knows usernames; from here on the person is an id, which nobody else can have. */
  async function find({ username }) {
    try {
      take(await read((await userNamed(username, signal)).id))
    } catch (error) {
      if (error instanceof Refusal) showRefusal(place.querySelector("form"), error)
      else if (error.name !== "AbortError") throw error
    }
  }
  function take([user, held]) {
    replace("/admin/adjust" + query({ user: user.id }))
    fill(place, adjustForm(user, held, items, names, choose))
    place.querySelector("select").focus()
  }
  if (first) take(first)
  else choose()
  return [crumb("/admin/people", t("title.people")), head(t("adjust.title"), t("adjust.text")), place]
}

export const screens = { grants: showGrants, adjust: showAdjust }
