// Draws what stands around a screen: the front of the shop with its links, the house on the street for people outside, and
// the signs for a shop that does not answer. Then starts the page.

import { changes, facts, get, readCoins, refresh, Refusal, whenSessionEnds } from "./api.js"
import { avatar, button, dropToast, hidden, icon, linkButton, mark, places, sign, skeleton } from "./elements.js"
import { nameOf } from "./form.js"
import { fill, html, nodes } from "./html.js"
import { behind, linkName, match, routes, sees, show, signIn, staff, start } from "./router.js"
import { chooseLanguage, coins, currentLanguage, languageNames, setAccent, setCoinWord, startLanguage, t } from "./words.js"

const counts = new Map()

const screen = html`<div id="screen"></div>`
/** The front stands only inside the shop. */
let front = null

function link(route) {
  return html`<li><a href="${route.path}" data-route="${route.name}">${icon(route.icon)}<span>${linkName(route)}</span>${countMark(route)}</a></li>`
}

function countMark({ name }) {
  const count = counts.get(name)
  return count ? html`<span class="count"><span class="vh">${t("nav.waiting")}</span>${count}</span>` : null
}

function visible(part) {
  return routes.filter((route) => route.nav === part && sees(route, facts.me.role))
}

function whoLink() {
  const name = nameOf(facts.me)
  return html`<a class="who" href="/me" data-route="me">${avatar(name)}<span class="text"><b>${name}</b> <span class="num">${facts.coins == null ? "" : coins(facts.coins)}</span></span>${hidden(t("title.me"))}</a>`
}

function makeFront() {
  const counter = visible("counter")
  const first = counter[0]
  return html`<header class="front"><a class="sign" href="/">${mark()}<span>${facts.shop.company}</span></a>
    <nav class="nav shopnav" aria-label="${t("nav.shopPart")}"><ul>${visible("shop").map(link)}</ul></nav>
    ${first && html`<nav class="nav counternav" aria-label="${t("nav.counterPart")}"><h2 aria-hidden="true">${t("nav.counterPart")}</h2><ul>${counter.map(link)}</ul></nav>`}
    ${first && html`<a class="to-counter" href="${first.path}">${icon(first.icon)}${hidden(t("nav.counterPart"))}${countMark(first)}</a>`}
    ${whoLink()}</header>`
}

function markCurrent(route) {
  const name = route?.under ?? route?.name
  for (const one of front.querySelectorAll("a[data-route]")) {
    if (one.dataset.route === name) one.setAttribute("aria-current", "page")
    else one.removeAttribute("aria-current")
  }
  const isCounter = Boolean(front.querySelector(".counternav [aria-current]"))
  document.body.classList.toggle("at-counter", isCounter)
  if (isCounter) front.querySelector(".counternav [aria-current]").scrollIntoView({ inline: "center", block: "nearest" })
}

let currentRoute = null

function redrawFront() {
  if (!front || !facts.me) return
  const focused = front.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null
  const made = makeFront()
  front.replaceWith(made)
  front = made
  markCurrent(currentRoute)
  if (focused) front.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus()
}

changes.addEventListener("coins", () => {
  const old = front?.querySelector(".who .num")
  if (old && facts.coins != null) old.textContent = coins(facts.coins)
})

changes.addEventListener("me", redrawFront)

export function setCount(name, count) {
  if (counts.get(name) === count) return
  counts.set(name, count)
  redrawFront()
}

function skip() {
  const jump = (event) => {
    event.preventDefault()
    document.querySelector("#main").focus()
  }
  return html`<a class="skip" href="#main" @click=${jump}>${t("skip")}</a>`
}

function useApp(route) {
  currentRoute = route
  const kind = `app ${facts.me.id} ${currentLanguage()}`
  if (document.body.dataset.frame !== kind) {
    document.body.dataset.frame = kind
    document.body.className = "app"
    front = makeFront()
    fill(document.body, skip(), front, html`<main id="main" tabindex="-1">${places.banners}${screen}</main>`, places.toasts)
  }
  markCurrent(route)
}

function languages(again) {
  const choose = (code) => async () => {
    await chooseLanguage(code)
    again()
  }
  const button = ([code, name]) => html`<button type="button" class="btn quiet" lang="${code}" aria-pressed="${code === currentLanguage()}" @click=${choose(code)}>${name}</button>`
  return html`<div class="row languages" role="group" aria-label="${t("me.language")}">${Object.entries(languageNames).map(button)}</div>`
}

function leaveApp() {
  front = null
  delete document.body.dataset.frame
  document.body.className = "street"
}

function useStreet(again, withWindow) {
  leaveApp()
  const goods = ["hoody", "cup", "umbrella", "book", "socks"]
  const inside = html`<div class="inside" id="screen"></div>`
  fill(document.body, html`<main id="main" tabindex="-1">${places.banners}<div class="house">
    <div class="over">${mark()}${facts.shop?.company ?? "Tuckshop"}</div><div class="awning" aria-hidden="true"></div>
    ${withWindow && html`<div class="window" aria-hidden="true">${goods.map((name) => html`<img src="/goods/${name}.svg" width="64" height="64" alt="">`)}</div>`}
    ${inside}</div>${languages(again)}</main>`, places.toasts)
  return inside
}

function useBareStreet(...content) {
  leaveApp()
  fill(document.body, html`<main id="main" tabindex="-1">${content}</main>`)
}

function place(content, { focus = true, before } = {}) {
  fill(screen, content)
  const same = before && screen.querySelector(before)
  if (same) same.focus({ preventScroll: true })
  else if (focus) takeFocus()
}

/** The heading gets the focus after a change of the address, so that programs which read aloud begin there. */
function takeFocus() {
  if (document.querySelector("#main [autofocus]")) document.querySelector("#main [autofocus]").focus()
  else (document.querySelector("#main h1") ?? document.querySelector("#main"))?.focus({ preventScroll: true })
}

const seconds = 8

/** A sign in the place of a screen, with a sentence and one thing to do. */
function hung(title, colour, text, act) {
  return [sign(t(title), colour), html`<div class="empty under"><p>${text}</p>${act}</div>`]
}

/** In the place of the whole page, before the shop has said anything. It tries again by itself. */
function closed(retry) {
  const again = (act) => button(t("closed.now"), act)
  if (!navigator.onLine) {
    addEventListener("online", retry, { once: true })
    return useBareStreet(hung("offline.sign", "toffee", t("offline.look"), again(retry)))
  }
  const left = html`<span></span>`
  let rest = seconds
  const say = () => { left.textContent = t("busy.again", { n: rest }) }
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
  useBareStreet(hung("closed.title", "sky", [t("closed.text"), " ", left], again(attempt)))
}

/** In the place of a screen that could not be read. With the line the screen comes as well, if nobody has left. */
function trouble(error, retry) {
  const text = error.status >= 400 && error.status < 500 ? error.message : t(navigator.onLine ? "trouble.text" : "offline.look")
  const made = html`<div>${hung("trouble.title", "rose", text, button([icon("clock"), t("closed.now")], retry, "primary"))}</div>`
  addEventListener("online", () => made.isConnected && retry(), { once: true })
  return made
}

function showNothing() {
  return html`<div>${hung("nothing.title", "lemon", t("nothing.text"), linkButton(t("nothing.shop"), "/shop", "primary"))}</div>`
}

export const screens = { nothing: showNothing }

/** The first screen leaves the focus where the browser puts it, so that Tab begins with the skip link. */
let isFirst = true

function setTitle(name) {
  document.title = `${name} · ${facts.shop.company}`
}

/**
 * Every screen gets this. `title` names the screen if its route cannot. Screens inside also get `balance`, a promise that
 * is kept when the coins are read.
 */
function contextOf(route, signal) {
  return { params: route.params, query: new URLSearchParams(location.search), signal, title: setTitle }
}

async function showOutside(route, signal, focus) {
  try {
    const { screens: shown } = await route.load()
    const content = await shown[route.name]({ ...contextOf(route, signal), enter })
    if (signal.aborted) return
    useStreet(() => show(), route.name === "signIn").append(...nodes(content))
    if (focus) takeFocus()
  } catch (error) {
    if (!(error instanceof Refusal) && !(error instanceof TypeError)) throw error
    if (!signal.aborted) closed(() => show())
  }
}

let lastPath = null
function focusedBefore() {
  const focused = document.activeElement
  if (lastPath !== location.pathname) return null
  return focused?.id ? `#${CSS.escape(focused.id)}` : focused?.closest(".tabs") ? ".tabs [aria-current]" : null
}

async function showInside(route, signal, focus) {
  const before = focusedBefore()
  lastPath = location.pathname
  useApp(route)
  const timer = setTimeout(() => place(skeleton(route.bones), { focus: false }), 200)
  try {
    const { screens: shown } = await route.load()
    const balance = readCoins(signal)
    const [content] = await Promise.all([shown[route.name]({ ...contextOf(route, signal), balance }), balance])
    if (!signal.aborted) place(content, { focus, before })
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof Refusal) && !(error instanceof TypeError)) throw error
    if (error.status === 404) return showInside(match("", facts.me.role), signal, focus)
    // A module that did not come is asked for again only by a new page.
    place(trouble(error, () => (error instanceof Refusal ? show() : location.reload())))
  } finally {
    clearTimeout(timer)
  }
}

async function render(signal) {
  const route = match(location.pathname, facts.me?.role)
  const focus = !isFirst
  isFirst = false
  setTitle(t(`title.${route.name}`))
  if (route.open) return showOutside(route, signal, focus)
  if (facts.me) return showInside(route, signal, focus)
  setTitle(t("title.signIn"))
  return showOutside(signIn, signal, focus)
}

async function readMe() {
  const [me] = await Promise.all([get("auth/me"), readCoins()])
  facts.me = me
  if (staff.includes(me.role)) behind("counter").then((counter) => counter.countWaiting())
}

async function enter() {
  await readMe()
  return show()
}

/** A session that ended leads to sign-in over the screen, so that nothing typed is lost. */
async function signInAgain() {
  const { signInDialog } = await signIn.load()
  return signInDialog()
}

async function open() {
  try {
    const [shop, isSignedIn] = await Promise.all([get("shop", { anonymous: true }), refresh()])
    facts.shop = shop
    setCoinWord(shop.coin_name)
    setAccent(shop.accent)
    if (isSignedIn) await readMe()
  } catch {
    return closed(open)
  }
  whenSessionEnds(signInAgain)
  changes.addEventListener("signedOut", () => {
    dropToast()
    document.querySelector("dialog[open]")?.close()
    sessionStorage.clear()
    show()
  })
  return start(render)
}

/** The pages that nginx shows without the shop: closed for a moment, nothing there. */
async function showAlone(kind) {
  document.title = `${t(`title.${kind}`)} · Tuckshop`
  if (kind === "nothing") return useBareStreet(hung("nothing.title", "lemon", t("nothing.text"), linkButton(t("nothing.home"), "/", "primary")))
  closed(async () => {
    const answer = await fetch("/api/v1/shop").catch(() => null)
    if (answer?.ok) location.reload()
    else showAlone(kind)
  })
}

try {
  await startLanguage()
  const { kind } = document.documentElement.dataset
  if (kind) showAlone(kind)
  else {
    open()
    navigator.serviceWorker?.register("/service-worker.js").catch(() => {})
  }
} catch {
  // Without words there is nothing to say.
  setTimeout(() => location.reload(), 5000)
}
