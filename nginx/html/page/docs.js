// Knows how to show openapi.yaml to people who write programs. Refuses to know what any single route does.
import { fill, html } from "./html.js"
import { setAccent } from "./words.js"
import { parse } from "./yaml.js"

let api

function resolved(node) {
  if (!node?.$ref) return node
  return node.$ref.slice(2).split("/").reduce((place, step) => place[step.replaceAll("~1", "/")], api)
}

// ---- texts

/** Code, strong and emphasised words inside a sentence. */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).map((part) => {
    if (part.startsWith("`")) return html`<code>${part.slice(1, -1)}</code>`
    if (part.startsWith("**")) return html`<strong>${part.slice(2, -2)}</strong>`
    return part.startsWith("*") && part.length > 2 ? html`<em>${part.slice(1, -1)}</em>` : part
  })
}

function prose(text = "") {
  return text.trim().split(/\n{2,}/).filter(Boolean).map((block) => {
    if (!block.startsWith("- ")) return html`<p>${inline(block.replaceAll("\n", " "))}</p>`
    const points = block.split(/\n(?=- )/).map((point) => inline(point.slice(2).replace(/\n\s*/g, " ")))
    return html`<ul class="points">${points.map((point) => html`<li>${point}</li>`)}</ul>`
  })
}

const limits = [
  ["minimum", (n) => `at least ${n}`], ["exclusiveMinimum", (n) => `more than ${n}`], ["maximum", (n) => `at most ${n}`],
  ["minLength", (n) => `${n} or more characters`], ["maxLength", (n) => `up to ${n} characters`],
  ["minItems", (n) => `${n} or more`], ["maxItems", (n) => `up to ${n}`], ["pattern", (n) => `matches ${n}`],
  ["default", (n) => `default ${JSON.stringify(n)}`],
]

/** The kind of a value in a few words. */
function kind(schema) {
  const one = resolved(schema)
  if (!one) return "anything"
  if ("const" in one) return JSON.stringify(one.const)
  if (one.enum) return one.enum.map((word) => JSON.stringify(word)).join(" | ")
  const choices = one.oneOf ?? one.anyOf
  if (choices) return choices.map(kind).join(" or ")
  if (one.allOf) return kind(one.allOf[0])
  const type = [one.type ?? (one.properties ? "object" : "anything")].flat().join(" or ")
  if (one.items) return type.replace("array", `list of ${kind(one.items)}`)
  return one.format ? `${type} (${one.format})` : type
}

function rule(schema) {
  const one = resolved(schema) ?? {}
  return limits.filter(([name]) => name in one).map(([name, say]) => say(one[name])).join(", ")
}

// ---- tables

/** The members of an object, those of the objects inside it below them. */
function members(schema, before = "", depth = 0) {
  const one = resolved(schema) ?? {}
  const parts = [one, ...(one.allOf ?? []).map(resolved)]
  if (one.items) return members(one.items, `${before}[].`, depth)
  if (one.oneOf ?? one.anyOf) return (one.oneOf ?? one.anyOf).flatMap((choice) => members(choice, before, depth))
  return parts.flatMap((part) => Object.entries(part.properties ?? {}).flatMap(([name, member]) => {
    const row = {
      name: before + name, kind: kind(member), rule: rule(member), text: resolved(member)?.description ?? member.description,
      isRequired: (part.required ?? []).includes(name),
    }
    const inner = resolved(member)
    return [row, ...(depth < 3 ? members(inner, inner?.items ? before + name : `${before}${name}.`, depth + 1) : [])]
  }))
}

function table(caption, rows) {
  if (rows.length === 0) return null
  return html`<table>
    <caption>${caption}</caption>
    <tbody>${rows.map((row) => html`<tr>
      <th scope="row"><code>${row.name}</code>${row.isRequired && html`<span class="need">required</span>`}</th>
      <td><span class="kind">${row.kind}</span>${row.rule && html`<span class="rule">${row.rule}</span>`}${prose(row.text)}</td>
    </tr>`)}</tbody>
  </table>`
}

function sample(content) {
  const examples = content.examples ? Object.values(content.examples).map((one) => resolved(one).value) : []
  const found = content.example ?? examples[0]
  if (found === undefined) return null
  return html`<pre tabindex="0"><code>${typeof found === "string" ? found.trimEnd() : JSON.stringify(found, null, 2)}</code></pre>`
}

function contents(caption, content = {}) {
  return Object.entries(content).map(([type, one]) => html`<div class="content">
    <p class="type">${caption} <code>${type}</code></p>
    ${sample(one)}
    ${table("Members", members(one.schema))}
  </div>`)
}

// ---- operations

function curl(method, path, operation, parameters) {
  const type = Object.keys(resolved(operation.requestBody)?.content ?? {})[0]
  const body = type && resolved(operation.requestBody).content[type]
  const given = body && (body.example ?? Object.values(body.examples ?? {})[0]?.value)
  const lines = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}"$SHOP${path}"`]
  const isOpen = operation.security?.some((one) => Object.keys(one).length === 0) || operation.security?.length === 0
  if (!isOpen) lines.push(`-H "Authorization: Bearer $TOKEN"`)
  for (const one of parameters) {
    if (one.in === "header" && one.required) lines.push(`-H "${one.name}: $(uuidgen)"`)
  }
  if (given !== undefined && type.includes("json")) lines.push(`--json '${JSON.stringify(given).replaceAll("'", "'\\''")}'`)
  return lines.join(" \\\n  ")
}

function details(method, path, operation, shared) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map(resolved)
  const body = resolved(operation.requestBody)
  const rows = parameters.map((one) => ({
    name: one.name, kind: `${one.in}, ${kind(one.schema)}`, rule: rule(one.schema), text: one.description, isRequired: one.required,
  }))
  return html`<div class="inside">
    ${prose(operation.description)}
    <pre tabindex="0"><code>${curl(method, path, operation, parameters)}</code></pre>
    ${table("Parameters", rows)}
    ${body && contents("Body", body.content)}
    <h3>Answers</h3>
    ${Object.entries(operation.responses).map(([status, answer]) => {
      const one = resolved(answer)
      const inner = contents("Answer", one.content)
      const line = html`<span><b class="status s${status[0]}">${status}</b> ${inline(one.description.trim())}</span>`
      return inner.length ? html`<details class="answer" open=${status < "300"}><summary>${line}</summary>${inner}</details>`
        : html`<p class="answer">${line}</p>`
    })}
  </div>`
}

function operationView(method, path, operation, shared) {
  const element = html`<details class="operation" id=${operation.operationId}>
    <summary><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code> <span class="says">${inline(operation.summary)}</span></summary>
  </details>`
  element.addEventListener("toggle", () => {
    if (element.open && element.children.length === 1) element.append(details(method, path, operation, shared))
  })
  const text = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase()
  return { element, text, tag: operation.tags[0] }
}

const methods = ["get", "post", "put", "patch", "delete"]

function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) => methods.filter((method) => item[method]).map((method) =>
    operationView(method, path, item[method], item.parameters ?? [])))
}

function show(company) {
  const all = operations()
  const groups = api.tags.map((tag) => {
    const inside = all.filter((one) => one.tag === tag.name)
    const element = html`<section class="group" id="${"tag-" + tag.name}" aria-labelledby="${"of-" + tag.name}">
      <h2 id="${"of-" + tag.name}">${tag.name}</h2>${prose(tag.description)}${inside.map((one) => one.element)}
    </section>`
    return { element, inside, link: html`<li><a href="${"#tag-" + tag.name}">${tag.name}</a></li>` }
  })
  const none = html`<p role="status" hidden>Nothing here has these words.</p>`
  const search = () => {
    const wanted = field.value.toLowerCase().split(/\s+/)
    for (const { element, inside, link } of groups) {
      for (const one of inside) one.element.hidden = !wanted.every((word) => one.text.includes(word))
      element.hidden = link.hidden = inside.every((one) => one.element.hidden)
    }
    none.hidden = groups.some(({ element }) => !element.hidden)
  }
  const field = html`<input type="search" id="find" autocomplete="off" spellcheck="false" @input=${search}>`
  document.body.prepend(html`<a class="skip" href="#api">Skip to the routes</a>
    <header class="top"><div><a href="/" class="shop">${company}</a> <span>API ${api.info.version}</span></div>
      <a href="/openapi.yaml" download>openapi.yaml</a></header>
    <div class="sheet">
      <nav aria-label="Groups"><label for="find">Find a route <kbd>/</kbd></label>${field}<ul>${groups.map(({ link }) => link)}</ul></nav>
      <main id="api" tabindex="-1"><h1>${api.info.summary}</h1>${prose(api.info.description)}${none}${groups.map(({ element }) => element)}</main>
    </div>`)
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input")) return
    event.preventDefault()
    field.focus()
  })
}

/** Opens the operation that the address names. Names of groups may have blanks, so the names are compared as links. */
function followAddress() {
  const target = [...document.querySelectorAll("[id]")].find((one) => new URL("#" + one.id, location).hash === location.hash)
  if (target?.matches("details")) target.open = true
  target?.scrollIntoView()
}

async function start() {
  const [description, shop] = await Promise.all([
    fetch("/openapi.yaml").then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.status)))),
    fetch("/api/v1/shop").then((answer) => answer.json()).catch(() => ({})),
  ])
  setAccent(shop.accent)
  api = parse(description)
  show(shop.company ?? "Tuckshop")
  followAddress()
  addEventListener("hashchange", followAddress)
}

start().catch(() => fill(document.body, html`<main><h1>API</h1>
  <p role="alert">The description could not be loaded. <a href="/docs">Try again</a>.</p></main>`))
