// Me: look and language, the password, and where I am signed in.

import { ask, get } from "../api.js"
import { ago, chooseLanguage, currentLanguage, languageNames, t } from "../words.js"
import { avatar, badge, icon, picks } from "../elements.js"
import { chooseTheme, currentTheme } from "../theme.js"
import { complainAll, field, passwordComplaint, submitting, values } from "../form.js"
import { facts, signOut } from "../session.js"
import { html } from "../html.js"
import { myName } from "../frame.js"
import { show as again } from "../router.js"
import { toast } from "../notices.js"

/** Programs may have many sessions; the button below the list ends those that it does not show as well. */
const mostSessions = 8

function look() {
  const themes = ["device", "light", "dark"].map((value) => ({ value, name: t(`me.theme.${value}`) }))
  const languages = Object.entries(languageNames).map(([value, name]) => ({ value, name }))
  const choose = async (code) => {
    chooseLanguage(code)
    await again()
    document.querySelector("[name=language]:checked")?.focus()
  }
  return html`<section class="card stack"><h2>${t("me.look")}</h2>${picks("theme", t("me.theme"), themes, currentTheme(), chooseTheme)}
    ${picks("language", t("me.language"), languages, currentLanguage(), choose)}</section>`
}

function passwordForm() {
  const button = html`<button class="btn">${t("me.changePassword")}</button>`
  const form = html`<form class="card stack" novalidate><h2>${t("signIn.password")}</h2>
    <input class="vh" type="text" autocomplete="username" value="${facts.me.username}" tabindex="-1" aria-hidden="true">
    ${field({ label: t("me.passwordNow"), name: "current_password", type: "password", more: { autocomplete: "current-password" } })}
    ${field({ label: t("reset.password"), name: "new_password", type: "password", help: t("me.passwordHelp"), more: { autocomplete: "new-password" } })}
    <div data-general></div><div>${button}</div></form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = values(form)
    const complaints = { current_password: given.current_password ? undefined : t("form.missing"), new_password: passwordComplaint(given.new_password) }
    if (complainAll(form, complaints)) return
    submitting(form, button, t("me.changing"), async () => {
      await ask("PUT", "auth/password", { body: given })
      form.reset()
      toast(t("me.changed"))
      again()
    })
  })
  return form
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
  const button = html`<button type="button" class="btn quiet danger">${t("me.end")}<span class="vh"> ${name}</span></button>`
  const line = html`<li><span class="avatar ${session.current ? "mint" : "sky"}" aria-hidden="true">${icon(isPhone ? "phone" : "laptop")}</span>
    <div class="what"><b>${name}</b><small>${[t("me.seen", { when: ago(session.last_seen_at) }), session.address].filter(Boolean).join(" · ")}</small></div>
    ${session.current ? badge(t("me.thisOne"), "mint") : html`<form>${button}</form>`}</li>`
  button.addEventListener("click", () => submitting(line, button, t("me.ending"), async () => {
    await ask("DELETE", `auth/sessions/${session.id}`)
    again()
  }))
  return line
}

function sessionList(sessions) {
  const others = sessions.filter((one) => !one.current).length
  const button = html`<button type="button" class="btn danger">${t("me.endOthers", { n: others })}</button>`
  const form = html`<form>${button}</form>`
  button.addEventListener("click", () => submitting(form, button, t("me.ending"), async () => {
    await ask("DELETE", "auth/sessions")
    again()
  }))
  const shown = [...sessions].sort((a, b) => b.current - a.current).slice(0, mostSessions)
  return html`<section class="card"><h2>${t("me.sessions")}</h2><ul class="lines">${shown.map(sessionLine)}</ul>${others > 0 && [html`<hr>`, form]}</section>`
}

function leave() {
  signOut().catch(() => toast(t("me.stillIn")))
}

export async function show({ signal }) {
  const [methods, { items }] = await Promise.all([get("auth/methods", { anonymous: true, signal }), get("auth/sessions", { signal })])
  return [
    html`<div class="head"><div class="person">${avatar(myName(), "large")}<div><h1 tabindex="-1">${myName()}</h1>
      <p>${[facts.me.username, facts.me.email].filter((one, index, all) => one && all.indexOf(one) === index).join(" · ")}</p></div></div>
      <button type="button" class="btn" @click=${leave}>${icon("out")}${t("me.signOut")}</button></div>`,
    html`<div class="two even"><div class="stack wide">${look()}${methods.password && passwordForm()}</div>${sessionList(items)}</div>`,
  ]
}
