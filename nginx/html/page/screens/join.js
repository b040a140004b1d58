// Joining by an invitation: /join#TOKEN. What stands behind # is sent to nobody by the browser.

import { accountForm } from "./sign-in.js"
import { brokenLink } from "./reset.js"
import { html } from "../html.js"
import { replace } from "../router.js"
import { t } from "../words.js"

export function show({ enter }) {
  const invitation = location.hash.slice(1)
  if (!invitation) return brokenLink(t("title.join"))
  const form = accountForm({ invitation }, t("join.do"), () => {
    replace("/")
    return enter()
  })
  return html`<div class="stack wide"><h1 tabindex="-1">${t("join.title")}</h1>${form}
    <p class="small muted">${t("signUp.have")} <a href="/">${t("signIn.do")}</a></p></div>`
}
