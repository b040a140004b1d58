// Signing in: single sign-on first, then name and password, a code where the account needs one, and a new account where
// the shop lets people join by themselves.

import { begin, beginAnew, expectSession, facts, isAnother } from "../session.js"
import { field, makeForm, passwordComplaint, whatIsEmpty } from "../form.js"
import { fill, html } from "../html.js"
import { get, post, Refusal } from "../api.js"
import { icon } from "../elements.js"
import { t } from "../words.js"

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
function passwordForm(done, main) {
  const more = html`<div class="stack"></div>`
  const attempt = async (given) => {
    try {
      return await post("auth/session", credentials(given), { anonymous: true, repeatable: true })
    } catch (error) {
      if (/^totp_/.test(error.code ?? "") && !more.querySelector("[name=code]")) {
        const { codeField, secretOf } = await import("./second-factor.js")
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
export function accountForm(more, text, enter) {
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

export async function show({ enter }) {
  const methods = await get("auth/methods", { anonymous: true })
  const screen = html`<div class="stack wide"></div>`
  const done = async (data) => {
    begin(data)
    if (!data.recovery_codes) return enter()
    const { recoveryCodes } = await import("./second-factor.js")
    fill(screen, recoveryCodes("h1", data.recovery_codes, enter)).querySelector("h1").focus()
  }
  const signIn = () => {
    fill(screen, html`<h1 tabindex="-1">${t("signIn.title")}</h1>`, methods.oidc && providerLink(methods.oidc),
      methods.oidc && methods.password && html`<div class="or">${t("signIn.or")}</div>`,
      methods.password && passwordForm(done, !methods.oidc),
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
      const { recoveryCodes } = await import("./second-factor.js")
      dialog.setAttribute("aria-label", t("codes.title"))
      fill(dialog, recoveryCodes("h2", data.recovery_codes, () => dialog.close())).querySelector("h2").focus()
    }
    dialog.firstChild.append(...[methods.oidc && providerLink(methods.oidc), methods.password && passwordForm(done, !methods.oidc)].filter(Boolean))
    dialog.addEventListener("close", () => {
      dialog.remove()
      end()
    })
    document.body.append(dialog)
    dialog.showModal()
    dialog.querySelector("[name=password]")?.focus()
  })
}
