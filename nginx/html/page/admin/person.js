// One person: name and role, whether they may come in, how they sign in. Moderators only read it.

import { ask, get, post, query } from "../api.js"
import { avatar, icon, picks, price } from "../elements.js"
import { badgesOf } from "./people.js"
import { changesOf } from "./changes.js"
import { classifiers, thumb, variantName } from "../goods.js"
import { field, submitting, values } from "../form.js"
import { facts } from "../session.js"
import { fill, html } from "../html.js"
import { askTwice, brief, linkToCopy, workButton } from "./counter.js"
import { moment, number, step, t } from "../words.js"
import { show as again } from "../router.js"
import { toast } from "../notices.js"

const nameOf = (user) => user.full_name ?? user.username

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

export async function show({ params, signal, title }) {
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
