// Knows the addresses of the page, the screens behind them and the roles that see them; nginx/snippets/routes.conf
// answers each of these addresses with the page. Refuses to know what a screen shows.

import { useWords } from "./words.js"

const staff = ["admin", "moderator"]
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

/** The counter's needs beside a screen: words and styles that a colleague's page does not load. */
export async function behind(load) {
  ready ??= Promise.all([useWords("counter", "office"), style("plots"), style("counter")])
  ready.catch(() => {
    ready = null
  })
  const [module] = await Promise.all([load(), ready])
  return module
}

/**
 * One line a screen. `nav` is the part of the front that links to it: `shop` or `counter`. `key` is the letter after g.
 * `open` screens need no session. `bones` is the shape that is shown while a slow screen loads.
 */
export const routes = [
  { path: "/", name: "home", nav: "shop", icon: "home", key: "h", load: () => import("./screens/home.js") },
  { path: "/send", name: "send", nav: "shop", icon: "send", key: "s", load: () => import("./screens/send.js") },
  { path: "/shop", name: "shop", nav: "shop", icon: "shop", key: "o", bones: "shelf", load: () => import("./screens/shop.js") },
  { path: "/shop/:code", name: "item", under: "shop", load: () => import("./screens/item.js") },
  { path: "/mine", name: "mine", nav: "shop", icon: "mine", key: "m", load: () => import("./screens/mine.js") },
  { path: "/orders", name: "orders", under: "mine", load: () => import("./screens/orders.js") },
  { path: "/history", name: "history", nav: "shop", icon: "history", key: "y", load: () => import("./screens/history.js") },
  { path: "/me", name: "me", key: "e", load: () => import("./screens/me.js") },
  { path: "/admin", name: "queue", roles: staff, load: () => behind(() => import("./admin/queue.js")) },
  { path: "/admin/queue", name: "queue", nav: "counter", icon: "queue", key: "q", roles: staff, load: () => behind(() => import("./admin/queue.js")) },
  { path: "/admin/catalogue", name: "catalogue", nav: "counter", icon: "catalogue", key: "c", roles: admins, load: () => behind(() => import("./admin/catalogue.js")) },
  { path: "/admin/catalogue/:id", name: "thing", under: "catalogue", roles: admins, load: () => behind(() => import("./admin/thing.js")) },
  { path: "/admin/people", name: "people", nav: "counter", icon: "people", key: "p", roles: staff, load: () => behind(() => import("./admin/people.js")) },
  { path: "/admin/people/:id", name: "person", under: "people", roles: staff, load: () => behind(() => import("./admin/person.js")) },
  { path: "/admin/grants", name: "grants", nav: "counter", icon: "grants", key: "t", roles: admins, load: () => behind(() => import("./admin/grants.js")) },
  { path: "/admin/adjust", name: "adjust", under: "people", roles: admins, load: () => behind(() => import("./admin/adjust.js")) },
  { path: "/admin/reports", name: "reports", nav: "counter", icon: "reports", key: "r", roles: admins, load: () => behind(() => import("./admin/reports.js")) },
  { path: "/admin/audit", name: "audit", nav: "counter", icon: "audit", key: "a", roles: admins, load: () => behind(() => import("./admin/audit.js")) },
  { path: "/join", name: "join", open: true, load: () => import("./screens/join.js") },
  { path: "/reset", name: "reset", open: true, load: () => import("./screens/reset.js") },
]

const nothing = { name: "nothing", load: () => import("./screens/nothing.js") }

/** Whether a role sees a route; a route without roles is everybody's. */
export function sees(route, role) {
  return !route.roles || route.roles.includes(role)
}

/** A part of a path as text; null if its escapes are no text. */
function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}

/** The route of a path with its parameters. A route that the role does not see does not exist. */
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

/** `work(signal)` shows the screen of the present address. The signal ends when another address follows. */
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

/** Another address for what is shown already, such as one without a secret. */
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

export { admins, staff }
