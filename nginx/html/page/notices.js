// Knows the sentences about the whole page: banners above a screen, and the toast after a deed.

import { fill, html } from "./html.js"
import { icon } from "./elements.js"
import { t } from "./words.js"

const banners = html`<div class="banners" role="status"></div>`
const toasts = html`<div class="toasts" role="status"></div>`
const shown = new Map()

export const places = { banners, toasts }

/** One banner a name: said once, however often its cause comes back. */
export function banner(name, colour, iconName, ...content) {
  const text = shown.get(name)?.querySelector("p") ?? html`<p></p>`
  fill(text, ...content)
  if (shown.has(name)) return
  const made = html`<div class="banner ${colour}">${icon(iconName)}${text}</div>`
  shown.set(name, made)
  banners.append(made)
}

function dropBanner(name) {
  shown.get(name)?.remove()
  shown.delete(name)
}

/** Told by the device, or by a request without an answer. */
export function offline(is) {
  if (!is) return dropBanner("offline")
  banner("offline", "lemon", "wifi", html`<b>${t("offline.title")}</b>`, " ", t("offline.text"))
}

addEventListener("offline", () => offline(true))
addEventListener("online", () => offline(false))

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal?.addEventListener("abort", () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

/** As long as an answer may take before somebody wonders. */
const patience = 5000
let slow = 0

/** The answer, with a word about it if it takes long. */
export async function patiently(answer) {
  let isSlow = false
  const timer = setTimeout(() => {
    isSlow = true
    slow += 1
    banner("slow", "sky", "clock", t("busy.slow"))
  }, patience)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
    if (isSlow) slow -= 1
    if (!slow) dropBanner("slow")
  }
}

/** Waits for as long as the shop asked, and says so if a person would notice. */
export async function busy(status, seconds, signal) {
  const name = `busy${status}`
  try {
    for (let left = seconds; left > 0; left -= 1) {
      if (seconds > 1) {
        banner(name, "rose", "clock", html`<b>${t(status === 429 ? "busy.tries" : "busy.shop")}</b>`, " ", t("busy.again", { n: left }))
      }
      await pause(1000, signal)
    }
  } finally {
    dropBanner(name)
  }
}

let closeToast = () => {}

/**
 * Says what has been done. With `undo`, the way back stays for `seconds`, which the ring counts; without it the toast
 * stays for a while. It does not go away under a pointer or a focus.
 */
export function toast(text, { seconds = 6, undo } = {}) {
  closeToast()
  const ring = html`<span class="ring"><svg viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="15.900"/><circle cx="20" cy="20" r="15.900" pathLength="100"/></svg><span aria-hidden="true"></span></span>`
  const [, left] = ring.querySelectorAll("circle")
  const act = () => {
    close()
    undo()
  }
  const button = undo && html`<button class="btn quiet" type="button" @click=${act}>${t("undo")}</button>`
  const made = html`<div class="toast">${undo ? ring : icon("check")}<p>${text}</p>${button}</div>`
  const end = Date.now() + seconds * 1000
  const count = () => {
    const rest = Math.max(0, (end - Date.now()) / 1000)
    ring.lastChild.textContent = Math.ceil(rest)
    left.style.strokeDashoffset = 100 - (rest / seconds) * 100
    if (rest > 0) return
    passFocusOn()
    button?.remove()
    if (!made.matches(":hover, :focus-within")) close()
  }
  const timer = setInterval(count, 250)
  const close = () => {
    clearInterval(timer)
    passFocusOn()
    made.remove()
  }
  // The focus of an element that goes would be lost.
  const passFocusOn = () => made.contains(document.activeElement) && document.querySelector("#main h1")?.focus({ preventScroll: true })
  closeToast = close
  count()
  toasts.append(made)
}

export function dropToast() {
  closeToast()
}
