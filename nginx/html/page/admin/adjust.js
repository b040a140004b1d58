// Corrects what somebody owns: things and how many more or less, with a reason, shown once more before it is done.

import { head, icon, picks } from "../elements.js"
import { allItems, classifiers, thumb, variantName } from "../goods.js"
import { complainAll, field, once, showRefusal, values } from "../form.js"
import { fill, html } from "../html.js"
import { nameOf, peopleField, personRow } from "../combobox.js"
import { Refusal, get, post, query } from "../api.js"
import { signed, t } from "../words.js"
import { replace } from "../router.js"
import { askTwice, userNamed } from "./counter.js"

const sections = ["main", "factory", "trade"]
const leastReason = 10

/** A whole number with a sign, not zero; undefined if the text is something else. */
function changeOf(text) {
  const digits = text.replace(/[\s\u00a0\u202f]/g, "").replace("−", "-")
  return /^[+-]?\d{1,15}$/.test(digits) && Number(digits) !== 0 ? Number(digits) : undefined
}

/** The variants of a thing by their names; one without a name is the thing itself. */
function choices(item, names) {
  const codes = item.variants.length ? item.variants : [{}, ...item.quality_levels.map((code) => ({ quality_level: code })), ...item.collections.map((code) => ({ collection: code }))]
  return codes.map(({ collection, quality_level: level }) => ({ ...(collection ? { collection } : {}), ...(level ? { quality_level: level } : {}) }))
    .map((variant) => ({ variant, name: variantName(names, variant) || t("stock.plain") }))
}

function lineForm(items, names, index, remove) {
  const thing = html`<select class="select"><option value="">${t("adjust.chooseThing")}</option>${items.map((item) => html`<option value="${item.id}">${item.name}</option>`)}</select>`
  const variant = html`<select class="select"></select>`
  const made = html`<fieldset class="adjust-line"><legend class="vh">${t("adjust.line", { n: index })}</legend></fieldset>`
  const variantField = field({ label: t("stock.size"), name: `variant${index}`, control: variant })
  const current = () => items.find((item) => item.id === thing.value)
  const drawVariants = () => {
    const list = current() ? choices(current(), names) : []
    fill(variant, list.map((one, place) => html`<option value="${place}">${one.name}</option>`))
    variantField.hidden = list.length < 2
  }
  thing.addEventListener("change", drawVariants)
  const away = remove && html`<button type="button" class="btn quiet square" @click=${() => remove(made)}>${icon("x")}<span class="vh">${t("adjust.removeLine", { n: index })}</span></button>`
  made.append(field({ label: t("catalogue.thing"), name: `thing${index}`, control: thing }), variantField,
    field({ label: t("adjust.change"), name: `change${index}`, more: { inputmode: "text", autocomplete: "off", placeholder: "+1", class: "input short-num" } }))
  if (away) made.append(away)
  drawVariants()
  made.index = index
  made.read = () => ({ item: current(), change: changeOf(made.querySelector(`[name=change${index}]`).value), ...choices(current(), names)[Number(variant.value)] })
  made.complaints = () => ({ [`thing${index}`]: current() ? undefined : t("adjust.chooseThing"), [`change${index}`]: changeOf(made.querySelector(`[name=change${index}]`).value) ? undefined : t("adjust.noChange") })
  return made
}

/** How many of it the person has, as far as a list of belongings knows. */
function heldOf(held, { item, variant }, section) {
  const same = (one) => one.section === section && one.item_id === item.id && (one.collection ?? null) === (variant.collection ?? null) && (one.quality_level ?? null) === (variant.quality_level ?? null)
  return held.items.find(same)?.quantity ?? 0
}

function lineText({ item, variant, name }, end) {
  const isPlain = !variant.collection && !variant.quality_level
  return html`<li>${thumb(item)}<div class="what"><b>${item.name}</b>${!isPlain && html`<small>${name}</small>`}</div><span class="sum num">${end}</span></li>`
}

/** A shortage in words: the shop names the thing and how many there are. */
function shortage(error, items) {
  const list = error.problem.missing_items ?? []
  return list.map((one) => t("adjust.short", { item: items.find((item) => item.id === one.item_id)?.name ?? one.item_id, n: one.available })).join(" ")
}

function adjustForm(user, held, items, names, change) {
  const hasGame = items.some((item) => item.class !== "merch")
  const lines = html`<div class="stack"></div>`
  const act = html`<div></div>`
  let count = 0
  const add = () => {
    count += 1
    lines.append(lineForm(items, names, count, count > 1 && ((one) => one.remove())))
  }
  add()
  const made = html`<form class="stack wide grant-form" novalidate><div class="card row apart">${personRow(user)}<button type="button" class="btn quiet" @click=${change}>${t("send.change")}</button></div>
    ${hasGame && picks("section", t("adjust.section"), sections.map((value) => ({ value, name: t(`adjust.section.${value}`) })), "main")}
    <div class="stack">${lines}<div><button type="button" class="btn quiet" @click=${add}>${icon("plus")}${t("adjust.addLine")}</button></div></div>
    ${field({ label: t("grants.reason"), name: "reason", help: t("adjust.reasonHelp"), more: { maxlength: 500, autocomplete: "off" } })}<div data-general></div>${act}</form>`
  const showButton = () => fill(act, html`<button class="btn primary big">${t("adjust.preview")}</button>`)

  function done(list, answer) {
    const final = { items: answer.final_balances.map((one) => ({ section: "main", ...one })) }
    fill(made, html`<section class="card stack" tabindex="-1" role="status"><h2>${t("adjust.done", { name: nameOf(user) })}</h2><ul class="lines">${list.map((line) => lineText(line, t("adjust.now", { n: heldOf(final, line, final.items[0]?.section) })))}</ul>
      <div class="row"><button type="button" class="btn" @click=${change}>${t("adjust.next")}</button><a class="btn quiet" href="/admin/audit?action=inventory.adjust">${t("audit.seeAll")}</a></div></section>`)
    made.firstChild.focus()
  }

  made.addEventListener("input", () => act.querySelector(".confirm") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    if (act.querySelector(".confirm")) return
    const { reason, section = "main" } = values(made)
    const all = [...lines.children]
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
    askTwice(act, {
      question: t("adjust.ask", { name: nameOf(user) }), note: html`<ul class="lines">${list.map((line) => lineText(line, [html`<small class="muted">${signed(line.change)}</small>`, " ", t("adjust.fromTo", { from: heldOf(held, line, section), to: heldOf(held, line, section) + line.change })]))}</ul>`,
      yes: { text: t("adjust.do"), verb: t("adjust.doing"), work },
      back: () => {
        showButton()
        act.querySelector("button").focus()
      },
    })
  })
  showButton()
  return made
}

export async function show({ query: address, signal }) {
  const read = (id) => Promise.all([get(`users/${encodeURIComponent(id)}`, { signal }), get(`users/${encodeURIComponent(id)}/holdings`, { signal })])
  const id = address.get("user")
  const [active, retired, names, first] = await Promise.all([
    allItems({ is_active: true }, signal), allItems({ is_active: false }, signal), classifiers(), id ? read(id) : null,
  ])
  const items = [...active, ...retired].sort((a, b) => (b.class === "merch") - (a.class === "merch") || a.name.localeCompare(b.name))
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
  return [html`<p class="crumb"><a href="/admin/people">${icon("back")}${t("title.people")}</a></p>`, head(t("adjust.title"), t("adjust.text")), place]
}
