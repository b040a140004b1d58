// Knows how an entry of the audit trail is told: who, what, which members, why. Screens show it beside each thing.

import { get, query } from "../api.js"
import { html } from "../html.js"
import { knows, number, step, t } from "../words.js"

/** Members that nobody changes, or that follow from the list of sizes. */
const hidden = ["id", "created_at", "updated_at", "code", "quality_levels", "collections"]

/** The name of what an entry is about. */
export function subjectOf({ before, after, subject_id: id, action }) {
  const found = after ?? before ?? {}
  return found.name ?? found.full_name ?? found.username ?? found.email ?? found.code ?? (action === "coins.grant" ? id : "")
}

/** The screen of what an entry is about. */
export function placeOf({ action, subject_id: id }) {
  const kind = action.split(".")[0]
  if (kind === "item") return `/admin/catalogue/${id}`
  if (kind === "inventory" || (kind === "user" && action !== "user.delete")) return `/admin/people/${id}`
  return action === "coins.grant" ? "/admin/grants" + query({ grant: id }) : null
}

export function actionName(action) {
  return knows(`audit.${action}`) ? t(`audit.${action}`) : action
}

/** The shop's own name for what works without a person. */
export function actorName(entry) {
  return entry.actor_id ? entry.actor : t("audit.program")
}

/** Sizes with their stock, pictures by their number, anything else as it is. */
function listText(list) {
  if (!list.length) return t("audit.nothing")
  if (list.every((one) => typeof one === "string")) return list.join(", ")
  if (list.some((one) => "url" in one)) return t("audit.entries", { n: list.length })
  return list.map((one) => `${[one.collection, one.quality_level].filter(Boolean).join(" ") || "–"}: ${one.stock ?? "∞"}`).join(", ")
}

function short(value, name) {
  if (name === "role") return t(`role.${value}`)
  if (value == null || value === "") return t("audit.nothing")
  if (typeof value === "boolean") return t(value ? "audit.yes" : "audit.no")
  if (typeof value === "number") return number(value)
  if (typeof value === "string") return value.length > 60 ? `${value.slice(0, 60)}…` : value
  return Array.isArray(value) ? listText(value) : JSON.stringify(value).slice(0, 60)
}

/** “price: 300 → 320” for each member that differs; of something new only what it is. */
export function differences({ before, after }) {
  const isPair = before && after && typeof before === "object" && typeof after === "object"
  if (!isPair) return []
  const differs = (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])
  const names = Object.keys({ ...before, ...after }).filter((name) => !hidden.includes(name) && differs(name) && !(name === "stock" && differs("variants")))
  return names.map((name) => ({ name: knows(`audit.member.${name}`) ? t(`audit.member.${name}`) : name, from: short(before[name], name), to: short(after[name], name) }))
}

/** The last change of a thing in one sentence, with the way to all of them. */
export async function latestChange(id, signal) {
  const { items: [entry] } = await get("audit" + query({ subject_id: id, limit: 1 }), { signal })
  if (!entry) return null
  return html`<span>${t("audit.latest", { name: actorName(entry), when: step(entry.at) })} <a href="/admin/audit?subject=${encodeURIComponent(id)}">${t("audit.seeAll")}</a></span>`
}

/** The last few changes of a thing or a person, as a card beside it. */
export async function changesOf(id, signal) {
  const { items } = await get("audit" + query({ subject_id: id, limit: 4 }), { signal })
  if (!items.length) return null
  const line = (entry) => html`<li><div class="what"><b>${actionName(entry.action)}</b><small>${[actorName(entry), step(entry.at), entry.reason].filter(Boolean).join(" · ")}</small></div></li>`
  return html`<section class="card"><h2>${t("audit.lately")}</h2><ul class="lines">${items.map(line)}</ul><p class="more"><a href="/admin/audit?subject=${encodeURIComponent(id)}">${t("audit.seeAll")}</a></p></section>`
}
