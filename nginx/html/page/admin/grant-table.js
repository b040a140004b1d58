// A grant by a table: the file is read here, checked by the shop row by row, and granted with or without the rows that
// are wrong. Any table with the columns username and amount will do, whatever separates them.

import { askToGrant, forecastOf, reasonAndName } from "./grants.js"
import { ask, query } from "../api.js"
import { badge, icon, table } from "../elements.js"
import { clearErrors, complainAll, submitting, values } from "../form.js"
import { fill, freshID, html } from "../html.js"
import { mail } from "./counter.js"
import { number, t } from "../words.js"

const mostShown = 100
const most = 2_000_000

/** The cells of a table of text, with quotes and the separator that its first line has. */
function cells(text) {
  const source = text.replace(/^\u{feff}/u, "")
  const head = source.slice(0, source.search(/[\r\n]|$/))
  const mark = [",", ";", "\t"].sort((a, b) => head.split(b).length - head.split(a).length)[0]
  const rows = [[""]]
  let isQuoted = false
  for (let index = 0; index < source.length; index += 1) {
    const [letter, row] = [source[index], rows.at(-1)]
    if (isQuoted && letter === '"' && source[index + 1] === '"') {
      row[row.length - 1] += '"'
      index += 1
    } else if (letter === '"') isQuoted = !isQuoted
    else if (!isQuoted && letter === mark) row.push("")
    else if (!isQuoted && letter === "\n") rows.push([""])
    else if (isQuoted || letter !== "\r") row[row.length - 1] += letter
  }
  return rows
}

/** The people and amounts of a file, each with the number of its row there; null if it has no such columns. */
function read(text) {
  const [names, ...rest] = cells(text)
  const column = (name) => names.findIndex((one) => one.trim().toLowerCase() === name)
  const [user, amount] = [column("username"), column("amount")]
  if (user < 0) return null
  const rows = rest.map((row, index) => ({ number: index + 2, username: (row[user] ?? "").trim(), amount: amount < 0 ? "" : (row[amount] ?? "").replace(/[\s\u00a0\u202f]/g, "") }))
  return rows.filter((row) => row.username || row.amount)
}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function blob(rows) {
  return new Blob(["username,amount\n", ...rows.map((row) => `${quoted(row.username)},${quoted(row.amount)}\n`)], { type: "text/csv" })
}

/** The shop's sentence about a row, in the words of the page where it has some. */
function rowSentence(msg) {
  const nobody = msg.match(/^there is no active user (.*)$/)
  if (nobody) return t("table.nobody", { name: nobody[1] })
  const wrong = msg.match(/^amount: (.*) is no whole number$/)
  return wrong ? t("table.noNumber", { text: wrong[1] }) : msg
}

function rowTable(rows) {
  const shown = [...rows.filter((row) => row.wrong), ...rows.filter((row) => !row.wrong)].slice(0, mostShown).sort((a, b) => a.number - b.number)
  const result = (row) => (row.wrong ? html`<span class="rowerr">${icon("alert")}<span><span class="phone-only">${t("table.row", { n: row.number })} </span>${row.wrong}</span></span>` : badge(t("table.good"), "mint", "check"))
  return [table(t("table.rows"), [
    { title: t("table.rowNumber"), kind: "desk", end: true, look: "num muted", cell: (row) => number(row.number) },
    { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => html`<b>${mail(row.username || "–")}</b>` },
    { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (row) => row.amount || "–" },
    { title: t("table.result"), kind: "result", cell: result },
  ], shown, { oneUp: true }), rows.length > shown.length && html`<p class="small muted">${t("table.first", { n: shown.length, total: rows.length })}</p>`]
}

function steps(now) {
  const list = ["choose", "check", "grant"]
  return html`<ol class="steps numbered">${list.map((name, index) => html`<li class="${index < now ? "done" : index === now ? "now" : ""}" aria-current=${index === now ? "step" : null}>${t(`table.step.${name}`)}</li>`)}</ol>`
}

export function tableForm() {
  const id = freshID("file")
  const input = html`<input id="${id}" type="file" class="vh" accept=".csv,text/csv,text/plain">`
  const [way, result, act] = [html`<div></div>`, html`<div></div>`, html`<div></div>`]
  const drop = html`<div class="drop">${icon("up")}<label for="${id}"><b>${t("table.drop")}</b></label><span class="small muted">${t("table.rules")}</span><code>username,amount</code>${input}
    <button type="button" class="btn" @click=${() => input.click()}>${t("picture.choose")}</button><p class="bad" role="alert"></p></div>`
  const made = html`<form class="stack wide grant-form" novalidate>${way}${drop}${reasonAndName()}<div data-general></div>${result}${act}</form>`
  let rows = null
  let fileName = ""

  const given = () => values(made)
  const address = (more) => "grants" + query({ name: given().name, reason: given().reason, ...more })

  function showButton() {
    fill(act, html`<button class="btn primary big">${t("grants.check")}</button>`)
  }

  async function take(file) {
    if (!file) return
    const found = file.size > most ? undefined : read(await file.text())
    rows = found?.length ? found : null
    fileName = file.name
    drop.querySelector("p").textContent = rows ? "" : t(found === undefined ? "table.tooLarge" : found ? "table.empty" : "table.noColumns")
    drop.querySelector("b").textContent = rows ? t("table.chosen", { name: file.name, n: rows.length }) : t("table.drop")
    fill(result)
    fill(way, steps(rows ? 1 : 0))
    showButton()
  }

  function summary(good) {
    const stat = (name, value, note, look = "") => html`<div class="card stat"><small>${name}</small><b class="${look}">${value}</b><small>${note}</small></div>`
    const sum = good.reduce((total, row) => total + (Number(row.amount) || 0), 0)
    return html`<div class="three stats">${stat(t("table.would"), [number(sum), html`<i class="coin" aria-hidden="true"></i>`], t("grants.peopleN", { n: good.length }))}
      ${stat(t("table.goodRows"), number(good.length), t("table.ofRows", { n: rows.length, name: fileName }))}${stat(t("table.wrongRows"), number(rows.length - good.length), t("table.leftOut"), rows.length > good.length ? "bad" : "")}</div>`
  }

  /** Asks the shop about these rows: the second step if all are good, else what is wrong with each. */
  async function check(some) {
    for (const row of some) row.wrong = null
    try {
      const found = await forecastOf(await ask("POST", address({ dry_run: true }), { body: blob(some), raw: true, repeatable: true }))
      fill(result, summary(some), rowTable(rows))
      fill(way, steps(2))
      await askToGrant({ ...found, place: act, name: given().name, make: () => ask("POST", address({}), { body: blob(some), repeatable: true }), back: () => {
        fill(way, steps(1))
        showButton()
        act.querySelector("button").focus()
      } })
    } catch (error) {
      const lines = (Array.isArray(error.problem?.detail) ? error.problem.detail : []).map((one) => [Number(/^line (\d+)$/.exec(one.loc.at(-1))?.[1]), one.msg])
      if (!lines.length || lines.some(([line]) => !line)) throw error
      for (const [line, msg] of lines) if (some[line - 2]) some[line - 2].wrong = rowSentence(msg)
      showWrong()
    }
  }

  function showWrong() {
    const good = rows.filter((row) => !row.wrong)
    const without = html`<button type="button" class="btn">${t("table.without", { n: good.length })}</button>`
    without.addEventListener("click", () => run(without, good))
    fill(result, summary(good), html`<div class="banner rose" role="alert">${icon("alert")}<p><b>${t("table.wrong", { n: rows.length - good.length })}</b> ${t("table.correct")}</p></div>`, rowTable(rows))
    fill(act, html`<div class="row acts"><button type="button" class="btn primary" @click=${() => input.click()}>${icon("up")}${t("table.again")}</button>${good.length > 0 && without}</div>`)
  }

  function run(button, some) {
    return submitting(made, button, t("grants.checking"), () => check(some))
  }

  input.addEventListener("change", async () => {
    await take(input.files[0])
    input.value = ""
  })
  drop.addEventListener("dragover", (event) => event.preventDefault())
  drop.addEventListener("drop", (event) => {
    event.preventDefault()
    take(event.dataTransfer.files[0])
  })
  made.addEventListener("input", (event) => event.target.type !== "file" && act.querySelector(".confirm, .banner") && showButton())
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    clearErrors(made)
    const button = act.querySelector("button.primary.big")
    if (!button || act.querySelector(".confirm")) return
    drop.querySelector("p").textContent = rows ? "" : t("table.noFile")
    const { reason, name } = given()
    if (complainAll(made, { reason: reason ? undefined : t("form.missing"), name: name ? undefined : t("form.missing") }) || !rows) return
    run(button, rows)
  })
  fill(way, steps(0))
  showButton()
  return made
}
