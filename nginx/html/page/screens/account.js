// The ways in, and the settings of the user. What stands behind # in a link is sent to nobody by the browser.

import { announce, ask, begin, beginAnew, expectSession, facts, get, isAnother, post, Refusal, signOut } from "../api.js"
import { avatar, badge, button, card, empty, hidden, icon, line, lines, linkButton, picks, toast } from "../elements.js"
import { deed, field, makeForm, nameOf, passwordComplaint, submitButton, whatIsEmpty } from "../form.js"
import { fill, html } from "../html.js"
import { go, replace, show as again } from "../router.js"
import { ago, chooseLanguage, chooseTheme, currentLanguage, currentTheme, languageNames, t } from "../words.js"

/** A page that shows a secret, such as a link to join, is no place to come back to. */
function returnPath() {
  return ["/join", "/reset"].includes(location.pathname) ? "/" : location.pathname + location.search
}

function providerLink({ name, url }) {
  const address = `${url}?return=${encodeURIComponent(returnPath())}`
  return html`<a class="btn primary big wide" href="${address}" target="_self" @click=${expectSession}>${icon("key")}${t("signIn.with", { name })}</a>`
}

function passwordField(label, name, autocomplete, help) {
  return field({ label, name, type: "password", help, more: { autocomplete } })
}

/** A user with an address as name may be known by it only, so an @ decides. */
function credentials({ name, password, code }) {
  return { ...(name.includes("@") ? { email: name } : { username: name }), password, ...(code ? { code } : {}) }
}

function signInForm(done, main) {
  const more = html`<div class="stack"></div>`
  const attempt = async (given) => {
    try {
      return await post("auth/session", credentials(given), { anonymous: true, repeatable: true })
    } catch (error) {
      if (/^totp_/.test(error.code ?? "") && !more.querySelector("[name=code]")) {
        const { secret } = error.problem
        fill(more, secret && [html`<p>${t("factor.needed")}</p>`, secretOf(error.problem)], codeField(secret && t("factor.codeHelp")))
        more.querySelector("input").focus()
        if (error.code === "totp_required" || secret) return null
      }
      throw error
    }
  }
  return makeForm({
    content: [
      field({ label: t("signIn.name"), name: "name", value: facts.me?.username ?? "", more: { autocomplete: "username", autocapitalize: "off", spellcheck: "false" } }),
      passwordField(t("signIn.password"), "password", "current-password"), more,
    ],
    button: submitButton(t("signIn.do"), `wide ${main ? "primary big" : ""}`), verb: t("signIn.doing"), check: whatIsEmpty,
    work: async (given) => {
      const data = await attempt(given)
      if (data) await done(data)
    },
  })
}

function accountForm(more, text, enter) {
  return makeForm({
    content: [
      field({ label: t("signUp.name"), name: "full_name", help: t("signUp.nameHelp"), more: { autocomplete: "name" } }),
      field({ label: t("signUp.email"), name: "email", type: "email", more: { autocomplete: "email" } }),
      passwordField(t("signIn.password"), "password", "new-password", t("signUp.passwordHelp")),
    ],
    button: submitButton(text, "primary big wide"), verb: t("signUp.doing"),
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
  const say = (...content) => fill(screen, ...content).querySelector("h1").focus()
  const done = (data) => {
    begin(data)
    return data.recovery_codes ? say(recoveryCodes("h1", data.recovery_codes, enter)) : enter()
  }
  const signIn = () => say(html`<h1 tabindex="-1">${t("signIn.title")}</h1>`, methods.oidc && providerLink(methods.oidc),
    methods.oidc && methods.password && html`<div class="or">${t("signIn.or")}</div>`,
    methods.password && signInForm(done, !methods.oidc),
    !methods.oidc && !methods.password && html`<p>${t("signIn.none")}</p>`,
    note(methods, () => say(signUpForm(enter, signIn))))
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
    let end = () => resolve(false)
    const done = (data) => {
      if (isAnother(data)) end = beginAnew
      else {
        begin(data)
        end = () => resolve(true)
      }
      if (!data.recovery_codes) return dialog.close()
      dialog.setAttribute("aria-label", t("codes.title"))
      fill(dialog, recoveryCodes("h2", data.recovery_codes, () => dialog.close())).querySelector("h2").focus()
    }
    const dialog = html`<dialog aria-labelledby="again-title"><div class="stack"><h2 id="again-title">${t("signIn.ended")}</h2><p class="muted">${t("signIn.endedText")}</p>
      ${methods.oidc && providerLink(methods.oidc)}${methods.password && signInForm(done, !methods.oidc)}</div></dialog>`
    dialog.addEventListener("close", () => {
      dialog.remove()
      end()
    })
    document.body.append(dialog)
    dialog.showModal()
    dialog.querySelector("[name=password]")?.focus()
  })
}

function brokenLink(title) {
  return [html`<h1 class="vh" tabindex="-1">${title}</h1>`, empty(t("link.broken"), t("link.brokenText"), linkButton(t("signIn.do"), "/"))]
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

function showReset() {
  const token = location.hash.slice(1)
  if (!token) return brokenLink(t("title.reset"))
  const form = makeForm({
    content: passwordField(t("title.reset"), "new_password", "new-password", t("signUp.passwordHelp")),
    button: submitButton(t("reset.do"), "primary big wide"), verb: t("reset.doing"),
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
  return card(t("me.look"), picks("theme", t("me.theme"), themes, currentTheme(), chooseTheme),
    picks("language", t("me.language"), languages, currentLanguage(), choose))
}

function settingForm(title, fields, text, check, done, work) {
  return makeForm({
    look: "card stack", content: [html`<h2>${title}</h2>`, fields], button: html`<div>${submitButton(text, "")}</div>`, verb: t("me.changing"), check,
    work: async (given) => {
      await work(given)
      await again()
      toast(done)
    },
  })
}

function nameForm() {
  const name = field({ label: t("me.fullName"), name: "full_name", value: facts.me.full_name ?? "", more: { autocomplete: "name" } })
  return settingForm(t("me.name"), name, t("me.changeName"), whatIsEmpty, t("me.nameChanged"), async (given) => {
    facts.me = await ask("PATCH", "auth/me", { body: given })
    announce("me")
  })
}

function passwordForm() {
  const fields = [html`<input class="vh" type="text" autocomplete="username" value="${facts.me.username}" tabindex="-1" aria-hidden="true">`,
    passwordField(t("me.passwordNow"), "current_password", "current-password"),
    passwordField(t("title.reset"), "new_password", "new-password", t("me.passwordHelp"))]
  const check = (given) => ({ ...whatIsEmpty(given), new_password: passwordComplaint(given.new_password) })
  return settingForm(t("signIn.password"), fields, t("me.changePassword"), check, t("me.changed"), (given) => ask("PUT", "auth/password", { body: given }))
}

const browsers = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]
const systems = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]]

function device(agent) {
  const [browser, system] = [browsers, systems].map((list) => list.find(([sign]) => agent?.includes(sign))?.[1])
  return browser && system ? t("me.device", { browser, system }) : browser ?? system ?? t("me.program")
}

function sessionLine(session) {
  const name = device(session.user_agent)
  const isPhone = /iPhone|iPad|Android/.test(session.user_agent ?? "")
  const end = deed(submitButton([t("me.end"), hidden(name)], "quiet danger"), t("me.ending"), async () => {
    await ask("DELETE", `auth/sessions/${session.id}`)
    again()
  })
  return line(html`<span class="avatar ${session.current ? "mint" : "sky"}" aria-hidden="true">${icon(isPhone ? "phone" : "laptop")}</span>`, name,
    [t("me.seen", { when: ago(session.last_seen_at) }), session.address].filter(Boolean).join(" · "),
    session.current ? badge(t("me.thisOne"), "mint") : end)
}

function sessionList(sessions) {
  const others = sessions.filter((one) => !one.current).length
  const end = deed(html`<div>${submitButton(t("me.endOthers", { n: others }), "danger")}</div>`, t("me.ending"), async () => {
    await ask("DELETE", "auth/sessions")
    again()
  })
  const shown = [...sessions].sort((a, b) => b.current - a.current).slice(0, mostSessions)
  return html`<section class="card"><h2>${t("me.sessions")}</h2>${lines(shown.map(sessionLine))}${others > 0 && [html`<hr>`, end]}</section>`
}

async function showMe({ signal }) {
  const [methods, { items }, factor] = await Promise.all([
    get("auth/methods", { anonymous: true, signal }), get("auth/sessions", { signal }),
    // Only admins may have a second factor.
    facts.me.role === "admin" ? get("auth/totp", { signal }) : null,
  ])
  const leave = () => signOut().catch(() => toast(t("me.stillIn")))
  const known = [...new Set([facts.me.username, facts.me.email])].filter(Boolean)
  return [
    html`<div class="head"><div class="person">${avatar(nameOf(facts.me), "large")}<div><h1 tabindex="-1">${nameOf(facts.me)}</h1>
      <p>${known.join(" · ")}</p></div></div>${button([icon("out"), t("me.end")], leave)}</div>`,
    html`<div class="two even"><div class="stack wide">${look()}${nameForm()}${methods.password && passwordForm()}</div>
      <div class="stack wide">${sessionList(items)}${factor && factorCard(factor)}</div></div>`,
  ]
}

function codeField(help = t("signIn.codeHelp")) {
  return field({ label: t("signIn.code"), name: "code", help, more: { autocomplete: "one-time-code", spellcheck: "false" } })
}

function secretOf({ secret, otpauth_url: url }) {
  return html`<div class="stack tight"><p>${t("factor.secret")} <a href="${url}">${t("factor.open")}</a></p>
    <code class="secret" translate="no">${secret.match(/.{1,4}/g).join(" ")}</code></div>`
}

function recoveryCodes(level, codes, goOn) {
  const title = Object.assign(document.createElement(level), { tabIndex: -1, textContent: t("codes.title") })
  return html`<div class="stack">${title}<p>${t("codes.text")}</p><ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <div>${button(t("codes.kept"), goOn, "primary")}</div></div>`
}

function factorCard({ enrolled, recovery_codes_left: left }) {
  const place = html`<div></div>`
  const readAgain = () => again()
  const form = (look, text, send, after, before) => {
    fill(place, makeForm({
      content: [before, codeField(enrolled ? undefined : t("factor.codeHelp"))],
      button: html`<div class="row">${submitButton(text, look)}${button(t("back"), readAgain, "quiet")}</div>`,
      verb: t("factor.doing"), check: whatIsEmpty, work: async (given) => after(await send(given)),
    }))
    place.querySelector("input").focus()
  }
  const keep = ({ recovery_codes: codes }) => fill(place, recoveryCodes("h3", codes, readAgain)).querySelector("h3").focus()
  const begin = async () => {
    const secret = await post("auth/totp")
    form("primary", t("factor.on"), (given) => post("auth/totp/confirm", given), keep, secretOf(secret))
  }
  const renew = () => form("primary", t("factor.renew"), (given) => post("auth/totp/recovery-codes", given), keep)
  const remove = () => form("danger", t("factor.remove"), (given) => ask("DELETE", "auth/totp", { body: given }), () => {
    again()
    toast(t("factor.removed"))
  })
  fill(place, enrolled
    ? html`<div class="row">${button(t("factor.renew"), renew)}${button(t("factor.remove"), remove, "quiet danger")}</div>`
    : deed(html`<div>${submitButton(t("factor.begin"), "")}</div>`, t("factor.doing"), begin))
  return html`<section class="card stack"><div class="row apart"><h2>${t("factor.title")}</h2>${enrolled && badge(t("factor.isOn"), "mint", "check")}</div>
    <p class="muted">${enrolled ? t("factor.left", { n: left }) : t("factor.text")}</p>${place}</section>`
}

export const screens = { signIn: showSignIn, join: showJoin, reset: showReset, me: showMe }
