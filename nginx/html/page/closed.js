// Knows the signs for a shop that does not answer. They try again by themselves.

import { html } from "./html.js"
import { icon, sign } from "./elements.js"
import { t } from "./words.js"
import { useBareStreet } from "./frame.js"

const seconds = 8

function counting(retry) {
  const left = html`<span></span>`
  let rest = seconds
  const say = () => { left.textContent = t("closed.again", { n: rest }) }
  const attempt = () => {
    clearInterval(timer)
    retry()
  }
  const timer = setInterval(() => {
    rest -= 1
    if (!left.isConnected) clearInterval(timer)
    else if (rest > 0) say()
    else attempt()
  }, 1000)
  say()
  return html`<div class="empty under"><p>${t("closed.text")} ${left}</p><button class="btn" type="button" @click=${attempt}>${t("closed.now")}</button></div>`
}

/** In the place of the whole page, before the shop has said anything. */
export function closed(retry) {
  if (!navigator.onLine) return offline(retry)
  useBareStreet(sign(t("closed.title"), "sky"), counting(retry))
}

export function offline(retry) {
  addEventListener("online", retry, { once: true })
  useBareStreet(sign(t("offline.sign"), "toffee"),
    html`<div class="empty under"><p>${t("offline.look")}</p><button class="btn" type="button" @click=${retry}>${t("closed.now")}</button></div>`)
}

/** In the place of a screen that could not be read. With the line the screen comes as well, if nobody has left. */
export function trouble(error, retry) {
  const text = error.status >= 400 && error.status < 500 ? error.message : t(navigator.onLine ? "trouble.text" : "offline.look")
  const made = html`<div>${sign(t("trouble.title"), "rose")}<div class="empty under"><p>${text}</p>
    <button class="btn primary" type="button" @click=${retry}>${icon("clock")}${t("closed.now")}</button></div></div>`
  addEventListener("online", () => made.isConnected && retry(), { once: true })
  return made
}
