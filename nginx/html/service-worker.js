// Shows a page while the device is offline, and does nothing else: every answer comes from the shop. What is kept has
// addresses of its own, so that no other page ever gets a file of an earlier release from here.

const cacheName = "offline-4"
const files = ["/offline.html", "/offline.js", "/style/elements.css?offline", "/style/page.css?offline"]

self.addEventListener("install", (event) => {
  self.skipWaiting()
  const fresh = files.map((file) => new Request(file, { cache: "reload" }))
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(fresh)))
})

async function dropOthers() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)))
}

// The first visit has it too, not only the next one.
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([dropOthers(), self.clients.claim()])))

async function kept(address) {
  const cache = await caches.open(cacheName)
  return await cache.match(address) ?? Response.error()
}

self.addEventListener("fetch", (event) => {
  const { request } = event
  const { pathname, search, origin } = new URL(request.url)
  if (request.method !== "GET" || origin !== location.origin) return
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => kept("/offline.html")))
  } else if (files.includes(pathname + search)) {
    event.respondWith(fetch(request).catch(() => kept(pathname + search)))
  }
})
