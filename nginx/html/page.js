// Signing in and out, joining by an invitation, and choosing a new password by a link. The access token is in memory
// only; the refresh token is in a cookie that no script can read.

const screen = document.querySelector("#screen")
const message = document.querySelector("#message")
const auth = "/api/v1/auth/"
// Links carry their token behind the mark #, which the browser sends to nobody.
const linkToken = location.hash.slice(1)

async function ask(method, path, body, token) {
  const headers = body ? { "Content-Type": "application/json" } : {}
  if (token) headers.Authorization = `Bearer ${token}`
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
  const text = await answer.text()
  return { ok: answer.ok, status: answer.status, ...(text ? { data: JSON.parse(text) } : {}) }
}

function sentence(answer) {
  const detail = answer.data?.detail
  return Array.isArray(detail) ? detail.map((one) => `${one.loc.at(-1)}: ${one.msg}`).join(". ") : detail ?? "Try again."
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

function field(label, name, type, autocomplete, required = true) {
  const input = element("input", { id: name, name, type, autocomplete, required })
  return element("div", {}, element("label", { htmlFor: name, textContent: label }), element("br"), input)
}

/// A form whose refusal is shown above it. `send` gets the values and returns an answer.
function form(button, fields, send, done) {
  const made = element("form", {}, ...fields, element("button", { textContent: button }))
  made.addEventListener("submit", async (event) => {
    event.preventDefault()
    message.textContent = ""
    const values = Object.fromEntries(new FormData(made))
    const answer = await send(values)
    if (answer.ok) return done(answer.data)
    message.textContent = sentence(answer)
  })
  return made
}

async function showSignedIn(token) {
  const { data: me } = await ask("GET", auth + "me", undefined, token)
  const out = element("button", { textContent: "Sign out" })
  out.addEventListener("click", async () => {
    await ask("DELETE", auth + "session")
    showSignIn()
  })
  screen.replaceChildren(element("p", { id: "me", textContent: `Signed in as ${me.full_name ?? me.username}.` }), out)
}

async function showSignIn() {
  const { data: methods } = await ask("GET", auth + "methods")
  const parts = []
  if (methods.oidc) {
    parts.push(element("p", {}, element("a", { className: "button", href: methods.oidc.url, textContent: methods.oidc.name })))
  }
  if (methods.password) {
    const code = field("Code of your authenticator", "code", "text", "one-time-code", false)
    code.hidden = true
    const send = async ({ name, password, code: digits }) => {
      const known = name.includes("@") ? { email: name } : { username: name }
      const answer = await ask("POST", auth + "session", { ...known, password, ...(digits ? { code: digits } : {}) })
      if (answer.data?.code?.startsWith("totp_")) code.hidden = false
      return answer
    }
    const fields = [field("Name or email", "name", "text", "username"),
      field("Password", "password", "password", "current-password"), code]
    parts.push(form("Sign in", fields, send, (data) => showSignedIn(data.access_token)))
  }
  screen.replaceChildren(...parts)
}

function showJoin() {
  const send = (values) => ask("POST", auth + "register", { ...values, invitation: linkToken })
  const fields = [field("Your name", "full_name", "text", "name"), field("Email", "email", "email", "email"),
    field("Password", "password", "password", "new-password")]
  screen.replaceChildren(form("Join", fields, send, () => leave("Welcome. You can sign in now.")))
}

function showReset() {
  const send = (values) => ask("POST", auth + "password-reset", { ...values, token: linkToken })
  const fields = [field("New password", "new_password", "password", "new-password")]
  screen.replaceChildren(form("Set the password", fields, send, () => leave("You can sign in with the new password now.")))
}

function leave(words) {
  history.replaceState(null, "", "/")
  message.textContent = words
  showSignIn()
}

async function start() {
  if (location.pathname === "/join") return showJoin()
  if (location.pathname === "/reset") return showReset()
  const session = await ask("POST", auth + "session/refresh")
  if (session.ok) return showSignedIn(session.data.access_token)
  showSignIn()
}

start()
