// Knows plots: bars with a table behind them, and ranks. Widths are in percent and heights in pixels, so that letters
// keep their size.

import { html } from "../html.js"
import { number, t } from "../words.js"

const [height, foot, top] = [220, 30, 20]

/** A round number not below the highest value, and steps that divide it. */
function scale(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 4) / 4))
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one * 4 >= highest && Number.isInteger(one)) ?? power * 10
  return { step, most: step * Math.ceil(Math.max(highest, 1) / step) }
}

/** `list` is of {name, value, note}. The sentence says what the picture shows to those who do not see it. */
export function bars(list, sentence) {
  const { step, most } = scale(Math.max(...list.map((one) => one.value)))
  const room = height - foot - top
  const y = (value) => height - foot - (value / most) * room
  const [first, last] = [8, 100]
  const slot = (last - first) / list.length
  const grid = []
  for (let value = 0; value <= most; value += step) grid.push(html`<svg><line class="${value ? "grid" : "zero"}" x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}"/>${value > 0 && html`<svg><text x="0" y="${y(value) - 5}">${number(value)}</text></svg>`}</svg>`)
  const every = Math.ceil(list.length / 12)
  const bar = (one, index) => {
    const x = first + index * slot
    const isNamed = index % every === 0
    return html`<svg><rect class="bar" x="${x + slot * .15}%" y="${y(one.value)}" width="${slot * .7}%" height="${height - foot - y(one.value)}" rx="${Math.min(3, one.value)}"/>
      ${isNamed && html`<svg><text class="${(index / every) % 2 ? "odd" : ""}" x="${x + slot / 2}%" y="${height - 10}" text-anchor="middle">${one.name}</text></svg>`}</svg>`
  }
  return html`<svg height="${height}" role="img" aria-label="${sentence}">${grid}${list.map(bar)}</svg>`
}

/** The numbers behind a plot, for reading and copying. */
export function numbers(caption, titles, rows) {
  return html`<details><summary>${t("plot.numbers")}</summary><table class="table tight"><caption class="vh">${caption}</caption>
    <thead><tr>${titles.map((title, index) => html`<th scope="col" class="${index ? "end" : ""}">${title}</th>`)}</tr></thead>
    <tbody>${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="end num">${number(value)}</td>`)}</tr>`)}</tbody></table></details>`
}

/** `list` is of {name, value, text?}, the largest first. */
export function ranks(list) {
  const most = Math.max(...list.map((one) => one.value), 1)
  const rank = ({ name, value, text }) => html`<li><span>${name}</span><b class="num">${text ?? number(value)}</b><svg height="12" aria-hidden="true"><rect class="track" width="100%" height="12" rx="6"/><rect class="bar" width="${Math.max(2, Math.round((value / most) * 100))}%" height="12" rx="6"/></svg></li>`
  return html`<ol class="ranks">${list.map(rank)}</ol>`
}
