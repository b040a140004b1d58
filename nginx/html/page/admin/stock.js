// The sizes of a thing with their stock, and its pictures. Nothing is sent before the thing is saved.

import { post } from "../api.js"
import { badge, button, card, hidden, icon, tint } from "../elements.js"
import { complainAll, field, makeForm, submitButton } from "../form.js"
import { keyOf, picture, sizeName, variantName, variantOf } from "../goods.js"
import { fill, freshID, html } from "../html.js"
import { t } from "../words.js"
import { codeFrom, cross, dropPlace, openDialog, whole } from "./counter.js"

function stepper(row, name, draw) {
  const input = html`<input id="${freshID("stock")}" name="stock ${keyOf(row)}" type="text" inputmode="numeric" autocomplete="off"
    placeholder="∞" value="${row.text}" aria-label="${t("stock.of", { name })}">`
  const set = (text) => {
    row.text = text
    input.value = text
    draw()
  }
  const step = (by) => () => set(String(Math.max(0, (whole(row.text) ?? 0) + by)))
  input.addEventListener("input", () => {
    row.text = input.value
    draw()
  })
  const key = (word, sign, by) => html`<button type="button" aria-label="${t(word, { name })}" @click=${step(by)}>${icon(sign)}</button>`
  return html`<div class="stepper">${key("stock.less", "minus", -1)}${input}${key("stock.more", "plus", 1)}</div>`
}

function addDialog(lists, names, rows, signal, add) {
  const option = (kind, one) => html`<option value="${one.code}">${names.get(`${kind} ${one.code}`) ?? one.name}</option>`
  const select = (name, kind, none) => {
    const control = html`<select class="select"><option value="">${none}</option>${lists[kind].map((one) => option(kind, one))}</select>`
    return field({ label: t(`stock.${name}`), name: kind, control })
  }
  const own = (name) => field({ label: t(`stock.${name}`), name, help: t("stock.ownHelp"), more: { maxlength: 100, autocomplete: "off" } })
  const form = makeForm({
    content: [select("size", "quality_level", t("stock.noSize")), own("ownSize"), html`<details><summary>${t("stock.collectionToo")}</summary>
      <div class="stack">${select("collection", "collection", t("stock.noCollection"))}${own("ownCollection")}</div></details>`],
    button: html`<div>${submitButton(t("stock.add"), "primary")}</div>`, verb: t("stock.adding"),
    work: async (given) => {
      const level = given.ownSize ? await make("quality_level", given.ownSize) : given.quality_level
      const collection = given.ownCollection ? await make("collection", given.ownCollection) : given.collection
      const row = variantOf({ collection, quality_level: level })
      if (rows.some((one) => keyOf(one) === keyOf(row))) return complainAll(form, { [given.ownSize ? "ownSize" : "quality_level"]: t("stock.twice") })
      dialog.close()
      add(row)
    },
  })
  const dialog = openDialog(t("stock.add"), signal, form)
  const make = async (kind, name) => {
    const known = lists[kind].find((one) => one.name.toLowerCase() === name.toLowerCase())
    const made = known ?? await post(`classifiers/${kind}`, { code: codeFrom(name, "own"), name })
    if (!known) lists[kind].push(made)
    names.set(`${kind} ${made.code}`, made.name)
    return made.code
  }
}

export function stockForm(item, lists, names, signal) {
  const rowOf = (one) => ({ ...one, text: one.stock == null ? "" : String(one.stock) })
  let rows = item.variants.length ? item.variants.map(rowOf) : [{ ...rowOf({ stock: item.stock }), is_active: true }]
  const body = html`<tbody></tbody>`
  const why = field({ label: t("stock.why"), name: "reason", help: t("stock.whyHelp"), more: { maxlength: 500, autocomplete: "off" } })
  const name = (row) => variantName(names, row) || (rows.length > 1 ? t("stock.plain") : t("stock.all"))

  const isPlain = () => rows.length === 1 && keyOf(rows[0]) === "/"
  const clean = () => rows.map((row) => ({ ...variantOf(row), stock: whole(row.text), is_active: row.is_active }))
  const sameList = (known) => {
    const list = isPlain() ? [] : clean()
    const isSame = (row, other) => keyOf(row) === keyOf(other) && row.is_active === other.is_active
    return list.length === known.variants.length && list.every((row, index) => isSame(row, known.variants[index]))
  }
  const counted = (known) => clean().filter((row) => {
    const before = known.variants.length ? known.variants.find((one) => keyOf(one) === keyOf(row)) : known
    return !before || before.stock !== row.stock
  })

  function state(row) {
    const count = whole(row.text)
    if (count === 0) return badge(t("item.out"), "rose")
    return count != null && count <= (item.low_stock_at ?? -1) ? badge(t("catalogue.low"), "lemon") : null
  }

  function drawReason() {
    why.hidden = !(item.id && counted(item).length)
  }

  function line(row) {
    const mark = html`<span></span>`
    const drawMark = () => {
      fill(mark, state(row))
      drawReason()
    }
    drawMark()
    const remove = () => {
      rows = rows.filter((one) => one !== row)
      if (!rows.length) rows = [{ text: "", is_active: true }]
      draw()
    }
    const setSale = (event) => { row.is_active = event.target.checked }
    const sale = !isPlain() && html`<label class="check"><input type="checkbox" checked=${row.is_active} @change=${setSale}>${hidden(t("stock.forSale", { name: name(row) }))}</label>`
    const away = sale && cross(t("stock.remove", { name: name(row) }), remove)
    const isSize = row.quality_level && !row.collection
    const size = isSize ? sizeName(names, row.quality_level) : name(row)
    return html`<tr><th scope="row"><span class="${isSize ? "size" : ""}">${size}</span>${mark}</th>
      <td><div class="field">${stepper(row, name(row), drawMark)}</div></td><td>${sale}</td><td class="end">${away}</td></tr>`
  }

  function draw() {
    fill(body, rows.map(line))
    drawReason()
  }

  const add = (row) => {
    // The first size of a thing takes the place of its one shelf, which is not sold beside sizes unless it is kept.
    if (isPlain() && !item.variants.length) rows = []
    rows.push({ ...row, text: "0", is_active: true })
    draw()
    body.querySelector("tr:last-child input").focus()
  }
  const ask = () => addDialog(lists, names, rows, signal, add)
  const element = html`<section class="card flush"><div class="pad"><h2>${t("stock.title")}</h2><p class="muted">${t("stock.text")}</p></div>
    <table class="table sizes-table"><caption class="vh">${t("stock.title")}</caption>
      <thead><tr>${["size", "count", "sale"].map((one) => html`<th scope="col">${t(`stock.${one}`)}</th>`)}<th scope="col">${hidden(t("do"))}</th></tr></thead>${body}</table>
    <div class="pad row low"><div class="grow">${why}</div>${button([icon("plus"), t("stock.add")], ask)}</div></section>`
  draw()

  return {
    element,
    get rows() { return clean() },
    get isPlain() { return isPlain() },
    complaints(known) {
      const wrong = clean().filter((row) => row.stock === undefined).map((row) => [`stock ${keyOf(row)}`, t("send.noNumber")])
      const reason = why.querySelector("input").value.trim()
      return { ...Object.fromEntries(wrong), reason: known.id && counted(known).length && !reason ? t("stock.whyMissing") : undefined }
    },
    requests(known) {
      const reason = why.querySelector("input").value.trim()
      const count = ({ is_active: _, ...row }) => ({ method: "PUT", where: "/stock", body: { ...row, reason: reason || t("stock.first") } })
      if (sameList(known)) return counted(known).map(count)
      const list = { method: "PUT", where: "/variants", body: { variants: isPlain() ? [] : clean(), ...(reason ? { reason } : {}) } }
      return isPlain() ? [list, count(clean()[0])] : [list]
    },
  }
}

const types = ["image/png", "image/jpeg", "image/webp"]
const most = 2_000_000
const side = 640

/** A file drawn on a canvas: the page may show no picture from anywhere but the shop. */
async function preview(file) {
  const bitmap = await createImageBitmap(file)
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
  const canvas = html`<canvas role="img" aria-label="${t("picture.preview")}"></canvas>`
  canvas.width = Math.max(1, Math.round(bitmap.width * scale))
  canvas.height = Math.max(1, Math.round(bitmap.height * scale))
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return canvas
}

export function pictureForm(item, names) {
  const variants = [{}, ...item.variants.filter((one) => one.collection || one.quality_level)]
  const images = item.images ?? []
  const changes = new Map()
  let variant = variants[0]
  const place = html`<div class="pic"></div>`
  const note = html`<p class="small muted" role="status"></p>`
  const undo = html`<div></div>`
  const drop = dropPlace({ title: t("picture.drop"), rules: t("picture.rules"), accept: types.join(","), take })
  const id = freshID("size")
  const choose = (event) => {
    variant = variants[event.target.value]
    draw()
  }
  const sizes = variants.length > 1 && html`<div class="field"><label for="${id}">${t("picture.of")}</label><select class="select" id="${id}" @change=${choose}>${variants.map((one, index) => html`<option value="${index}">${variantName(names, one) || t("picture.all")}</option>`)}</select></div>`

  function set(change) {
    if (change) changes.set(keyOf(variant), { variant, ...change })
    else changes.delete(keyOf(variant))
    draw()
  }

  function draw() {
    const change = changes.get(keyOf(variant))
    const left = images.filter((one) => !(changes.has(keyOf(one)) && !changes.get(keyOf(one)).file))
    const own = images.some((one) => keyOf(one) === keyOf(variant))
    fill(place, change?.canvas ?? picture({ ...item, images: left, name: item.name || "?" }, { variant }))
    note.textContent = change ? t(change.file ? "picture.comes" : "picture.goes", { name: change.file?.name }) : variant !== variants[0] && !own ? t("picture.noneOfSize") : ""
    fill(undo, change ? button(t("picture.keep"), () => set(null), "quiet") : own && button(t("picture.remove"), () => set({ file: null }), "quiet danger"))
    drop.say("")
  }

  async function take(file) {
    if (!file) return
    const wrong = !types.includes(file.type) ? "picture.wrongType" : file.size > most ? "picture.tooLarge" : null
    const canvas = wrong ? null : await preview(file).catch(() => null)
    if (canvas) set({ file, canvas })
    else drop.say(t(wrong ?? "picture.unreadable"))
  }

  draw()
  const element = card(t("picture.title"), sizes, html`<div class="${tint(item.code ?? "")}">${place}</div>`, note, undo, drop.element)
  return { changes, element }
}
