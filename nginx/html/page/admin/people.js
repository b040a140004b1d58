// People: everybody with an account, by search and page; and the invitations, for admins.

import { ask, get, post, query } from "../api.js"
import { badge, empty, head, icon, picks, table } from "../elements.js"
import { facts } from "../session.js"
import { field, submitting, values } from "../form.js"
import { fill, html } from "../html.js"
import { go, replace } from "../router.js"
import { showImport } from "./import.js"
import { linkToCopy, mail, openDialog, pageLinks, personCell, searchField, shownTabs, workButton } from "./counter.js"
import { step, t } from "../words.js"

const roles = ["user", "moderator", "admin"]
const colours = { admin: "lilac", moderator: "sky", service: "toffee" }
const sorts = { name: { sort_by: "username", sort_order: "asc" }, joined: { sort_by: "created_at", sort_order: "desc" }, role: { sort_by: "role", sort_order: "asc" } }
const dayLengths = [7, 1, 30]

/** Role and state of somebody, as badges; nothing for a colleague like any other. */
export function badgesOf(user) {
  return [colours[user.role] && badge(t(`role.${user.role}`), colours[user.role]), user.is_active ? null : badge(t("people.deactivated"), "rose")]
}

const hasOtherEmail = (user) => user.email && user.email !== user.username

function rows(list, values, to) {
  const isAdmin = facts.me.role === "admin"
  const sorted = (name) => html`<a href="${to({ sort: name })}" data-sort="${name}">${t(`people.${name}`)}${values.sort === name ? " ↓" : ""}</a>`
  const made = table(t("title.people"), [
    { title: sorted("name"), kind: "lead", cell: (user) => personCell(user.full_name ?? user.username, user.username, `/admin/people/${user.id}`) },
    // Where addresses are the usernames, they stand below the names already.
    ...(list.some(hasOtherEmail) ? [{ title: t("people.email"), kind: "email", look: "muted mail", cell: (user) => (hasOtherEmail(user) ? mail(user.email) : null) }] : []),
    { title: sorted("joined"), label: t("people.joined"), look: "muted num", cell: (user) => step(user.created_at) },
    { title: sorted("role"), kind: "side", cell: badgesOf },
    ...(isAdmin ? [{ title: html`<span class="vh">${t("do")}</span>`, kind: "act desk", cell: (user) => user.is_active && html`<a class="btn quiet" href="/admin/grants${query({ to: user.username })}">${t("people.grant")}<span class="vh"> ${user.full_name ?? user.username}</span></a>` }] : []),
  ], list)
  made.querySelector(`th:has([data-sort=${values.sort}])`).setAttribute("aria-sort", sorts[values.sort].sort_order === "asc" ? "ascending" : "descending")
  return made
}

/** The form of an invitation; afterwards, in its place, the link that it made. */
function inviteDialog(signal) {
  const select = html`<select class="select">${dayLengths.map((days) => html`<option value="${days * 86_400}">${t("days", { n: days })}</option>`)}</select>`
  const button = html`<button class="btn primary big wide">${t("invite.do")}</button>`
  const form = html`<form class="stack" novalidate>${field({ label: t("signUp.email"), name: "email", type: "email", help: t("invite.emailHelp"), more: { autocomplete: "off" } })}
    ${picks("role", t("people.role"), roles.map((value) => ({ value, name: t(`role.${value}`) })), "user")}
    ${field({ label: t("invite.validFor"), name: "expires_in", control: select })}<div data-general></div>${button}</form>`
  const place = html`<div>${form}</div>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = values(form)
    submitting(form, button, t("invite.doing"), async () => {
      const made = await post("invitations", { ...(given.email ? { email: given.email } : {}), role: given.role, expires_in: Number(given.expires_in) })
      fill(place, linkToCopy(t("invite.link"), made, t("invite.linkText", { when: step(made.expires_at) })))
      place.querySelector("input").focus()
    })
  })
  const dialog = openDialog(t("invite.title"), signal, place)
  dialog.addEventListener("close", () => place.querySelector(".link-box") && !signal.aborted && go("/admin/people?view=invitations"))
}

function inviteButton(signal) {
  return html`<button type="button" class="btn primary" @click=${() => inviteDialog(signal)}>${icon("plus")}${t("invite")}</button>`
}

function invitationRows(list) {
  const mark = { open: "mint", used: "sky", ended: "toffee", expired: "toffee" }
  const end = (invitation) => {
    if (invitation.state !== "open") return null
    const work = async () => {
      await ask("DELETE", `invitations/${invitation.id}`)
      go("/admin/people?view=invitations")
    }
    return workButton({ text: [t("invite.end"), html`<span class="vh"> ${invitation.email ?? t("invite.anybody")}</span>`], look: "quiet danger", verb: t("invite.ending"), work })
  }
  return table(t("people.invitations"), [
    { title: t("invite.for"), kind: "lead", look: "mail", cell: (one) => html`<b>${one.email ? mail(one.email) : t("invite.anybody")}</b>` },
    { title: t("people.role"), look: "muted", cell: (one) => t(`role.${one.role}`) },
    { title: t("invite.by"), look: "muted mail", cell: (one) => mail(one.created_by ?? t("audit.program")) },
    { title: t("invite.until"), look: "muted num", cell: (one) => step(one.expires_at) },
    { title: t("invite.state"), kind: "side", cell: (one) => [badge(t(`invite.state.${one.state}`), mark[one.state]), one.used_by && html`<small class="subject">${mail(one.used_by)}</small>`] },
    { title: html`<span class="vh">${t("do")}</span>`, kind: "act", cell: end },
  ], list)
}

/** Parts of the list, each with the filter that the shop gets. */
const parts = { "": {}, moderator: { role: "moderator" }, admin: { role: "admin" }, off: { is_active: false } }

export async function show({ query: address, signal }) {
  const isAdmin = facts.me.role === "admin"
  if (isAdmin && address.get("view") === "import") return showImport()
  const view = parts[address.get("view")] || (isAdmin && address.get("view") === "invitations") ? address.get("view") : ""
  const isInvitations = view === "invitations"
  const given = { view, q: address.get("q") ?? "", sort: sorts[address.get("sort")] ? address.get("sort") : "name", page: Math.max(1, Number(address.get("page")) || 1) }
  const to = (change) => {
    const next = { ...given, page: 1, ...change }
    return "/admin/people" + query({ ...next, sort: next.sort === "name" ? null : next.sort, page: next.page > 1 ? next.page : null })
  }
  const users = () => get("users" + query({ search: given.q, page: given.page, limit: 20, ...parts[view], ...sorts[given.sort] }), { signal })
  const [list, invitations, ...counts] = await Promise.all([
    isInvitations ? null : users(), isAdmin ? get("invitations" + query({ limit: 20, page: isInvitations ? given.page : 1 }), { signal }) : { total: 0 },
    ...Object.values(parts).map((part) => get("users" + query({ limit: 1, ...part }), { signal })),
  ])
  const place = html`<div></div>`
  const all = html`<a class="btn" href="${to({ q: "", view: "" })}">${t("showAll")}</a>`
  const draw = (found) => fill(place, found.items.length
    ? [rows(found.items, given, to), pageLinks(found, (page) => to({ page }))]
    : given.q ? empty(t("people.noSuch"), t("people.noSuchText", { name: given.q }), all) : empty(t("people.noneHere"), t("people.noneHereText"), all))
  const tab = (one, count) => ({ name: t(`people.${one || "everybody"}`), href: to({ view: one, q: "" }), count, current: one === view })
  const filters = shownTabs(t("people.filter"), [...Object.keys(parts).map((one, index) => tab(one, counts[index].total)), ...(isAdmin ? [tab("invitations", invitations.total)] : [])])
  if (isInvitations) {
    fill(place, invitations.items.length ? [invitationRows(invitations.items), pageLinks(invitations, (page) => to({ page }))] : empty(t("invite.none"), t("invite.noneText"), inviteButton(signal)))
  } else draw(list)
  const search = !isInvitations && searchField(t("people.search"), t("people.searchHint"), given.q, async (text) => {
    given.q = text
    given.page = 1
    replace(to({}))
    draw(await users())
  }, 200)
  return [
    head(t("title.people"), t("people.count", { n: counts[0].total }), isAdmin && html`<div class="row"><a class="btn" href="/admin/people?view=import">${icon("up")}${t("import")}</a>${inviteButton(signal)}</div>`),
    html`<div class="row apart filters">${filters}${search}</div>`, place,
  ]
}
