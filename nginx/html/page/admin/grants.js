// Grants: coins from the company to one, several or all people, or by a table; each with a reason, and done once by its
// name. The dry run asks the shop what would happen before anything does.

import { avatar, badge, empty, head, icon, pager, table } from "../elements.js"
import { moment, number, t } from "../words.js"
import { complainAll, field, submitting, values } from "../form.js"
import { askTwice, shownTabs, whole } from "./counter.js"
import { fill, html } from "../html.js"
import { findPerson, nameOf, peopleField } from "../combobox.js"
import { get, post, query } from "../api.js"
import { go } from "../router.js"
import { showGrant } from "./grant.js"
import { grantTable } from "./grant-table.js"

const views = ["", "all", "table", "list"]

/** A name that a reason and a day make, for a grant that was not named by hand. */
function suggestion(reason) {
  const words = reason.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60)
  return words ? `${new Date().toISOString().slice(0, 10)}-${words}` : ""
}

/** The reason and the name; the name follows the reason until somebody changes it. */
export function reasonAndName() {
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

/** The second step, with the sum that the shop has worked out. `make` makes the grant. */
export async function askToGrant({ forecast, replayed, make, place, name, back }) {
  if (replayed || forecast.count === 0) {
    fill(place, html`<div class="banner lemon" role="alert">${icon("info")}<p><b>${t(replayed ? "grants.exists" : "grants.nobody")}</b> ${replayed && html`<a href="/admin/grants${query({ grant: name })}">${t("grants.seeIt")}</a>`}</p></div>`)
    return
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

export async function forecastOf(answer) {
  return { forecast: await answer.json(), replayed: answer.headers.get("Idempotent-Replayed") === "true" }
}

function chips(people, change) {
  const chip = (person) => html`<li class="chip">${avatar(nameOf(person))}<span><b>${nameOf(person)}</b></span>
    <button type="button" class="btn quiet square" @click=${() => change(people.filter((one) => one !== person))}>${icon("x")}<span class="vh">${t("grants.without", { name: nameOf(person) })}</span></button></li>`
  return people.length ? html`<ul class="chips" aria-label="${t("grants.chosen")}">${people.map(chip)}</ul>` : null
}

/** A grant of one amount: to everybody, or to the people who are chosen one by one. */
function amountForm({ isForAll, first }) {
  let people = first
  const place = html`<div></div>`
  const chosen = html`<div></div>`
  const find = html`<div></div>`
  const wrong = html`<div class="field"></div>`
  const made = html`<form class="stack wide grant-form" novalidate>${!isForAll && html`<div class="stack">${chosen}${find}${wrong}</div>`}
    ${field({ label: t("grants.each"), name: "amount", more: { inputmode: "numeric", autocomplete: "off" } })}${reasonAndName()}<div data-general></div>${place}</form>`

  function showButton() {
    fill(place, html`<button class="btn primary big">${t("grants.check")}</button>`)
  }

  function set(list) {
    people = list
    fill(chosen, chips(people, set))
    fill(wrong)
    fill(find, peopleField({ label: t(people.length ? "grants.more" : "send.who"), choose: (person) => {
      if (!people.some((one) => one.username === person.username)) set([...people, person])
      find.querySelector("input").focus()
    } }))
    showButton()
  }

  made.addEventListener("input", (event) => event.target.name !== "to_user" && place.querySelector(".confirm, .banner") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    const button = place.querySelector("button.primary")
    if (!button || place.querySelector(".confirm")) return
    const given = values(made)
    const amount = whole(given.amount)
    fill(wrong, !isForAll && !people.length && html`<p class="wrong" role="alert">${icon("alert")}<span>${t("grants.nobodyChosen")}</span></p>`)
    const complaints = { amount: amount === undefined ? t("send.noNumber") : amount === null ? t("form.missing") : amount < 1 ? t("send.least", { coins: 1 }) : undefined, reason: given.reason ? undefined : t("form.missing"), name: given.name ? undefined : t("form.missing") }
    if (complainAll(made, complaints) || (!isForAll && !people.length)) return
    const body = { name: given.name, amount, reason: given.reason, to: isForAll ? "all" : people.map((one) => one.username) }
    submitting(made, button, t("grants.checking"), async () => {
      const found = await forecastOf(await post("grants?dry_run=true", body, { raw: true, repeatable: true }))
      await askToGrant({ ...found, place, name: body.name, make: () => post("grants", body, { repeatable: true }), back: () => {
        showButton()
        place.querySelector("button").focus()
      } })
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
  if (!items.length) return empty(t("grants.none"), t("grants.noneText"), html`<a class="btn primary" href="/admin/grants?view=all">${t("grants.toAll")}</a>`)
  return [table(t("grants.caption"), [
    { title: t("grants.reason"), kind: "lead", cell: (grant) => html`<div class="person"><div><b><a href="/admin/grants${query({ grant: grant.name })}">${grant.reason}</a></b><small class="mail">${grant.name}</small></div></div>` },
    { title: t("grants.to"), look: "muted", cell: (grant) => t(grant.to === "all" ? "grants.everybodyN" : "grants.peopleN", { n: grant.total }) },
    { title: t("grants.sum"), end: true, look: "num", cell: (grant) => number(grant.total_coins) },
    { title: t("grants.when"), look: "muted num", cell: (grant) => moment(grant.created_at) },
    { title: html`<span class="vh">${t("queue.states")}</span>`, kind: "side", cell: stateOf },
  ], items), pager(cursor, next, (one) => "/admin/grants" + query({ view: "list", cursor: one }))]
}

export async function show({ query: address, signal, title }) {
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
