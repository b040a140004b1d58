// Shows a page while the device is offline, and does nothing else: every answer comes from the shop.

const language = new URL(self.location).searchParams.get("language") === "ru" ? "ru" : "en"
const cacheName = `offline-2-${language}`
const modules = ["outside", "closed", "elements", "frame", "html", "notices", "router", "session", "words"].map((name) => `/page/${name}.js`)
const styles = ["tokens", "frame", "elements", "things", "screens"].map((name) => `/style/${name}.css`)
const files = ["/offline.html", "/page/early.js", `/words/${language}.js`, "/icons.svg", "/mark.svg", ...modules, ...styles]

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files)))
})

// The first visit has it too, not only the next one.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()))

self.addEventListener("fetch", (event) => {
  const { request } = event
  const { pathname, origin } = new URL(request.url)
  if (request.method !== "GET" || origin !== location.origin) return
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline.html")))
  } else if (files.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(request)))
  }
})
