// Me: look and language, the password, and where I am signed in.

import { ask, get } from "../api.js"
import { ago, chooseLanguage, currentLanguage, languageNames, t } from "../words.js"
import { avatar, badge, icon, picks } from "../elements.js"
import { chooseTheme, currentTheme } from "../theme.js"
import { announce, facts, signOut } from "../session.js"
import { deed, field, makeForm, passwordComplaint, whatIsEmpty } from "../form.js"
import { html } from "../html.js"
import { myName } from "../frame.js"
import { newPassword } from "./reset.js"
import { show as again } from "../router.js"
import { toast } from "../notices.js"

/** Programs may have many sessions; the button below the list ends those that it does not show as well. */
const mostSessions = 8

function look() {
  const themes = ["device", "light", "dark"].map((value) => ({ value, name: t(`me.theme.${value}`) }))
  const languages = Object.entries(languageNames).map(([value, name]) => ({ value, name }))
  const choose = async (code) => {
    await chooseLanguage(code)
    await again()
    document.querySelector("[name=language]:checked")?.focus()
  }
  return html`<section class="card stack"><h2>${t("me.look")}</h2>${picks("theme", t("me.theme"), themes, currentTheme(), chooseTheme)}
    ${picks("language", t("me.language"), languages, currentLanguage(), choose)}</section>`
}

function nameForm() {
  return makeForm({
    look: "card stack",
    content: [html`<h2>${t("me.name")}</h2>`, field({ label: t("me.fullName"), name: "full_name", value: facts.me.full_name ?? "", more: { autocomplete: "name" } })],
    button: html`<div><button class="btn">${t("me.changeName")}</button></div>`, verb: t("me.changing"), check: whatIsEmpty,
    work: async (given) => {
      facts.me = await ask("PATCH", "auth/me", { body: given })
      announce("me")
      await again()
      toast(t("me.nameChanged"))
    },
  })
}

function passwordForm() {
  return makeForm({
    look: "card stack",
    content: [html`<h2>${t("signIn.password")}</h2><input class="vh" type="text" autocomplete="username" value="${facts.me.username}" tabindex="-1" aria-hidden="true">`,
      field({ label: t("me.passwordNow"), name: "current_password", type: "password", more: { autocomplete: "current-password" } }),
      newPassword(t("reset.password"), t("me.passwordHelp"))],
    button: html`<div><button class="btn">${t("me.changePassword")}</button></div>`, verb: t("me.changing"),
    check: (given) => ({ current_password: given.current_password ? undefined : t("form.missing"), new_password: passwordComplaint(given.new_password) }),
    work: async (given) => {
      await ask("PUT", "auth/password", { body: given })
      await again()
      toast(t("me.changed"))
    },
  })
}

/** “Firefox on Linux” from what a browser says about itself. */
function device(agent) {
  const browser = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([sign]) => agent?.includes(sign))?.[1]
  const system = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]].find(([sign]) => agent?.includes(sign))?.[1]
  return browser && system ? t("me.device", { browser, system }) : browser ?? system ?? t("me.program")
}

function sessionLine(session) {
  const name = device(session.user_agent)
  const isPhone = /iPhone|iPad|Android/.test(session.user_agent ?? "")
  const end = deed(html`<button class="btn quiet danger">${t("me.end")}<span class="vh"> ${name}</span></button>`, t("me.ending"), async () => {
    await ask("DELETE", `auth/sessions/${session.id}`)
    again()
  })
  return html`<li><span class="avatar ${session.current ? "mint" : "sky"}" aria-hidden="true">${icon(isPhone ? "phone" : "laptop")}</span>
    <div class="what"><b>${name}</b><small>${[t("me.seen", { when: ago(session.last_seen_at) }), session.address].filter(Boolean).join(" · ")}</small></div>
    ${session.current ? badge(t("me.thisOne"), "mint") : end}</li>`
}

function sessionList(sessions) {
  const others = sessions.filter((one) => !one.current).length
  const end = deed(html`<div><button class="btn danger">${t("me.endOthers", { n: others })}</button></div>`, t("me.ending"), async () => {
    await ask("DELETE", "auth/sessions")
    again()
  })
  const shown = [...sessions].sort((a, b) => b.current - a.current).slice(0, mostSessions)
  return html`<section class="card"><h2>${t("me.sessions")}</h2><ul class="lines">${shown.map(sessionLine)}</ul>${others > 0 && [html`<hr>`, end]}</section>`
}

/** Only admins may have a second factor, and only they load what it needs. */
async function factor(signal) {
  if (facts.me.role !== "admin") return null
  const [{ factorCard }, state] = await Promise.all([import("./second-factor.js"), get("auth/totp", { signal })])
  return factorCard(state, () => again())
}

function leave() {
  signOut().catch(() => toast(t("me.stillIn")))
}

export async function show({ signal }) {
  const [methods, { items }, second] = await Promise.all([
    get("auth/methods", { anonymous: true, signal }), get("auth/sessions", { signal }), factor(signal),
  ])
  return [
    html`<div class="head"><div class="person">${avatar(myName(), "large")}<div><h1 tabindex="-1">${myName()}</h1>
      <p>${[facts.me.username, facts.me.email].filter((one, index, all) => one && all.indexOf(one) === index).join(" · ")}</p></div></div>
      <button type="button" class="btn" @click=${leave}>${icon("out")}${t("me.signOut")}</button></div>`,
    html`<div class="two even"><div class="stack wide">${look()}${nameForm()}${methods.password && passwordForm()}</div>
      <div class="stack wide">${sessionList(items)}${second}</div></div>`,
  ]
}
