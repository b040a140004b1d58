// The second factor of an admin: a secret for an app, the code that proves it, codes to keep, and the way out.

import { ask, post } from "../api.js"
import { badge } from "../elements.js"
import { deed, field, makeForm, whatIsEmpty } from "../form.js"
import { fill, html } from "../html.js"
import { t } from "../words.js"
import { toast } from "../notices.js"

export function codeField(help = t("signIn.codeHelp")) {
  return field({ label: t("signIn.code"), name: "code", help, more: { autocomplete: "one-time-code", spellcheck: "false" } })
}

/** The secret in groups of four, for people who type it, and as a link for an app on this device. */
export function secretOf({ secret, otpauth_url: url }) {
  return html`<div class="stack tight"><p>${t("factor.secret")} <a href="${url}">${t("factor.open")}</a></p>
    <code class="secret" translate="no">${secret.match(/.{1,4}/g).join(" ")}</code></div>`
}

/** Shown once: each code takes the place of the app once. `level` is that of the heading. */
export function recoveryCodes(level, codes, goOn) {
  const title = document.createElement(level)
  title.tabIndex = -1
  title.textContent = t("codes.title")
  return html`<div class="stack">${title}<p>${t("codes.text")}</p><ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <div><button class="btn primary" type="button" @click=${goOn}>${t("codes.kept")}</button></div></div>`
}

/** The part of the settings. `again` shows the settings anew. */
export function factorCard({ enrolled, recovery_codes_left: left }, again) {
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
