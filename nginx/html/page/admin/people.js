// People: everybody with an account, the invitations, one person, and many people by one table. Moderators only read.

import { ask, facts, get, post, query } from "../api.js"
import { avatar, badge, button, card, crumb, empty, head, hidden, icon, line, lines, linkButton, picks, price, sum, table, toast } from "../elements.js"
import { askTwice, field, makeForm, nameOf, submitButton } from "../form.js"
import { classifiers, thumb, variantName } from "../goods.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { knows, moment, number, step, t } from "../words.js"
import { brief, linkToCopy, mail, notice, openDialog, pageLinks, personCell, searchField, shownTabs, stat, tableForm, withMail, workButton } from "./counter.js"
import { changesOf } from "./reports.js"

const roles = ["user", "moderator", "admin"]
const colours = { admin: "lilac", moderator: "sky", service: "toffee" }
const sorts = { name: { sort_by: "username", sort_order: "asc" }, joined: { sort_by: "created_at", sort_order: "desc" }, role: { sort_by: "role", sort_order: "asc" } }
const dayLengths = [7, 1, 30]

function badgesOf(user) {
  return [colours[user.role] && badge(t(`role.${user.role}`), colours[user.role]), user.is_active ? null : badge(t("people.deactivated"), "rose")]
}

const hasOtherEmail = (user) => user.email && user.email !== user.username

function rows(list, values, to) {
  const isAdmin = facts.me.role === "admin"
  const sorted = (name) => html`<a href="${to({ sort: name })}" data-sort="${name}">${t(`people.${name}`)}${values.sort === name ? " ↓" : ""}</a>`
  const made = table(t("title.people"), [
    { title: sorted("name"), kind: "lead", cell: (user) => personCell(nameOf(user), user.username, `/admin/people/${user.id}`) },
    // Where addresses are the usernames, they stand below the names already.
    ...(list.some(hasOtherEmail) ? [{ title: t("signUp.email"), kind: "email", look: "muted mail", cell: (user) => (hasOtherEmail(user) ? mail(user.email) : null) }] : []),
    { title: sorted("joined"), label: t("people.joined"), look: "muted num", cell: (user) => step(user.created_at) },
    { title: sorted("role"), kind: "side", cell: badgesOf },
    ...(isAdmin ? [{ title: hidden(t("do")), kind: "act desk", cell: (user) => user.is_active && linkButton([t("people.grant"), hidden(nameOf(user))], "/admin/grants" + query({ to: user.username }), "quiet") }] : []),
  ], list)
  made.querySelector(`th:has([data-sort=${values.sort}])`).setAttribute("aria-sort", sorts[values.sort].sort_order === "asc" ? "ascending" : "descending")
  return made
}

function rolePicks(list, chosen, choose, more) {
  return picks("role", t("people.role"), list.map((value) => ({ value, name: t(`role.${value}`) })), chosen, choose, more)
}

function showLink(link, label, when, place) {
  fill(place, linkToCopy(label, link, t("invite.linkText", { when: when(link.expires_at) })))
  place.querySelector("input").focus()
}

function inviteDialog(signal) {
  const select = html`<select class="select">${dayLengths.map((days) => html`<option value="${days * 86_400}">${t("days", { n: days })}</option>`)}</select>`
  const form = makeForm({
    content: [field({ label: t("signUp.email"), name: "email", type: "email", help: t("invite.emailHelp"), more: { autocomplete: "off" } }),
      rolePicks(roles, "user"), field({ label: t("invite.validFor"), name: "expires_in", control: select })],
    button: submitButton(t("invite.do"), "primary big wide"), verb: t("invite.doing"),
    work: async ({ email, role, expires_in: seconds }) => showLink(await post("invitations", { ...(email ? { email } : {}), role, expires_in: Number(seconds) }), t("invite.link"), step, place),
  })
  const place = html`<div>${form}</div>`
  const dialog = openDialog(t("invite.title"), signal, place)
  dialog.addEventListener("close", () => place.querySelector(".link-box") && !signal.aborted && go("/admin/people?view=invitations"))
}

function inviteButton(signal) {
  return button([icon("plus"), t("invite")], () => inviteDialog(signal), "primary")
}

function invitationRows(list) {
  const mark = { open: "mint", used: "sky", ended: "toffee", expired: "toffee" }
  const end = (invitation) => {
    if (invitation.state !== "open") return null
    const work = async () => {
      await ask("DELETE", `invitations/${invitation.id}`)
      go("/admin/people?view=invitations")
    }
    return workButton({ text: [t("invite.end"), hidden(invitation.email ?? t("invite.anybody"))], look: "quiet danger", verb: t("invite.ending"), work })
  }
  return table(t("people.invitations"), [
    { title: t("invite.for"), kind: "lead", look: "mail", cell: (one) => html`<b>${one.email ? mail(one.email) : t("invite.anybody")}</b>` },
    { title: t("people.role"), look: "muted", cell: (one) => t(`role.${one.role}`) },
    { title: t("invite.by"), look: "muted mail", cell: (one) => mail(one.created_by ?? t("audit.program")) },
    { title: t("invite.until"), look: "muted num", cell: (one) => step(one.expires_at) },
    { title: t("orders.states"), kind: "side", cell: (one) => [badge(t(`invite.state.${one.state}`), mark[one.state]), one.used_by && html`<small class="subject">${mail(one.used_by)}</small>`] },
    { title: hidden(t("do")), kind: "act", cell: end },
  ], list)
}

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
  const all = linkButton(t("showAll"), to({ q: "", view: "" }))
  const draw = (found) => fill(place, found.items.length
    ? [rows(found.items, given, to), pageLinks(found, (page) => to({ page }))]
    : given.q ? empty(t("people.noSuch"), t("people.noSuchText", { name: given.q }), all) : empty(t("people.noneHere"), t("people.noneHereText"), all))
  const tab = (one, count) => ({ name: t(`people.${one || "everybody"}`), href: to({ view: one, q: "" }), count, current: one === view })
  const filters = shownTabs(t("catalogue.filter"), [...Object.keys(parts).map((one, index) => tab(one, counts[index].total)), ...(isAdmin ? [tab("invitations", invitations.total)] : [])])
  if (isInvitations) {
    fill(place, invitations.items.length ? [invitationRows(invitations.items), pageLinks(invitations, (page) => to({ page }))] : empty(t("invite.none"), t("invite.noneText"), inviteButton(signal)))
  } else draw(list)
  const search = !isInvitations && searchField(t("people.search"), t("signIn.name"), given.q, async (text) => {
    given.q = text
    given.page = 1
    replace(to({}))
    draw(await users())
  }, 200)
  return [
    head(t("title.people"), t("people.count", { n: counts[0].total }), isAdmin && html`<div class="row">${linkButton([icon("up"), t("import")], "/admin/people?view=import")}${inviteButton(signal)}</div>`),
    html`<div class="row apart filters">${filters}${search}</div>`, place,
  ]
}

async function change(user, body, done) {
  await ask("PATCH", `users/${user.id}`, { body })
  toast(done)
  again()
}

function nameForm(user) {
  return makeForm({
    look: "card stack",
    content: [html`<h2>${t("person.who")}</h2>`, field({ label: t("me.name"), name: "full_name", value: user.full_name ?? "", more: { maxlength: 100, autocomplete: "off" } }),
      field({ label: t("signUp.email"), name: "email", type: "email", value: user.email ?? "", more: { autocomplete: "off" } })],
    button: html`<div>${submitButton(t("person.save"), "")}</div>`, verb: t("thing.saving"),
    work: (given) => change(user, Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== (user[name] ?? ""))), t("thing.saved", { name: nameOf(user) })),
  })
}

function roleForm(user) {
  const list = user.role === "service" ? [...roles, "service"] : roles
  const place = html`<div></div>`
  const choices = html`<div></div>`
  const draw = () => fill(choices, rolePicks(list, user.role, choose, { hiddenLegend: true }))
  function choose(role) {
    if (role === user.role) return fill(place)
    const words = { name: nameOf(user), role: t(`role.${role}`) }
    askTwice(place, {
      question: t("role.ask", words), note: t("role.note"),
      yes: { text: t("role.do"), verb: t("thing.saving"), work: () => change(user, { role }, t("role.done", words)) },
      back: () => {
        fill(place)
        draw()
        choices.querySelector("input:checked").focus()
      },
    })
  }
  draw()
  return card(t("people.role"), choices, html`<p class="muted">${t("role.text")}</p>`, place)
}

function account(user) {
  const [name, short] = [nameOf(user), brief(nameOf(user))]
  const place = html`<div></div>`
  const set = (isActive, done) => change(user, { is_active: isActive }, t(done, { name }))
  const off = button(`${t("person.off", { name: short })}…`, () => askTwice(place, {
    question: t("person.askOff", { name }), note: t("person.offNote"), danger: true, back: () => fill(place, off), backText: t("person.keep"),
    yes: { text: t("person.offDo"), verb: t("person.offDoing"), work: () => set(false, "person.offDone") },
  }), "danger")
  fill(place, user.is_active ? off : workButton({ text: t("person.on", { name: short }), verb: t("thing.saving"), work: () => set(true, "person.onDone") }))
  return card(t("person.account"), html`<p class="muted">${t(user.is_active ? "person.activeText" : "person.offText")}</p>`, place)
}

function passwordLink(user) {
  const work = async () => showLink(await post(`users/${user.id}/password-reset`), t("person.resetLink", { name: nameOf(user) }), moment, place)
  const place = html`<div>${workButton({ text: [icon("key"), t("person.reset")], verb: t("invite.doing"), work })}</div>`
  return card(t("signIn.password"), html`<p class="muted">${t("person.resetText")}</p>`, place)
}

function identityLine(user, identity) {
  const work = async () => {
    await ask("DELETE", `users/${user.id}/identities/${identity.n}`)
    toast(t("identity.unlinked"))
    again()
  }
  const name = html`<span class="mail">${identity.subject}</span>`
  return line(null, name, html`<span class="mail">${identity.issuer} · ${step(identity.linked_at)}</span>`,
    workButton({ text: [t("identity.unlink"), hidden(identity.subject)], look: "quiet danger", verb: t("identity.unlinking"), work }))
}

function identities(user, list) {
  const text = (name) => field({ label: t(`identity.${name}`), name, help: t(`identity.${name}Help`), more: { maxlength: 255, autocomplete: "off" } })
  const form = makeForm({
    content: [text("issuer"), text("subject")], button: html`<div>${submitButton([icon("link"), t("identity.link")], "")}</div>`, verb: t("identity.linking"),
    work: async (given) => {
      await post(`users/${user.id}/identities`, given)
      toast(t("identity.linked"))
      again()
    },
  })
  return card(t("identity.title"), list.length ? lines(list.map((one) => identityLine(user, one))) : html`<p class="muted">${t("identity.none")}</p>`,
    html`<details><summary>${t("identity.add")}</summary>${form}</details>`)
}

function belongings(user, { coins: balance, items }, names) {
  const held = (one) => line(thumb(one), one.name, [variantName(names, one), one.section !== "main" && t(`adjust.section.${one.section}`)].filter(Boolean).join(" · "), sum(number(one.quantity)))
  return html`<section class="card stack"><div class="row apart"><h2>${t("person.holdings")}</h2><b>${price(balance)}</b></div>${items.length ? lines(items.map(held)) : html`<p class="muted">${t("person.holdsNothing")}</p>`}
    <div>${linkButton(t("adjust.title"), "/admin/adjust" + query({ user: user.id }))}</div></section>`
}

async function showPerson({ params, signal, title }) {
  const isAdmin = facts.me.role === "admin"
  const path = `users/${encodeURIComponent(params.id)}`
  const more = isAdmin ? [get(`${path}/identities`, { signal }), changesOf(params.id, signal), get(`${path}/holdings`, { signal }), classifiers()] : []
  const [user, linked, latest, held, names] = await Promise.all([get(path, { signal }), ...more])
  title(nameOf(user))
  const known = [...new Set([user.username, user.email])].filter((one) => one && one !== nameOf(user)).join(" · ")
  const top = html`<div class="head"><div class="person">${avatar(nameOf(user), "large")}<div><h1 tabindex="-1">${nameOf(user)}</h1>${known && html`<p class="mail">${known}</p>`}<p class="row">${badgesOf(user)}<span class="small">${t("person.since", { when: step(user.created_at) })}</span></p></div></div>
    ${isAdmin && user.is_active && linkButton([icon("grants"), t("people.grant")], "/admin/grants" + query({ to: user.username }), "primary")}</div>`
  const above = [crumb("/admin/people", t("title.people")), top]
  if (!isAdmin) return [above, html`<p class="muted">${t("person.onlyAdmins")}</p>`]
  return [above, html`<div class="two even"><div class="stack wide">${nameForm(user)}${roleForm(user)}${account(user)}</div><div class="stack wide">${belongings(user, held, names)}${passwordLink(user)}${identities(user, linked.items)}${latest}</div></div>`]
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
  if (!created) return fill(place, notice("lemon", "info", html`<b>${t("import.nobody")}</b>`))
  askTwice(place, {
    question: t("import.ask", { n: created }), note: [t("import.note"), known > 0 && [" ", t("import.knownText", { n: known })]], back,
    yes: { text: t("import.do", { n: created }), verb: t("stock.adding"), work: async () => {
      const done = await make()
      if (done.wrong) return fill(place, notice("rose", "alert", html`<b>${t("import.changed")}</b>`))
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
      stat(t("import.known"), number(known), t("import.stay")),
    ]
  }
  return [
    crumb("/admin/people", t("title.people")), head(t("import.title"), t("import.text")),
    tableForm({
      needs: columns, rules: t("import.rules"), lastStep: t("import.step"), wrongText: (n) => t("import.wrong", { n }), check, confirm, stats,
      columns: [
        { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => withMail(row.full_name || "–", row.email || "–") },
        { title: t("people.role"), kind: "side", look: "muted", cell: (row) => (knows(`role.${row.role || "user"}`) ? t(`role.${row.role || "user"}`) : row.role) },
      ],
    }),
  ]
}

export const screens = { people: showPeople, person: showPerson }
