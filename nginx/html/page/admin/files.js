// Knows files that somebody drops or chooses: the place for them, and tables of text in them.

import { freshID, html } from "../html.js"
import { icon } from "../elements.js"
import { t } from "../words.js"

/** A place for one file. `take` gets it; `say` shows what is wrong with it, `name` what was chosen. */
export function dropPlace({ title, rules, accept, take }) {
  const id = freshID("file")
  const input = html`<input id="${id}" type="file" class="vh" tabindex="-1" accept="${accept}">`
  const [name, wrong] = [html`<b>${title}</b>`, html`<p class="bad" role="alert"></p>`]
  const choose = () => input.click()
  const element = html`<div class="drop">${icon("up")}<label for="${id}">${name}</label><span class="small muted">${rules}</span>${input}
    <button type="button" class="btn" @click=${choose}>${t("picture.choose")}</button>${wrong}</div>`
  input.addEventListener("change", async () => {
    await take(input.files[0])
    // The same file can be chosen again after it was corrected.
    input.value = ""
  })
  element.addEventListener("dragover", (event) => event.preventDefault())
  element.addEventListener("drop", (event) => {
    event.preventDefault()
    take(event.dataTransfer.files[0])
  })
  return {
    element, choose,
    say: (text) => { wrong.textContent = text },
    name: (text) => { name.textContent = text ?? title },
  }
}

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

/** The rows of a table with these columns, each with its number there; null if it lacks the first column. */
export function rowsOf(text, columns) {
  const [names, ...rest] = cells(text)
  const place = new Map(columns.map((column) => [column, names.findIndex((one) => one.trim().toLowerCase() === column)]))
  if (place.get(columns[0]) < 0) return null
  const cell = (row, column) => (row[place.get(column)] ?? "").trim()
  const rows = rest.map((row, index) => ({ number: index + 2, ...Object.fromEntries(columns.map((column) => [column, cell(row, column)])) }))
  return rows.filter((row) => columns.some((column) => row[column]))
}
