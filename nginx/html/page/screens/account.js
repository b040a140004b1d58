// Signing in: single sign-on first, then name and password, a code where the account needs one, and a new account where
// the shop lets people join by themselves.
// Joining by an invitation: /join#TOKEN. What stands behind # is sent to nobody by the browser.
// A new password by an admin's link: /reset#TOKEN.
// Me: look and language, the password, and where I am signed in.
// The second factor of an admin: a secret for an app, the code that proves it, codes to keep, and the way out.

import { announce, ask, begin, beginAnew, expectSession, facts, get, isAnother, post, Refusal, signOut } from "../api.js"
import { avatar, badge, empty, icon, picks, toast } from "../elements.js"
import { deed, field, makeForm, passwordComplaint, whatIsEmpty } from "../form.js"
import { myName } from "../frame.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { ago, chooseLanguage, chooseTheme, currentLanguage, currentTheme, languageNames, t } from "../words.js"

/** A page that shows a secret, such as a link to join, is no place to come back to. */
function returnPath() {
  const place = location.pathname + location.search
  return ["/join", "/reset"].includes(location.pathname) ? "/" : place
}

function providerLink({ name, url }) {
  const address = `${url}?return=${encodeURIComponent(returnPath())}`
  return html`<a class="btn primary big wide" href="${address}" target="_self" @click=${expectSession}>${icon("key")}${t("signIn.with", { name })}</a>`
}

/** A user with an address as name may be known by it only, so an @ decides. */
function credentials({ name, password, code }) {
  return { ...(name.includes("@") ? { email: name } : { username: name }), password, ...(code ? { code } : {}) }
}

/** `done` gets the answer; `main` makes its button the first thing to do. */
function signInForm(done, main) {
  const more = html`<div class="stack"></div>`
  const attempt = async (given) => {
    try {
      return await post("auth/session", credentials(given), { anonymous: true, repeatable: true })
    } catch (error) {
      if (/^totp_/.test(error.code ?? "") && !more.querySelector("[name=code]")) {
        fill(more, error.problem.secret && [html`<p>${t("factor.needed")}</p>`, secretOf(error.problem)], codeField(error.problem.secret && t("factor.codeHelp")))
        more.querySelector("input").focus()
        if (error.code === "totp_required" || error.problem.secret) return null
      }
      throw error
    }
  }
  return makeForm({
    content: [
      field({ label: t("signIn.name"), name: "name", value: facts.me?.username ?? "", more: { autocomplete: "username", autocapitalize: "off", spellcheck: "false" } }),
      field({ label: t("signIn.password"), name: "password", type: "password", more: { autocomplete: "current-password" } }),
      more,
    ],
    button: html`<button class="btn wide ${main ? "primary big" : ""}">${t("signIn.do")}</button>`, verb: t("signIn.doing"),
    check: whatIsEmpty,
    work: async (given) => {
      const data = await attempt(given)
      if (data) await done(data)
    },
  })
}

/** The form of somebody new, here and where an invitation leads. `more` goes with what is typed. */
function accountForm(more, text, enter) {
  return makeForm({
    content: [
      field({ label: t("signUp.name"), name: "full_name", help: t("signUp.nameHelp"), more: { autocomplete: "name" } }),
      field({ label: t("signUp.email"), name: "email", type: "email", more: { autocomplete: "email" } }),
      field({ label: t("signIn.password"), name: "password", type: "password", help: t("signUp.passwordHelp"), more: { autocomplete: "new-password" } }),
    ],
    button: html`<button class="btn primary big wide">${text}</button>`, verb: t("signUp.doing"),
    check: ({ full_name: name, email, password }) => ({
      full_name: name ? undefined : t("form.missing"),
      email: !email ? t("form.missing") : /^[^@\s]+@[^@\s]+$/.test(email) ? undefined : t("form.email.wrong"),
      password: passwordComplaint(password),
    }),
    work: async (given) => {
      const quietly = { anonymous: true, repeatable: true }
      const taken = await post("auth/register", { ...given, ...more }, quietly).catch((error) => {
        if (!["email_taken", "invitation_refused"].includes(error.code)) throw error
        return error
      })
      const { email, password } = given
      // A lost answer may have made the account: then the password opens it. If it does not, the first answer counts.
      begin(await post("auth/session", { email, password }, quietly).catch((error) => {
        throw taken instanceof Refusal ? taken : error
      }))
      await enter()
    },
  })
}

function signUpForm(enter, back) {
  return [html`<h1 tabindex="-1">${t("signUp.title")}</h1>`, accountForm({}, t("signUp.do"), enter),
    html`<p class="small muted">${t("signUp.have")} <button type="button" class="link" @click=${back}>${t("signIn.do")}</button></p>`]
}

function note(methods, signUp) {
  const open = methods.sign_up === "open" && methods.password
  const make = open && html`<button type="button" class="link" @click=${signUp}>${t("signUp.title")}</button>`
  return html`<p class="small muted">${open ? [t("signIn.new"), " ", make, ". "] : methods.sign_up === "invited" ? t("signIn.invited") + " " : ""}${methods.password && t("signIn.forgot")}</p>`
}

async function showSignIn({ enter }) {
  const methods = await get("auth/methods", { anonymous: true })
  const screen = html`<div class="stack wide"></div>`
  const done = async (data) => {
    begin(data)
    if (!data.recovery_codes) return enter()
    fill(screen, recoveryCodes("h1", data.recovery_codes, enter)).querySelector("h1").focus()
  }
  const signIn = () => {
    fill(screen, html`<h1 tabindex="-1">${t("signIn.title")}</h1>`, methods.oidc && providerLink(methods.oidc),
      methods.oidc && methods.password && html`<div class="or">${t("signIn.or")}</div>`,
      methods.password && signInForm(done, !methods.oidc),
      !methods.oidc && !methods.password && html`<p>${t("signIn.none")}</p>`,
      note(methods, signUp))
    screen.querySelector("h1").focus()
  }
  const signUp = () => fill(screen, signUpForm(enter, signIn)).querySelector("h1").focus()
  signIn()
  return screen
}

/** Over the screen of somebody whose session ended: true after a new sign-in. Only one is open at a time. */
let opened = null
export function signInDialog() {
  opened ??= openDialog().finally(() => {
    opened = null
  })
  return opened
}

async function openDialog() {
  const methods = await get("auth/methods", { anonymous: true })
  return new Promise((resolve) => {
    const dialog = html`<dialog aria-labelledby="again-title"><div class="stack"><h2 id="again-title">${t("signIn.ended")}</h2><p class="muted">${t("signIn.endedText")}</p></div></dialog>`
    let end = () => resolve(false)
    const done = async (data) => {
      if (isAnother(data)) end = beginAnew
      else {
        begin(data)
        end = () => resolve(true)
      }
      if (!data.recovery_codes) return dialog.close()
        dialog.setAttribute("aria-label", t("codes.title"))
      fill(dialog, recoveryCodes("h2", data.recovery_codes, () => dialog.close())).querySelector("h2").focus()
    }
    dialog.firstChild.append(...[methods.oidc && providerLink(methods.oidc), methods.password && signInForm(done, !methods.oidc)].filter(Boolean))
    dialog.addEventListener("close", () => {
      dialog.remove()
      end()
    })
    document.body.append(dialog)
    dialog.showModal()
    dialog.querySelector("[name=password]")?.focus()
  })
}

function showJoin({ enter }) {
  const invitation = location.hash.slice(1)
  if (!invitation) return brokenLink(t("title.join"))
  const form = accountForm({ invitation }, t("join.do"), () => {
    replace("/")
    return enter()
  })
  return html`<div class="stack wide"><h1 tabindex="-1">${t("join.title")}</h1>${form}
    <p class="small muted">${t("signUp.have")} <a href="/">${t("signIn.do")}</a></p></div>`
}

/** For a link that lost its end. */
function brokenLink(title) {
  return [html`<h1 class="vh" tabindex="-1">${title}</h1>`, empty(t("link.broken"), t("link.brokenText"), html`<a class="btn" href="/">${t("signIn.do")}</a>`)]
}

function newPassword(label, help) {
  return field({ label, name: "new_password", type: "password", help, more: { autocomplete: "new-password" } })
}

function showReset() {
  const token = location.hash.slice(1)
  if (!token) return brokenLink(t("title.reset"))
  const form = makeForm({
    content: newPassword(t("reset.password"), t("signUp.passwordHelp")),
    button: html`<button class="btn primary big wide">${t("reset.do")}</button>`, verb: t("reset.doing"),
    check: (given) => ({ new_password: passwordComplaint(given.new_password) }),
    work: async (given) => {
      await post("auth/password-reset", { ...given, token }, { anonymous: true })
      await go("/")
      toast(t("reset.done"))
    },
  })
  return html`<div class="stack wide"><h1 tabindex="-1">${t("reset.title")}</h1>${form}</div>`
}

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
  return factorCard(await get("auth/totp", { signal }), () => again())
}

function leave() {
  signOut().catch(() => toast(t("me.stillIn")))
}

async function showMe({ signal }) {
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

function codeField(help = t("signIn.codeHelp")) {
  return field({ label: t("signIn.code"), name: "code", help, more: { autocomplete: "one-time-code", spellcheck: "false" } })
}

/** The secret in groups of four, for people who type it, and as a link for an app on this device. */
function secretOf({ secret, otpauth_url: url }) {
  return html`<div class="stack tight"><p>${t("factor.secret")} <a href="${url}">${t("factor.open")}</a></p>
    <code class="secret" translate="no">${secret.match(/.{1,4}/g).join(" ")}</code></div>`
}

/** Shown once: each code takes the place of the app once. `level` is that of the heading. */
function recoveryCodes(level, codes, goOn) {
  const title = document.createElement(level)
  title.tabIndex = -1
  title.textContent = t("codes.title")
  return html`<div class="stack">${title}<p>${t("codes.text")}</p><ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <div><button class="btn primary" type="button" @click=${goOn}>${t("codes.kept")}</button></div></div>`
}

/** The part of the settings. `again` shows the settings anew. */
function factorCard({ enrolled, recovery_codes_left: left }, again) {
  const place = html`<div></div>`
  const form = (look, text, path, before, after) => {
    const made = makeForm({
      content: [before, codeField(enrolled ? undefined : t("factor.codeHelp"))],
      button: html`<div class="row"><button class="btn ${look}">${text}</button><button type="button" class="btn quiet" @click=${again}>${t("back")}</button></div>`,
      verb: t("factor.doing"), check: whatIsEmpty, work: async (given) => after(await path(given)),
    })
    fill(place, made)
    made.querySelector("input").focus()
  }
  const keep = ({ recovery_codes: codes }) => fill(place, recoveryCodes("h3", codes, again)).querySelector("h3").focus()
  const begin = async () => {
    const secret = await post("auth/totp")
    form("primary", t("factor.on"), (given) => post("auth/totp/confirm", given), secretOf(secret), keep)
  }
  const renew = () => form("primary", t("factor.renew"), (given) => post("auth/totp/recovery-codes", given), null, keep)
  const remove = () => form("danger", t("factor.remove"), (given) => ask("DELETE", "auth/totp", { body: given }), null, () => {
    again()
    toast(t("factor.removed"))
  })
  fill(place, enrolled
    ? html`<div class="row"><button type="button" class="btn" @click=${renew}>${t("factor.renew")}</button><button type="button" class="btn quiet danger" @click=${remove}>${t("factor.remove")}</button></div>`
    : deed(html`<div><button class="btn">${t("factor.begin")}</button></div>`, t("factor.doing"), begin))
  return html`<section class="card stack"><div class="row apart"><h2>${t("factor.title")}</h2>${enrolled && badge(t("factor.isOn"), "mint", "check")}</div>
    <p class="muted">${enrolled ? t("factor.left", { n: left }) : t("factor.text")}</p>${place}</section>`
}

export const screens = { signIn: showSignIn, join: showJoin, reset: showReset, me: showMe }
