// Knows the two frames: the front of the shop with its links, and the house on the street for people outside.
// Knows the signs for a shop that does not answer. They try again by themselves.
// Knows the look that a person or a company chose: theme and accent.
// An address without a screen, or without one that this role sees.

import { changes, facts } from "./api.js"
import { avatar, icon, mark, places, sign } from "./elements.js"
import { fill, html } from "./html.js"
import { routes, sees } from "./router.js"
import { chooseLanguage, coins, currentLanguage, languageNames, t } from "./words.js"

/** The number beside a link behind the counter, such as the orders that wait. */
const counts = new Map()

const screen = html`<div id="screen"></div>`
let frame = null
let front = null

function link(route) {
  const count = counts.get(route.name)
  return html`<li><a href="${route.path}" data-route="${route.name}">${icon(route.icon)}<span>${t(`nav.${route.name}`)}</span>${count ? countMark(count) : null}</a></li>`
}

function countMark(count) {
  return html`<span class="count"><span class="vh">${t("nav.waiting")}</span>${count}</span>`
}

function visible(part) {
  return routes.filter((route) => route.nav === part && sees(route, facts.me.role))
}

export function myName() {
  return facts.me.full_name ?? facts.me.username
}

function whoLink() {
  return html`<a class="who" href="/me" data-route="me">${avatar(myName())}<span class="text"><b>${myName()}</b> <span class="num">${facts.coins == null ? "" : coins(facts.coins)}</span></span><span class="vh">${t("nav.me")}</span></a>`
}

function makeFront() {
  const counter = visible("counter")
  const first = counter[0]
  return html`<header class="front"><a class="sign" href="/">${mark()}<span>${facts.shop.company}</span></a>
    <nav class="nav shopnav" aria-label="${t("nav.shopPart")}"><ul>${visible("shop").map(link)}</ul></nav>
    ${first && html`<nav class="nav counternav" aria-label="${t("nav.counterPart")}"><h2 aria-hidden="true">${t("nav.counterPart")}</h2><ul>${counter.map(link)}</ul></nav>`}
    ${first && html`<a class="to-counter" href="${first.path}">${icon(first.icon)}<span class="vh">${t("nav.counterPart")}</span>${counts.get(first.name) ? countMark(counts.get(first.name)) : null}</a>`}
    ${whoLink()}</header>`
}

/** Marks the link of the present screen. */
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
  if (frame !== "app" || !facts.me) return
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

/** Shows a number beside a link behind the counter. */
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

/** The front with the links, and the place for screens below it. It is made once and then kept. */
export function useApp(route) {
  currentRoute = route
  const kind = `app ${facts.me.id} ${currentLanguage()}`
  if (document.body.dataset.frame !== kind) {
    frame = "app"
    document.body.dataset.frame = kind
    document.body.className = "app"
    front = makeFront()
    fill(document.body, skip(), front, html`<main id="main" tabindex="-1">${places.banners}${screen}</main>`, places.toasts)
  }
  markCurrent(route)
}

/** The languages, for people who have no settings yet. `again` draws the screen anew. */
function languages(again) {
  const choose = (code) => async () => {
    await chooseLanguage(code)
    again()
  }
  const button = ([code, name]) => html`<button type="button" class="btn quiet" lang="${code}" aria-pressed="${code === currentLanguage()}" @click=${choose(code)}>${name}</button>`
  return html`<div class="row languages" role="group" aria-label="${t("me.language")}">${Object.entries(languageNames).map(button)}</div>`
}

/** A house for people outside. With goods in its window for sign-in, without them for other doors. */
export function useStreet(again, { withWindow = false } = {}) {
  frame = "street"
  front = null
  delete document.body.dataset.frame
  document.body.className = "street"
  const goods = ["hoody", "cup", "umbrella", "book", "socks"]
  const inside = html`<div class="inside" id="screen"></div>`
  fill(document.body, html`<main id="main" tabindex="-1">${places.banners}<div class="house">
    <div class="over">${mark()}${facts.shop?.company ?? "Tuckshop"}</div><div class="awning" aria-hidden="true"></div>
    ${withWindow && html`<div class="window" aria-hidden="true">${goods.map((name) => html`<img src="/goods/${name}.svg" width="64" height="64" alt="">`)}</div>`}
    ${inside}</div>${languages(again)}</main>`, places.toasts)
  return inside
}

/** A bare street, for a sign that hangs in the place of the shop. */
export function useBareStreet(...content) {
  frame = "street"
  front = null
  delete document.body.dataset.frame
  document.body.className = "street"
  fill(document.body, html`<main id="main" tabindex="-1">${content}</main>`)
}

/** Puts a screen into the front, and the focus on its heading, or on the element that had it before. */
export function place(content, { focus = true, before } = {}) {
  fill(screen, content)
  const same = before && screen.querySelector(before)
  if (same) same.focus({ preventScroll: true })
  else if (focus) takeFocus()
}

/** The heading gets the focus after a change of the address, so that programs which read aloud begin there. */
export function takeFocus() {
  if (document.querySelector("#main [autofocus]")) document.querySelector("#main [autofocus]").focus()
  else (document.querySelector("#main h1") ?? document.querySelector("#main"))?.focus({ preventScroll: true })
}

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

function offline(retry) {
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

function nothing() {
  return html`<div>${sign(t("nothing.title"), "lemon")}<div class="empty under"><p>${t("nothing.text")}</p>
    <a class="btn primary" href="/shop">${t("nothing.shop")}</a></div></div>`
}

export const screens = { nothing }
