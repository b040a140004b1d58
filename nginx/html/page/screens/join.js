// Joining by an invitation: /join#TOKEN. What stands behind # is sent to nobody by the browser.

import { begin } from "../session.js"
import { complainAll, submitting, values } from "../form.js"
import { empty } from "../elements.js"
import { html } from "../html.js"
import { personComplaints, personFields } from "./sign-in.js"
import { post } from "../api.js"
import { replace } from "../router.js"
import { t } from "../words.js"

export function show({ enter }) {
  const invitation = location.hash.slice(1)
  if (!invitation) return empty(t("join.noToken"), t("join.noTokenText"), html`<a class="btn" href="/">${t("signIn.do")}</a>`)
  const button = html`<button class="btn primary big wide">${t("join.do")}</button>`
  const form = html`<form class="stack" novalidate>${personFields()}<div data-general></div>${button}</form>`
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const given = values(form)
    if (complainAll(form, personComplaints(given))) return
    submitting(form, button, t("signUp.doing"), async () => {
      await post("auth/register", { ...given, invitation }, { anonymous: true })
      begin(await post("auth/session", { email: given.email, password: given.password }, { anonymous: true, repeatable: true }))
      replace("/")
      await enter()
    })
  })
  return html`<div class="stack wide"><h1 tabindex="-1">${t("join.title")}</h1>${form}
    <p class="small muted">${t("signUp.have")} <a href="/">${t("signIn.do")}</a></p></div>`
}
