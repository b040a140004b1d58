// Many people by one table, such as the list that the office has already. Nothing is made unless every row is good.

import { fill, html } from "../html.js"
import { go } from "../router.js"
import { head, icon } from "../elements.js"
import { askTwice, mail } from "./counter.js"
import { knows, number, t } from "../words.js"
import { post } from "../api.js"
import { stat, tableForm } from "./table-form.js"
import { toast } from "../notices.js"

const columns = ["email", "full_name", "role", "username"]

/** The shop's sentences about a text in a row: what the text is not and why, which row has it already, or that it is taken. */
const aboutText = /‘(.*?)’ is (?:no (e-mail address|full name|username|role)(?:: ([^.]*))?|on row (\d+) already|taken: [a-z ]+)\./gsu
const rules = {
  long: /too long|at most/, unseen: /control|invisible/, blank: /be blank/, edges: /begin or end/, forms: /plain letters/, mixed: /mix/,
}
const others = {
  "The e-mail address is missing.": "import.addressMissing",
  "The full name is missing.": "import.nameMissing",
  "Another request just took this name or address.": "import.overtaken",
}

/** A row's mistakes in the words of the page. The shop counts the rows that it got; people count those of their file. */
function explained(detail, rows) {
  const told = detail.replace(aboutText, (_, text, what, rule = "", n) => {
    if (n) return t("import.twice", { text, row: rows[n - 1]?.number })
    if (!what) return t("import.taken", { text })
    const why = Object.keys(rules).find((name) => rules[name].test(rule))
    return [t(`import.no.${what}`, { text }), why && t(`import.why.${why}`)].filter(Boolean).join(" ")
  })
  return Object.entries(others).reduce((text, [sentence, key]) => text.replace(sentence, t(key)), told)
}

/** The members that a row has; the shop chooses the others. */
const userOf = (row) => Object.fromEntries(columns.filter((name) => row[name]).map((name) => [name, row[name]]))

async function check(rows) {
  const body = { users: rows.map(userOf) }
  const found = await post("users/import?dry_run=true", body, { repeatable: true })
  for (const [index, { status, detail }] of found.items.entries()) {
    if (status === "wrong") rows[index].wrong = explained(detail, rows)
    if (status === "known") rows[index].note = t("import.known")
  }
  return found.wrong ? null : { ...found, make: () => post("users/import?dry_run=false", body, { repeatable: true }) }
}

function confirm(place, { created, known, make }, back) {
  if (!created) return fill(place, html`<div class="banner lemon" role="alert">${icon("info")}<p><b>${t("import.nobody")}</b></p></div>`)
  askTwice(place, {
    question: t("import.ask", { n: created }), note: [t("import.note"), known > 0 && [" ", t("import.knownText", { n: known })]], back,
    yes: { text: t("import.do", { n: created }), verb: t("import.doing"), work: async () => {
      const done = await make()
      if (done.wrong) return fill(place, html`<div class="banner rose" role="alert">${icon("alert")}<p><b>${t("import.changed")}</b></p></div>`)
      await go("/admin/people?sort=joined")
      toast(t("import.done", { n: done.created }))
    } },
  })
}

export function showImport() {
  const stats = (rows, good, file) => {
    const known = good.filter((row) => row.note).length
    return [
      stat(t("import.new"), number(good.length - known), t("table.ofRows", { n: rows.length, name: file })),
      stat(t("import.knownTitle"), number(known), t("import.stay")),
      stat(t("table.wrongRows"), number(rows.length - good.length), t("table.leftOut"), rows.length > good.length ? "bad" : ""),
    ]
  }
  return [
    html`<p class="crumb"><a href="/admin/people">${icon("back")}${t("title.people")}</a></p>`, head(t("import.title"), t("import.text")),
    tableForm({
      needs: columns, rules: t("import.rules"), lastStep: t("import.step"), wrongText: (n) => t("import.wrong", { n }), check, confirm, stats,
      columns: [
        { title: t("queue.who"), kind: "lead", look: "mail", cell: (row) => html`<div class="person"><div><b>${row.full_name || "–"}</b><small class="mail">${mail(row.email || "–")}</small></div></div>` },
        { title: t("people.role"), kind: "side", look: "muted", cell: (row) => (knows(`role.${row.role || "user"}`) ? t(`role.${row.role || "user"}`) : row.role) },
      ],
    }),
  ]
}
