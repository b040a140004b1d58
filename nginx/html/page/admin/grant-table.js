// A grant by a table: to each person an amount of their own.

import { ask, query } from "../api.js"
import { askToGrant, forecastOf, reasonAndName } from "./grants.js"
import { html } from "../html.js"
import { mail } from "./counter.js"
import { number, t } from "../words.js"
import { stat, tableForm } from "./table-form.js"

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const digits = (text) => text.replace(/[\s\u00a0\u202f]/g, "")

/** The shop's sentence about a row, in the words of the page where it has some. */
function rowSentence(msg) {
  const nobody = msg.match(/^there is no active user (.*)$/)
  if (nobody) return t("table.nobody", { name: nobody[1] })
  const wrong = msg.match(/^amount: (.*) is no whole number$/)
  return wrong ? t("table.noNumber", { text: wrong[1] }) : msg
}

/** A refusal that names lines of the table, put beside its rows. */
function explained(error, rows) {
  const lines = (Array.isArray(error.problem?.detail) ? error.problem.detail : []).map((one) => [Number(/^line (\d+)$/.exec(one.loc.at(-1))?.[1]), one.msg])
  for (const [line, msg] of lines) if (rows[line - 2]) rows[line - 2].wrong = rowSentence(msg)
  return lines.length > 0 && lines.every(([line]) => line)
}

async function check(rows, { name, reason }) {
  const body = new Blob(["username,amount\n", ...rows.map((row) => `${quoted(row.username)},${quoted(digits(row.amount))}\n`)], { type: "text/csv" })
  const send = (more) => ask("POST", "grants" + query({ name, reason, ...more }), { body, raw: true, repeatable: true })
  try {
    return { ...await forecastOf(await send({ dry_run: true })), name, make: () => send({}) }
  } catch (error) {
    if (!explained(error, rows)) throw error
    return null
  }
}

function stats(rows, good, file) {
  const sum = good.reduce((total, row) => total + (Number(digits(row.amount)) || 0), 0)
  return [
    stat(t("table.would"), [number(sum), html`<i class="coin" aria-hidden="true"></i>`], t("grants.peopleN", { n: good.length })),
    stat(t("table.goodRows"), number(good.length), t("table.ofRows", { n: rows.length, name: file })),
    stat(t("table.wrongRows"), number(rows.length - good.length), t("table.leftOut"), rows.length > good.length ? "bad" : ""),
  ]
}

export function grantTable() {
  return tableForm({
    needs: ["username", "amount"], rules: t("table.rules"), lastStep: t("table.step.grant"), wrongText: (n) => t("table.wrong", { n }), fields: reasonAndName(),
    columns: [
      { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => html`<b>${mail(row.username || "–")}</b>` },
      { title: t("history.coins"), kind: "side", end: true, look: "num", cell: (row) => row.amount || "–" },
    ],
    complaints: ({ reason, name }) => ({ reason: reason ? undefined : t("form.missing"), name: name ? undefined : t("form.missing") }),
    check, stats, confirm: (place, found, back) => askToGrant({ ...found, place, back }),
  })
}
