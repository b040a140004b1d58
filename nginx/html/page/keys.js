// Knows the keyboard: / searches, g and a letter go to a screen, ? lists the keys.

import { facts } from "./session.js"
import { go, routes, sees } from "./router.js"
import { html } from "./html.js"
import { t } from "./words.js"

let waitsForLetter = 0

function isTyping(target) {
  return target.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, dialog")
}

/** By its place on the keyboard, so that g works with Cyrillic letters as well. */
function letter(event) {
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key
}

function reachable() {
  return routes.filter((route) => route.key && sees(route, facts.me.role))
}

function showKeys() {
  const row = (keys, text) => html`<li><span class="what">${text}</span><span>${keys.map((key) => [html`<kbd>${key}</kbd>`, " "])}</span></li>`
  const dialog = html`<dialog aria-labelledby="keys-title"><div class="row apart"><h2 id="keys-title">${t("keys.title")}</h2>
    <form method="dialog"><button class="btn quiet">${t("close")}</button></form></div>
    <ul class="lines">${row(["/"], t("keys.search"))}${reachable().map((route) => row(["g", route.key], t("keys.go", { name: t(`nav.${route.name}`) })))}${row(["?"], t("keys.list"))}</ul></dialog>`
  dialog.addEventListener("close", () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

function search() {
  const field = document.querySelector("[data-search]")
  if (field) field.focus()
  else go("/send")
}

addEventListener("keydown", (event) => {
  if (!facts.me || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  const isSecond = Date.now() < waitsForLetter
  waitsForLetter = 0
  const route = isSecond && reachable().find((one) => one.key === letter(event))
  if (route) go(route.path)
  else if (event.key === "/") search()
  else if (event.key === "?") showKeys()
  else if (letter(event) === "g") {
    waitsForLetter = Date.now() + 1500
    return
  } else return
  event.preventDefault()
})
