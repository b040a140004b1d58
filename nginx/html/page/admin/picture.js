// The pictures of a thing: one for all of it, and one for each size that looks different. The present one, the one that
// would come, and the choice of a file. Nothing is sent before the thing is saved.

import { dropPlace } from "./files.js"
import { fill, freshID, html } from "../html.js"
import { picture, variantName } from "../goods.js"
import { t } from "../words.js"
import { tint } from "../elements.js"

const types = ["image/png", "image/jpeg", "image/webp"]
const most = 2_000_000
const side = 640

const keyOf = ({ collection, quality_level: level } = {}) => `${collection ?? ""}/${level ?? ""}`

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

/** `changes` has what is new by the name of its variant: {variant, file, canvas}; without a file the picture goes. */
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
  const sizes = variants.length > 1 && html`<div class="field"><label for="${id}">${t("picture.of")}</label><select class="select" id="${id}">${variants.map((one, index) => html`<option value="${index}">${variantName(names, one) || t("picture.all")}</option>`)}</select></div>`

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
    const keep = () => html`<button type="button" class="btn quiet" @click=${() => set(null)}>${t("picture.keep")}</button>`
    const away = () => html`<button type="button" class="btn quiet danger" @click=${() => set({ file: null })}>${t("picture.remove")}</button>`
    fill(undo, change ? keep() : own && away())
    drop.say("")
  }

  async function take(file) {
    if (!file) return
    const wrong = !types.includes(file.type) ? "picture.wrongType" : file.size > most ? "picture.tooLarge" : null
    const canvas = wrong ? null : await preview(file).catch(() => null)
    if (canvas) set({ file, canvas })
    else drop.say(t(wrong ?? "picture.unreadable"))
  }

  sizes && sizes.querySelector("select").addEventListener("change", (event) => {
    variant = variants[event.target.value]
    draw()
  })
  draw()
  return { changes, element: html`<section class="card stack"><h2>${t("picture.title")}</h2>${sizes}<div class="${tint(item.code ?? "")}">${place}</div>${note}${undo}${drop.element}</section>` }
}
