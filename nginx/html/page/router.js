// Knows the addresses of the page, their screens and the roles that see them, and the keys that lead there. The addresses
// stand in nginx/snippets/routes.conf too.

import { facts } from "./api.js"
import { html } from "./html.js"
import { knows, t, useWords } from "./words.js"

export const staff = ["admin", "moderator"]
const admins = ["admin"]

function style(name) {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/style/${name}.css` })
  return new Promise((resolve, reject) => {
    link.onload = resolve
    link.onerror = () => reject(new TypeError(link.href))
    document.head.append(link)
  })
}

let ready = null

/** A module of the counter, with the words and styles that a colleague's page does not load. */
export async function behind(name) {
  ready ??= Promise.all([useWords("counter", "office"), style("counter")])
  ready.catch(() => {
    ready = null
  })
  const [module] = await Promise.all([import(`./admin/${name}.js`), ready])
  return module
}

const account = () => import("./screens/account.js")
const coins = () => import("./screens/home.js")
const goods = () => import("./screens/shop.js")
const counter = (name) => () => behind(name)

/**
 * One line a screen; the module that `load` gives has it under its name. `nav` is the part of the front that links to it:
 * `shop` or `counter`. `key` is the letter after g. `open` screens need no session. `bones` is the shape that is shown
 * while a slow screen loads.
 */
export const routes = [
  { path: "/", name: "home", nav: "shop", icon: "home", key: "h", load: coins },
  { path: "/send", name: "send", nav: "shop", icon: "send", key: "s", load: coins },
  { path: "/shop", name: "shop", nav: "shop", icon: "shop", key: "o", bones: "shelf", load: goods },
  { path: "/shop/:code", name: "item", under: "shop", load: goods },
  { path: "/mine", name: "mine", nav: "shop", icon: "mine", key: "m", load: goods },
  { path: "/orders", name: "orders", under: "mine", load: goods },
  { path: "/history", name: "history", nav: "shop", icon: "history", key: "y", load: coins },
  { path: "/me", name: "me", key: "e", load: account },
  { path: "/admin", name: "queue", roles: staff, load: counter("queue") },
  { path: "/admin/queue", name: "queue", nav: "counter", icon: "queue", key: "q", roles: staff, load: counter("queue") },
  { path: "/admin/catalogue", name: "catalogue", nav: "counter", icon: "catalogue", key: "c", roles: admins, load: counter("catalogue") },
  { path: "/admin/catalogue/:id", name: "thing", under: "catalogue", roles: admins, load: counter("catalogue") },
  { path: "/admin/people", name: "people", nav: "counter", icon: "people", key: "p", roles: staff, load: counter("people") },
  { path: "/admin/people/:id", name: "person", under: "people", roles: staff, load: counter("people") },
  { path: "/admin/grants", name: "grants", nav: "counter", icon: "grants", key: "t", roles: admins, load: counter("grants") },
  { path: "/admin/adjust", name: "adjust", under: "people", roles: admins, load: counter("grants") },
  { path: "/admin/reports", name: "reports", nav: "counter", icon: "reports", key: "r", roles: admins, load: counter("reports") },
  { path: "/admin/audit", name: "audit", nav: "counter", icon: "audit", key: "a", roles: admins, load: counter("reports") },
  { path: "/join", name: "join", open: true, load: account },
  { path: "/reset", name: "reset", open: true, load: account },
]
export const signIn = { name: "signIn", open: true, params: {}, load: account }

const nothing = { name: "nothing", load: () => import("./app.js") }

export function sees(route, role) {
  return !route.roles || route.roles.includes(role)
}

function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}

/** The title of a screen, or a shorter name where the title is too long for a link. */
export function linkName({ name }) {
  return knows(`nav.${name}`) ? t(`nav.${name}`) : t(`title.${name}`)
}

export function match(path, role) {
  for (const route of routes) {
    const names = route.path.split("/")
    const parts = path.split("/")
    if (names.length !== parts.length || !sees(route, role)) continue
    if (!names.every((name, index) => (name.startsWith(":") ? parts[index] !== "" : name === parts[index]))) continue
    const params = {}
    for (const [index, name] of names.entries()) if (name.startsWith(":")) params[name.slice(1)] = decoded(parts[index])
    if (!Object.values(params).includes(null)) return { ...route, params }
  }
  return { ...nothing, params: {} }
}

let render = () => {}
let current = new AbortController()

export function start(work) {
  render = work
  history.scrollRestoration = "manual"
  addEventListener("popstate", (event) => show(event.state?.scroll ?? 0))
  document.addEventListener("click", follow)
  return show(history.state?.scroll ?? 0)
}

export async function show(scroll = 0) {
  current.abort()
  current = new AbortController()
  await render(current.signal)
  scrollTo(0, scroll)
}

function keepScroll() {
  history.replaceState({ ...history.state, scroll: scrollY }, "")
}

export function go(address) {
  keepScroll()
  history.pushState({}, "", address)
  return show()
}

export function replace(address) {
  history.replaceState({}, "", address)
}

/** Links of the page go by the router. Those that leave the page, or open beside it, are the browser's. */
function follow(event) {
  const link = event.target.closest?.("a[href]")
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return
  if (match(link.pathname).name === "nothing" && !link.pathname.startsWith("/admin")) return
  event.preventDefault()
  go(link.pathname + link.search)
}

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
    <ul class="lines">${row(["/"], t("keys.search"))}${reachable().map((route) => row(["g", route.key], t("keys.go", { name: linkName(route) })))}${row(["?"], t("keys.list"))}</ul></dialog>`
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
