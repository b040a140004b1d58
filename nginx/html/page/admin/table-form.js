// A deed by a table: the file is read here, checked by the shop row by row, shown with what is wrong, and done with or
// without the rows that are wrong. Any table with the right columns will do, whatever separates them.

import { badge, icon, table } from "../elements.js"
import { clearErrors, complainAll, submitting, values } from "../form.js"
import { dropPlace, rowsOf } from "./files.js"
import { fill, html } from "../html.js"
import { number, t } from "../words.js"

const mostShown = 100
const most = 2_000_000

export function stat(name, value, note, look = "") {
  return html`<div class="card stat"><small>${name}</small><b class="${look}">${value}</b><small>${note}</small></div>`
}

/** The rows that are wrong before the others, in the order of the file. */
function rowTable(rows, columns) {
  const shown = [...rows.filter((row) => row.wrong), ...rows.filter((row) => !row.wrong)].slice(0, mostShown).sort((a, b) => a.number - b.number)
  const wrong = (row) => html`<span class="rowerr">${icon("alert")}<span><span class="phone-only">${t("table.row", { n: row.number })} </span>${row.wrong}</span></span>`
  return [table(t("table.rows"), [
    { title: t("table.rowNumber"), kind: "desk", end: true, look: "num muted", cell: (row) => number(row.number) }, ...columns,
    { title: t("table.result"), kind: "result", cell: (row) => (row.wrong ? wrong(row) : badge(row.note ?? t("table.good"), row.note ? "sky" : "mint", row.note ? null : "check")) },
  ], shown, { oneUp: true }), rows.length > shown.length && html`<p class="small muted">${t("table.first", { n: shown.length, total: rows.length })}</p>`]
}

/**
 * `needs` are the columns, the first of which has to be there. `check(rows, given)` asks the shop, puts what is `wrong`
 * into the rows and gives what `confirm(place, found, back)` needs. `stats(rows, good, name)` are the figures of a file.
 */
export function tableForm({ needs, rules, columns, lastStep, wrongText, fields = [], complaints = () => ({}), check, confirm, stats }) {
  const [way, result, act] = [html`<div></div>`, html`<div></div>`, html`<div></div>`]
  const drop = dropPlace({ title: t("table.drop"), rules: [rules, " ", html`<code>${needs.join(",")}</code>`], accept: ".csv,text/csv,text/plain", take })
  const made = html`<form class="stack wide grant-form" novalidate>${way}${drop.element}${fields}<div data-general></div>${result}${act}</form>`
  let rows = null
  let fileName = ""

  function at(step, button) {
    const names = [t("table.step.choose"), t("table.step.check"), lastStep]
    fill(way, html`<ol class="steps numbered">${names.map((name, index) => html`<li class="${index < step ? "done" : index === step ? "now" : ""}" aria-current=${index === step ? "step" : null}>${name}</li>`)}</ol>`)
    if (button) fill(act, html`<button class="btn primary big">${t("grants.check")}</button>`)
  }

  async function take(file) {
    if (!file) return
    const found = file.size > most ? undefined : rowsOf(await file.text(), needs)
    rows = found?.length ? found : null
    fileName = file.name
    drop.say(rows ? "" : t(found === undefined ? "table.tooLarge" : found ? "table.empty" : "table.noColumns", { name: needs[0], names: needs.join(", ") }))
    drop.name(rows && t("table.chosen", { name: file.name, n: rows.length }))
    fill(result)
    at(rows ? 1 : 0, true)
  }

  /** The second step if all of these rows are good, else what is wrong with each. */
  async function run(button, some) {
    await submitting(made, button, t("grants.checking"), async () => {
      for (const row of some) Object.assign(row, { wrong: null, note: null })
      const found = await check(some, values(made))
      const good = rows.filter((row) => !row.wrong)
      fill(result, html`<div class="three stats">${stats(rows, good, fileName)}</div>`,
        !found && html`<div class="banner rose" role="alert">${icon("alert")}<p><b>${wrongText(rows.length - good.length)}</b> ${t("table.correct")}</p></div>`, rowTable(rows, columns))
      if (found) {
        at(2)
        return confirm(act, found, () => {
          at(1, true)
          act.querySelector("button").focus()
        })
      }
      const without = html`<button type="button" class="btn">${t("table.without", { n: rows.length - good.length })}</button>`
      without.addEventListener("click", () => run(without, good))
      fill(act, html`<div class="row acts"><button type="button" class="btn primary" @click=${drop.choose}>${icon("up")}${t("table.again")}</button>${good.length > 0 && without}</div>`)
    })
  }

  made.addEventListener("input", (event) => event.target.type !== "file" && act.querySelector(".confirm, .banner") && at(1, true))
  made.addEventListener("submit", (event) => {
    event.preventDefault()
    clearErrors(made)
    const button = act.querySelector("button.primary.big")
    if (!button || act.querySelector(".confirm")) return
    drop.say(rows ? "" : t("table.noFile"))
    if (complainAll(made, complaints(values(made))) || !rows) return
    run(button, rows)
  })
  at(0, true)
  return made
}
