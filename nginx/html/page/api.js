// Knows how to ask the shop, and who is signed in. The access token is in memory alone; the refresh token is in a cookie that
// no script can read. Refuses to know screens.

import { busy, offline, patiently } from "./elements.js"

const base = "/api/v1/"
const tries = 4
const longestWait = 60

/**
 * A refusal. `code` is the shop's own word. Without an answer it is `offline` if the request does no harm when it is made
 * again, `lost_once` if its key makes sure of that, and else `lost`. `fields` has the complaint about each member of the
 * body.
 */
export class Refusal extends Error {
  constructor(status, problem) {
    super(typeof problem.detail === "string" ? problem.detail : problem.message ?? problem.title)
    this.status = status
    this.code = problem.code ?? (typeof problem.error === "string" ? problem.error : `status_${status}`)
    this.problem = problem
    this.fields = {}
    for (const one of Array.isArray(problem.detail) ? problem.detail : []) this.fields[one.loc.at(-1)] ??= one
  }
}

let onEnd = async () => false

export function whenSessionEnds(work) {
  onEnd = work
}

function withoutAnswer(code = "offline") {
  offline(true)
  return new Refusal(0, { code, title: code })
}

async function refreshed() {
  try {
    return await refresh()
  } catch (error) {
    throw error instanceof Response ? new Refusal(error.status, await problemOf(error)) : withoutAnswer()
  }
}

async function authorize(headers) {
  if (!bearer() && !(await refreshed()) && !(await onEnd())) throw new Refusal(401, { code: "signed_out", title: "" })
  headers.Authorization = `Bearer ${bearer()}`
}

async function send(method, url, options, { key, repeatable }) {
  try {
    const answer = await patiently(fetch(url, { method, ...options }))
    offline(false)
    return answer
  } catch (error) {
    if (error.name === "AbortError") throw error
    throw withoutAnswer(key ? "lost_once" : method === "POST" && !repeatable ? "lost" : "offline")
  }
}

async function problemOf(answer) {
  try {
    return await answer.json()
  } catch {
    return { title: answer.statusText }
  }
}

/** A request that was refused as too much has not happened. After 503 only a request that may be made twice is sent again. */
function mayRepeat(answer, method, { key, repeatable }) {
  return answer.status === 429 || (answer.status === 503 && (method !== "POST" || key || repeatable))
}

/**
 * Asks, and gives the answer's document, or the whole `Response` with `raw`. A path without a slash at its beginning is
 * one of `/api/v1/`. `anonymous` sends no token; a `repeatable` POST does no harm when it is made twice.
 */
export async function ask(method, path, { body, key, ifMatch, ifNoneMatch, signal, anonymous, raw, accept, repeatable } = {}) {
  const url = path.startsWith("/") ? path : base + path
  for (let attempt = 1; ; attempt += 1) {
    const headers = { Accept: accept ?? "application/json" }
    if (body instanceof Blob) headers["Content-Type"] = body.type
    else if (body !== undefined) headers["Content-Type"] = "application/json"
    if (key) headers["Idempotency-Key"] = key
    if (ifMatch) headers["If-Match"] = ifMatch
    if (ifNoneMatch) headers["If-None-Match"] = ifNoneMatch
    if (!anonymous) await authorize(headers)
    const content = body === undefined || body instanceof Blob ? body : JSON.stringify(body)
    const answer = await send(method, url, { headers, body: content, signal }, { key, repeatable })
    if (answer.ok || answer.status === 304) return raw ? answer : answer.status === 204 ? null : answer.json()
    if (answer.status === 401 && !anonymous && attempt === 1) {
      distrust()
      continue
    }
    const seconds = Math.min(Number(answer.headers.get("Retry-After") ?? 1), 86_400)
    const refusal = new Refusal(answer.status, await problemOf(answer))
    refusal.seconds = seconds
    if (attempt >= tries || seconds > longestWait || !mayRepeat(answer, method, { key, repeatable })) throw refusal
    await busy(answer.status, seconds, signal)
  }
}

export const get = (path, options) => ask("GET", path, options)
export const post = (path, body, options) => ask("POST", path, { body, ...options })

export async function postOnce(path, body, key) {
  const answer = await post(path, body, { key, raw: true })
  return { ...(await answer.json()), isRepeat: answer.headers.has("Idempotent-Replayed") }
}

/** Reads the balance. What a deed in the meantime brought is newer than this answer. */
export async function readCoins(signal) {
  const before = facts.coins
  const { coins } = await get("wallet", { signal })
  if (facts.coins === before) setCoins(coins)
}

async function csv(path) {
  const parts = []
  for (let next = path; next;) {
    const answer = await get(next, { accept: "text/csv", raw: true })
    const text = await answer.text()
    parts.push(parts.length ? text.slice(text.indexOf("\n") + 1) : text)
    next = answer.headers.get("Link")?.match(/<([^>]+)>;\s*rel="next"/)?.[1]
    if (next) next = new URL(next, location.origin).pathname + new URL(next, location.origin).search
  }
  return new Blob(parts, { type: "text/csv" })
}

/** A table is asked for with the token and handed to the browser as a link to a file, which is then clicked. */
export async function download(path, name) {
  const file = URL.createObjectURL(await csv(path))
  Object.assign(document.createElement("a"), { href: file, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(file), 10_000)
}

export function query(values) {
  const kept = Object.entries(values).filter(([, value]) => value != null && value !== "")
  return kept.length ? "?" + new URLSearchParams(kept) : ""
}

const auth = "/api/v1/auth/"
const lockName = "tuckshop-refresh"
const channel = new BroadcastChannel("tuckshop")

/** Says that a session may exist, so that a stranger's page does not ask for one. */
const mark = "signed-in"

let token = null
let expiresAt = 0

export const facts = { shop: null, me: null, coins: null }

/** Tells the frame and the screens: `coins`, `me`, `moved`, `signedOut`. */
export const changes = new EventTarget()

export function announce(name) {
  changes.dispatchEvent(new Event(name))
}

export function setCoins(coins) {
  if (facts.coins === coins) return
  facts.coins = coins
  announce("coins")
}

function bearer() {
  return token && Date.now() < expiresAt - 20_000 ? token : null
}

/** The way over a provider ends with a cookie and no answer, so its link sets the mark. */
export function expectSession() {
  localStorage.setItem(mark, "1")
}

function keep(data) {
  expectSession()
  token = data.access_token
  expiresAt = Date.now() + data.expires_in * 1000
}

/** The user that a token is for. The page reads it only to notice another user; the shop checks the token itself. */
function userOf(text) {
  return JSON.parse(atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub
}

export function isAnother(data) {
  return facts.me != null && userOf(data.access_token) !== facts.me.id
}

/** Another user begins with a page of their own: nothing that waits here may go on with their token. */
export function beginAnew() {
  expectSession()
  sessionStorage.clear()
  location.reload()
  return new Promise(() => {})
}

function forget() {
  localStorage.removeItem(mark)
  token = null
  facts.me = null
  facts.coins = null
}

channel.addEventListener("message", ({ data }) => {
  if (data.ended && (token || facts.me)) {
    forget()
    announce("signedOut")
  } else if (data.token && userOf(data.token) === facts.me?.id) {
    token = data.token
    expiresAt = data.expiresAt
  }
})

/** Waiting for the lock, a tab hears of the token that another one has got, and does not ask again. */
function locked(work) {
  return navigator.locks ? navigator.locks.request(lockName, work) : work()
}

let refreshing = null

export function refresh() {
  refreshing ??= locked(async () => {
    if (bearer()) return true
    if (!localStorage.getItem(mark)) return false
    const answer = await fetch(auth + "session/refresh", { method: "POST" })
    if (answer.status === 401 || answer.status === 403) {
      localStorage.removeItem(mark)
      return false
    }
    if (!answer.ok) throw answer
    const data = await answer.json()
    // The cookie belongs to all tabs: in another one somebody else has signed in.
    if (isAnother(data)) return beginAnew()
    keep(data)
    channel.postMessage({ token, expiresAt })
    return true
  }).finally(() => {
    refreshing = null
  })
  return refreshing
}

/** The token was refused although its time is not over: the session was ended elsewhere, or its key was replaced. */
export function distrust() {
  token = null
}

export function begin(data) {
  keep(data)
}

/** Fails if the shop does not say that the session has ended: then it still exists. */
export async function signOut() {
  const answer = await fetch(auth + "session", { method: "DELETE" })
  if (!answer.ok && answer.status !== 401) throw answer
  channel.postMessage({ ended: true })
  forget()
  announce("signedOut")
}
