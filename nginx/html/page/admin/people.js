// People: everybody with an account, by search and page; and the invitations, for admins.
// One person: name and role, whether they may come in, how they sign in. Moderators only read it.
// Many people by one table, such as the list that the office has already. Nothing is made unless every row is good.

import { askTwice, brief, linkToCopy, mail, openDialog, pageLinks, personCell, searchField, shownTabs, stat, tableForm, workButton } from "./counter.js"
import { changesOf } from "./reports.js"
import { ask, facts, get, post, query } from "../api.js"
import { avatar, badge, empty, head, icon, picks, price, table, toast } from "../elements.js"
import { field, nameOf, submitting, values } from "../form.js"
import { classifiers, thumb, variantName } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { knows, moment, number, step, t } from "../words.js"

const roles = ["user", "moderator", "admin"]
const colours = { admin: "lilac", moderator: "sky", service: "toffee" }
const sorts = { name: { sort_by: "username", sort_order: "asc" }, joined: { sort_by: "created_at", sort_order: "desc" }, role: { sort_by: "role", sort_order: "asc" } }
const dayLengths = [7, 1, 30]

/** Role and state of somebody, as badges; nothing for a colleague like any other. */
function badgesOf(user) {
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

async function showPeople({ query: address, signal }) {
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

async function change(user, body, done) {
  await ask("PATCH", `users/${user.id}`, { body })
  toast(done)
  again()
}

function nameForm(user) {
  const button = html`<button class="btn">${t("person.save")}</button>`
  const form = html`<form class="card stack" novalidate><h2>${t("person.who")}</h2>
    ${field({ label: t("people.name"), name: "full_name", value: user.full_name ?? "", more: { maxlength: 100, autocomplete: "off" } })}
    ${field({ label: t("signUp.email"), name: "email", type: "email", value: user.email ?? "", more: { autocomplete: "off" } })}<div data-general></div><div>${button}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = Object.entries(values(form)).filter(([name, value]) => value !== (user[name] ?? ""))
    submitting(form, button, t("thing.saving"), () => change(user, Object.fromEntries(given), t("thing.saved", { name: nameOf(user) })))
  })
  return form
}

/** A new role, with a second step: it ends the person's sessions. */
function roleForm(user) {
  const list = ["user", "moderator", "admin", ...(user.role === "service" ? ["service"] : [])]
  const place = html`<div></div>`
  const made = html`<section class="card stack"><h2>${t("people.role")}</h2></section>`
  const draw = () => fill(made, html`<h2>${t("people.role")}</h2>`, picks("role", t("people.role"), list.map((value) => ({ value, name: t(`role.${value}`) })), user.role, choose, { hiddenLegend: true }), html`<p class="muted">${t("role.text")}</p>`, place)
  function choose(role) {
    if (role === user.role) return fill(place)
    const back = () => {
      fill(place)
      draw()
      made.querySelector("input:checked").focus()
    }
    askTwice(place, {
      question: t("role.ask", { name: nameOf(user), role: t(`role.${role}`) }), note: t("role.note"), back,
      yes: { text: t("role.do"), verb: t("thing.saving"), work: () => change(user, { role }, t("role.done", { name: nameOf(user), role: t(`role.${role}`) })) },
    })
  }
  draw()
  return made
}

function account(user) {
  const [name, short] = [nameOf(user), brief(nameOf(user))]
  const place = html`<div></div>`
  const off = html`<button type="button" class="btn danger">${t("person.off", { name: short })}…</button>`
  const close = () => {
    fill(place, off)
    off.focus()
  }
  off.addEventListener("click", () => askTwice(place, {
    question: t("person.askOff", { name }), note: t("person.offNote"), danger: true, back: close, backText: t("person.keep"),
    yes: { text: t("person.offDo"), verb: t("person.offDoing"), work: () => change(user, { is_active: false }, t("person.offDone", { name })) },
  }))
  fill(place, user.is_active ? off : workButton({ text: t("person.on", { name: short }), verb: t("thing.saving"), work: () => change(user, { is_active: true }, t("person.onDone", { name })) }))
  return html`<section class="card stack"><h2>${t("person.account")}</h2><p class="muted">${t(user.is_active ? "person.activeText" : "person.offText")}</p>${place}</section>`
}

function passwordLink(user) {
  const work = async () => {
    const link = await post(`users/${user.id}/password-reset`)
    fill(place, linkToCopy(t("person.resetLink", { name: nameOf(user) }), link, t("person.resetLinkText", { when: moment(link.expires_at) })))
    place.querySelector("input").focus()
  }
  const place = html`<div>${workButton({ text: [icon("key"), t("person.reset")], verb: t("person.resetting"), work })}</div>`
  return html`<section class="card stack"><h2>${t("signIn.password")}</h2><p class="muted">${t("person.resetText")}</p>${place}</section>`
}

function identityLine(user, identity) {
  const work = async () => {
    await ask("DELETE", `users/${user.id}/identities/${identity.n}`)
    toast(t("identity.unlinked"))
    again()
  }
  const form = workButton({ text: [t("identity.unlink"), html`<span class="vh"> ${identity.subject}</span>`], look: "quiet danger", verb: t("identity.unlinking"), work })
  return html`<li><div class="what"><b class="mail">${identity.subject}</b><small class="mail">${identity.issuer} · ${step(identity.linked_at)}</small></div>${form}</li>`
}

/** The ways in from elsewhere, such as the company's sign-on. */
function identities(user, list) {
  const button = html`<button class="btn">${icon("link")}${t("identity.link")}</button>`
  const form = html`<form class="stack" novalidate>${field({ label: t("identity.issuer"), name: "issuer", help: t("identity.issuerHelp"), more: { maxlength: 255, autocomplete: "off" } })}
    ${field({ label: t("identity.subject"), name: "subject", help: t("identity.subjectHelp"), more: { maxlength: 255, autocomplete: "off" } })}<div data-general></div><div>${button}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    submitting(form, button, t("identity.linking"), async () => {
      await post(`users/${user.id}/identities`, values(form))
      toast(t("identity.linked"))
      again()
    })
  })
  return html`<section class="card stack"><h2>${t("identity.title")}</h2>${list.length ? html`<ul class="lines">${list.map((one) => identityLine(user, one))}</ul>` : html`<p class="muted">${t("identity.none")}</p>`}
    <details><summary>${t("identity.add")}</summary>${form}</details></section>`
}

/** The belongings of a person, with the way to put it right. */
function belongings(user, { coins: balance, items }, names) {
  const line = (one) => html`<li>${thumb(one)}<div class="what"><b>${one.name}</b><small>${[variantName(names, one), one.section === "main" ? null : t(`adjust.section.${one.section}`)].filter(Boolean).join(" · ")}</small></div><span class="sum num">${number(one.quantity)}</span></li>`
  return html`<section class="card stack"><div class="row apart"><h2>${t("person.holdings")}</h2><b>${price(balance)}</b></div>${items.length ? html`<ul class="lines">${items.map(line)}</ul>` : html`<p class="muted">${t("person.holdsNothing")}</p>`}
    <div><a class="btn" href="/admin/adjust${query({ user: user.id })}">${t("people.adjust")}</a></div></section>`
}

async function showPerson({ params, signal, title }) {
  const isAdmin = facts.me.role === "admin"
  const path = `users/${encodeURIComponent(params.id)}`
  const forAdmins = (work) => (isAdmin ? work() : null)
  const [user, linked, latest, held, names] = await Promise.all([
    get(path, { signal }), forAdmins(() => get(`${path}/identities`, { signal })), forAdmins(() => changesOf(params.id, signal)), forAdmins(() => get(`${path}/holdings`, { signal })), classifiers(),
  ])
  title(nameOf(user))
  const known = [...new Set([user.username, user.email])].filter((one) => one && one !== nameOf(user)).join(" · ")
  const top = html`<div class="head"><div class="person">${avatar(nameOf(user), "large")}<div><h1 tabindex="-1">${nameOf(user)}</h1>${known && html`<p class="mail">${known}</p>`}<p class="row">${badgesOf(user)}<span class="small">${t("person.since", { when: step(user.created_at) })}</span></p></div></div>
    ${isAdmin && user.is_active && html`<a class="btn primary" href="/admin/grants${query({ to: user.username })}">${icon("grants")}${t("people.grant")}</a>`}</div>`
  const crumb = html`<p class="crumb"><a href="/admin/people">${icon("back")}${t("title.people")}</a></p>`
  if (!isAdmin) return [crumb, top, html`<p class="muted">${t("person.onlyAdmins")}</p>`]
  return [crumb, top, html`<div class="two even"><div class="stack wide">${nameForm(user)}${roleForm(user)}${account(user)}</div><div class="stack wide">${belongings(user, held, names)}${passwordLink(user)}${identities(user, linked.items)}${latest}</div></div>`]
}

const columns = ["email", "full_name", "role", "username"]

/** The shop's sentences about a text in a row: what the text is not and why, which row has it already, or that it is taken. */
const aboutText = /‘(.*?)’ is (?:no (e-mail address|full name|username|role)(?:: ([^.]*))?|on row (\d+) already|taken: [a-z ]+)\./gsu
const rules = {
  long: /too long|at most/, unseen: /control|invisible/, blank: /be blank/, edges: /begin or end/, forms: /plain letters/, mixed: /mix/,
}
const others = {
  "The e-mail address is missing.": "import.addressMissing",
  "The full name is missing.": "import.nameMissing",
  "Another request just took this name or address.": "import.overtaken",
}

/** A row's mistakes in the words of the page. The shop counts the rows that it got; people count those of their file. */
function explained(detail, rows) {
  const told = detail.replace(aboutText, (_, text, what, rule = "", n) => {
    if (n) return t("import.twice", { text, row: rows[n - 1]?.number })
    if (!what) return t("import.taken", { text })
    const why = Object.keys(rules).find((name) => rules[name].test(rule))
    return [t(`import.no.${what}`, { text }), why && t(`import.why.${why}`)].filter(Boolean).join(" ")
  })
  return Object.entries(others).reduce((text, [sentence, key]) => text.replace(sentence, t(key)), told)
}

/** The members that a row has; the shop chooses the others. */
const userOf = (row) => Object.fromEntries(columns.filter((name) => row[name]).map((name) => [name, row[name]]))

async function check(rows) {
  const body = { users: rows.map(userOf) }
  const found = await post("users/import?dry_run=true", body, { repeatable: true })
  for (const [index, { status, detail }] of found.items.entries()) {
    if (status === "wrong") rows[index].wrong = explained(detail, rows)
    if (status === "known") rows[index].note = t("import.known")
  }
  return found.wrong ? null : { ...found, make: () => post("users/import?dry_run=false", body, { repeatable: true }) }
}

function confirm(place, { created, known, make }, back) {
  if (!created) return fill(place, html`<div class="banner lemon" role="alert">${icon("info")}<p><b>${t("import.nobody")}</b></p></div>`)
  askTwice(place, {
    question: t("import.ask", { n: created }), note: [t("import.note"), known > 0 && [" ", t("import.knownText", { n: known })]], back,
    yes: { text: t("import.do", { n: created }), verb: t("import.doing"), work: async () => {
      const done = await make()
      if (done.wrong) return fill(place, html`<div class="banner rose" role="alert">${icon("alert")}<p><b>${t("import.changed")}</b></p></div>`)
      await go("/admin/people?sort=joined")
      toast(t("import.done", { n: done.created }))
    } },
  })
}

function showImport() {
  const stats = (rows, good, file) => {
    const known = good.filter((row) => row.note).length
    return [
      stat(t("import.new"), number(good.length - known), t("table.ofRows", { n: rows.length, name: file })),
      stat(t("import.knownTitle"), number(known), t("import.stay")),
      stat(t("table.wrongRows"), number(rows.length - good.length), t("table.leftOut"), rows.length > good.length ? "bad" : ""),
    ]
  }
  return [
    html`<p class="crumb"><a href="/admin/people">${icon("back")}${t("title.people")}</a></p>`, head(t("import.title"), t("import.text")),
    tableForm({
      needs: columns, rules: t("import.rules"), lastStep: t("import.step"), wrongText: (n) => t("import.wrong", { n }), check, confirm, stats,
      columns: [
        { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => html`<div class="person"><div><b>${row.full_name || "–"}</b><small class="mail">${mail(row.email || "–")}</small></div></div>` },
        { title: t("people.role"), kind: "side", look: "muted", cell: (row) => (knows(`role.${row.role || "user"}`) ? t(`role.${row.role || "user"}`) : row.role) },
      ],
    }),
  ]
}

export const screens = { people: showPeople, person: showPerson }
