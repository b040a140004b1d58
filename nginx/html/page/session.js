// Knows who is signed in. The access token is in memory alone; the refresh token is in a cookie that no script can
// read. Refuses to know screens.

const auth = "/api/v1/auth/"
const lockName = "tuckshop-refresh"
const channel = new BroadcastChannel("tuckshop")

/** Says that a session may exist, so that a stranger's page does not ask for one. */
const mark = "signed-in"

let token = null
let expiresAt = 0

/** The facts about the shop, the user and the user's coins. They are read at the start and after each change. */
export const facts = { shop: null, me: null, coins: null }

/** Tells the frame and the screens: `coins`, `me`, `moved`, `signedOut`. */
export const changes = new EventTarget()

export function announce(name) {
  changes.dispatchEvent(new Event(name))
}

/** Only the server knows a balance: this keeps what it said last. */
export function setCoins(coins) {
  if (facts.coins === coins) return
  facts.coins = coins
  announce("coins")
}

export function bearer() {
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

/** Whether the answer to a sign-in is for somebody else than the user of this page. */
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

/** A new access token by the cookie: true, or false if there is no session. Fails if the server does not answer. */
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

/** Takes over the answer to a sign-in. */
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
