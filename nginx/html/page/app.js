// Starts the page: the facts about the shop, the session, then the screen of the address.

import { changes, facts, get, readCoins, refresh, Refusal, whenSessionEnds } from "./api.js"
import { dropToast, skeleton } from "./elements.js"
import { closed, place, takeFocus, trouble, useApp, useStreet } from "./frame.js"
import { nodes } from "./html.js"
import { behind, match, show, signIn, staff, start } from "./router.js"
import { setAccent, setCoinWord, startLanguage, t } from "./words.js"

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
    const { screens } = await route.load()
    const content = await screens[route.name]({ ...contextOf(route, signal), enter })
    if (signal.aborted) return
    useStreet(() => show(), { withWindow: route.name === "signIn" }).append(...nodes(content))
    if (focus) takeFocus()
  } catch (error) {
    if (!(error instanceof Refusal) && !(error instanceof TypeError)) throw error
    if (!signal.aborted) closed(() => show())
  }
}

/** Within one screen, such as after another filter, the focus stays on what was used. */
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
    const { screens } = await route.load()
    const balance = readCoins(signal)
    const [content] = await Promise.all([screens[route.name]({ ...contextOf(route, signal), balance }), balance])
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

/** Reads what the frame shows of a user. After a sign-in it also shows the screen of the address. */
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

try {
  await startLanguage()
  open()
  navigator.serviceWorker?.register("/service-worker.js").catch(() => {})
} catch {
  // Without words there is nothing to say.
  setTimeout(() => location.reload(), 5000)
}
