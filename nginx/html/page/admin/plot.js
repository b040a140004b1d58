// Knows plots: bars, a curve and ranks, with a table behind them. Widths are in percent and heights in pixels, so that
// letters keep their size.

import { html } from "../html.js"
import { format, number, t } from "../words.js"

const [height, foot, top] = [220, 30, 20]

/** “74k” beside an axis, where there is no room for more. */
function short(value) {
  return value < 10_000 ? number(value) : format(Intl.NumberFormat, { notation: "compact", maximumFractionDigits: 1 }).format(value)
}

/** A round number not below the highest value, and steps that divide it. */
function scale(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 4) / 4))
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one * 4 >= highest && Number.isInteger(one)) ?? power * 10
  return { step, most: step * Math.ceil(Math.max(highest, 1) / step) }
}

/** About six names below a plot, and every second of them only where there is room. */
function names(list, xOf) {
  const every = Math.ceil(list.length / 12)
  return list.map((one, index) => index % every === 0 && html`<svg><text class="${(index / every) % 2 ? "odd" : ""}" x="${xOf(index)}%" y="${height - 10}" text-anchor="middle">${one.name}</text></svg>`)
}

/** `list` is of {name, values}: one or two bars each. The sentence says what the picture shows to those who do not see it. */
export function bars(list, sentence) {
  const { step, most } = scale(Math.max(...list.flatMap((one) => one.values)))
  const y = (value) => height - foot - (value / most) * (height - foot - top)
  const [first, last] = [8, 100]
  const slot = (last - first) / list.length
  const width = (slot * .7) / list[0].values.length
  const grid = []
  for (let value = 0; value <= most; value += step) grid.push(html`<svg><line class="${value ? "grid" : "zero"}" x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}"/>${value > 0 && html`<svg><text x="0" y="${y(value) - 5}">${short(value)}</text></svg>`}</svg>`)
  const bar = (value, x, look) => html`<svg><rect class="bar ${look}" x="${x}%" y="${y(value)}" width="${width}%" height="${height - foot - y(value)}" rx="${Math.min(3, value)}"/></svg>`
  const drawn = list.map(({ values }, index) => values.map((value, place) => value > 0 && bar(value, first + (index + .15) * slot + place * width, place ? "other" : "")))
  return html`<svg height="${height}" role="img" aria-label="${sentence}">${grid}${drawn}${names(list, (index) => first + (index + .5) * slot)}</svg>`
}

/** One value over time, from zero up, with the first and the last one said. */
export function curve(list, sentence) {
  const most = scale(Math.max(...list.map((one) => one.value))).most
  const room = height - foot - top
  const part = (value) => 100 - (value / most) * 100
  const points = list.map(({ value }, index) => `${list.length > 1 ? (index / (list.length - 1)) * 100 : 100},${part(value)}`)
  const [from, to] = [list[0], list.at(-1)]
  const y = (value) => top + (part(value) / 100) * room
  const said = (one, x, anchor) => html`<svg><text class="said" x="${x}" y="${Math.max(y(one.value) - 12, 12)}" text-anchor="${anchor}">${short(one.value)}</text><text x="${x}" y="${height - 10}" text-anchor="${anchor}">${one.name}</text></svg>`
  return html`<svg height="${height}" role="img" aria-label="${sentence}"><svg y="${top}" height="${room}" width="100%" viewBox="0 0 100 100" preserveAspectRatio="none"><path class="under" d="M0,100 L${points.join(" L")} L100,100z"/><polyline class="curve" points="${points.join(" ")}"/></svg>
    <line class="zero" x1="0" x2="100%" y1="${height - foot}" y2="${height - foot}"/><circle class="dot" cx="100%" cy="${y(to.value)}" r="5"/>${list.length > 1 && said(from, "0", "start")}${said(to, "100%", "end")}</svg>`
}

/** The numbers behind a plot, for reading and copying. */
export function numbers(caption, titles, rows) {
  return html`<details><summary>${t("plot.numbers")}</summary><div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="table tight"><caption class="vh">${caption}</caption>
    <thead><tr>${titles.map((title, index) => html`<th scope="col" class="${index ? "end" : ""}">${title}</th>`)}</tr></thead>
    <tbody>${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="end num">${typeof value === "number" ? number(value) : value}</td>`)}</tr>`)}</tbody></table></div></details>`
}

/** `list` is of {name, value, text?, most?}, a bar for each; without `most` the first one is the longest. */
export function ranks(list) {
  const longest = Math.max(...list.map((one) => one.value), 1)
  const rank = ({ name, value, text, most = longest }) => html`<li><span>${name}</span><b class="num">${text ?? number(value)}</b><svg height="12" aria-hidden="true"><rect class="track" width="100%" height="12" rx="6"/>${value > 0 && html`<svg><rect class="bar" width="${Math.max(2, Math.round((value / Math.max(most, 1)) * 100))}%" height="12" rx="6"/></svg>`}</svg></li>`
  return html`<ol class="ranks">${list.map(rank)}</ol>`
}
