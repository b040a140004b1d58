// An address without a screen, or without one that this role sees.

import { html } from "../html.js"
import { sign } from "../elements.js"
import { t } from "../words.js"

export function show() {
  return html`<div>${sign(t("nothing.title"), "lemon")}<div class="empty under"><p>${t("nothing.text")}</p>
    <a class="btn primary" href="/shop">${t("nothing.shop")}</a></div></div>`
}
