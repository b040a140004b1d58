// The audit trail: who changed what, when and why, newest first, filtered by what was done, by whom, and to what.

import { actionName, actorName, differences, placeOf, subjectOf } from "./changes.js"
import { mail } from "./counter.js"
import { empty, head, icon, pager, table } from "../elements.js"
import { get, query } from "../api.js"
import { go } from "../router.js"
import { html } from "../html.js"
import { moment, t } from "../words.js"

const actions = [
  "item.create", "item.update", "item.variants", "item.stock", "item.image", "item.delete", "classifier.create",
  "user.create", "user.update", "user.password", "user.reset_link", "user.link", "user.unlink", "user.delete",
  "invitation.create", "invitation.end", "coins.grant", "inventory.adjust", "order.ready", "order.hand_over", "order.cancel", "order.return",
]

function filters(values, to) {
  const option = (action) => html`<option value="${action}" selected=${action === values.action}>${action ? actionName(action) : t("audit.everything")}</option>`
  const known = values.action && !actions.includes(values.action) ? [...actions, values.action] : actions
  const chip = (name, text) => values[name] && html`<a class="btn" href="${to({ [name]: null })}">${icon("x")}${text}</a>`
  return html`<div class="row low filters"><div class="field"><label for="action">${t("audit.what")}</label><select class="select" id="action" @change=${(event) => go(to({ action: event.target.value }))}>${["", ...known].map(option)}</select></div>
    ${chip("subject", t("audit.onlyOne"))}${chip("actor", t("audit.onlyActor"))}</div>`
}

/** Names where the trail keeps only an id: of orders, and of people whose things were corrected. */
async function subjects(entries, signal) {
  const personName = (id) => get(`users/${id}`, { signal }).then((one) => one.full_name ?? one.username)
  const orderName = (id) => get(`orders/${id}`, { signal }).then((one) => t("queue.what", { item: one.name, name: one.user }))
  const read = { order: orderName, inventory: personName, user: personName }
  const bare = entries.filter((one) => read[one.action.split(".")[0]] && !subjectOf(one))
  const kinds = new Map(bare.map((one) => [one.subject_id, read[one.action.split(".")[0]]]))
  const found = await Promise.all([...kinds].map(async ([id, work]) => [id, await work(id).catch(() => "")]))
  return new Map(found)
}

function what(entry, names) {
  const [name, place] = [subjectOf(entry) || names.get(entry.subject_id), placeOf(entry)]
  return html`<div><b>${actionName(entry.action)}</b>${name && html`<small class="subject">${place ? html`<a href="${place}">${mail(name)}</a>` : mail(name)}</small>`}</div>`
}

function changed(entry) {
  const list = differences(entry)
  const line = ({ name, from, to }) => html`<li>${name}: <s>${from}</s> → <b>${to}</b></li>`
  return [list.length > 0 && html`<ul class="differences">${list.map(line)}</ul>`, entry.reason && html`<p class="muted">${entry.reason}</p>`]
}

export async function show({ query: address, signal }) {
  const values = Object.fromEntries(["action", "subject", "actor", "cursor"].map((name) => [name, address.get(name)]))
  const to = (change) => "/admin/audit" + query({ ...values, cursor: null, ...change })
  const { items, next_cursor: next } = await get("audit" + query({ action: values.action, subject_id: values.subject, actor_id: values.actor, cursor: values.cursor, limit: 25 }), { signal })
  const names = await subjects(items, signal)
  const isFiltered = values.action || values.subject || values.actor
  const rows = () => table(t("audit.caption"), [
    { title: t("audit.change"), kind: "lead", cell: (entry) => what(entry, names) },
    { title: t("audit.members"), kind: "why", look: "small", cell: changed },
    { title: t("audit.who"), look: "mail", cell: (entry) => (entry.actor_id ? html`<a href="${to({ actor: entry.actor_id })}">${mail(entry.actor)}</a>` : html`<span class="muted">${actorName(entry)}</span>`) },
    { title: t("audit.when"), kind: "side", look: "muted num", cell: (entry) => moment(entry.at) },
  ], items, { oneUp: true })
  return [
    head(t("title.audit"), t("audit.text")), filters(values, to),
    items.length ? rows() : empty(t("audit.none"), t("audit.noneText"), isFiltered && html`<a class="btn" href="/admin/audit">${t("showAll")}</a>`),
    pager(values.cursor, next, (cursor) => to({ cursor })),
  ]
}
