// A new password by an admin's link: /reset#TOKEN.

import { complainAll, field, passwordComplaint, submitting, values } from "../form.js"
import { empty } from "../elements.js"
import { html } from "../html.js"
import { post } from "../api.js"
import { go } from "../router.js"
import { t } from "../words.js"
import { toast } from "../notices.js"

export function show() {
  const token = location.hash.slice(1)
  if (!token) return empty(t("reset.noToken"), t("reset.noTokenText"), html`<a class="btn" href="/">${t("signIn.do")}</a>`)
  const button = html`<button class="btn primary big wide">${t("reset.do")}</button>`
  const form = html`<form class="stack" novalidate>
    ${field({ label: t("reset.password"), name: "new_password", type: "password", help: t("signUp.passwordHelp"), more: { autocomplete: "new-password" } })}
    <div data-general></div>${button}</form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = values(form)
    if (complainAll(form, { new_password: passwordComplaint(given.new_password) })) return
    submitting(form, button, t("reset.doing"), async () => {
      await post("auth/password-reset", { ...given, token }, { anonymous: true })
      await go("/")
      toast(t("reset.done"))
    })
  })
  return html`<div class="stack wide"><h1 tabindex="-1">${t("reset.title")}</h1>${form}</div>`
}
