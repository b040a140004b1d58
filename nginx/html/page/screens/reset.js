// A new password by an admin's link: /reset#TOKEN.

import { field, makeForm, passwordComplaint } from "../form.js"
import { empty } from "../elements.js"
import { html } from "../html.js"
import { post } from "../api.js"
import { go } from "../router.js"
import { t } from "../words.js"
import { toast } from "../notices.js"

/** For a link that lost its end. */
export function brokenLink(title) {
  return [html`<h1 class="vh" tabindex="-1">${title}</h1>`, empty(t("link.broken"), t("link.brokenText"), html`<a class="btn" href="/">${t("signIn.do")}</a>`)]
}

export function newPassword(label, help) {
  return field({ label, name: "new_password", type: "password", help, more: { autocomplete: "new-password" } })
}

export function show() {
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
