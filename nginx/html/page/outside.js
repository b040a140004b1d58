// The pages that nginx shows without the shop: closed for a moment, nothing there.

import { sign } from "./elements.js"
import { closed, useBareStreet } from "./frame.js"
import { html } from "./html.js"
import { startLanguage, t } from "./words.js"

async function again() {
  const answer = await fetch("/api/v1/shop").catch(() => null)
  if (answer?.ok) location.reload()
  else draw[kind]()
}

const draw = {
  closed: () => closed(again),
  nothing: () => useBareStreet(sign(t("nothing.title"), "lemon"),
    html`<div class="empty under"><p>${t("nothing.text")}</p><a class="btn primary" href="/">${t("nothing.home")}</a></div>`),
}
const { kind } = document.documentElement.dataset

await startLanguage()
document.title = `${t(`title.${kind}`)} · Tuckshop`
draw[kind]()
