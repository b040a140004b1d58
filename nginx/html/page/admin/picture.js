// The picture of a thing: the present one, the one that would come, and the choice of a file. Nothing is sent before
// the thing is saved.

import { fill, freshID, html } from "../html.js"
import { icon, tint } from "../elements.js"
import { picture } from "../goods.js"
import { t } from "../words.js"

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

export function pictureForm(item) {
  const id = freshID("picture")
  const state = { file: null, isRemoved: false, element: null }
  const place = html`<div class="pic"></div>`
  const note = html`<p class="small muted" role="status"></p>`
  const undo = html`<div></div>`
  const input = html`<input id="${id}" type="file" class="vh" accept="${types.join(",")}">`
  const drop = html`<div class="drop">${icon("up")}<label for="${id}"><b>${t("picture.drop")}</b></label><span class="small muted">${t("picture.rules")}</span>${input}
    <button type="button" class="btn" @click=${() => input.click()}>${t("picture.choose")}</button></div>`
  const own = (item.images ?? []).some((one) => !one.collection && !one.quality_level)

  function reset(isRemoved = false) {
    Object.assign(state, { file: null, isRemoved })
    input.value = ""
    const shown = isRemoved ? { ...item, images: item.images.filter((one) => one.collection || one.quality_level) } : item
    fill(place, picture(shown.name ? shown : { ...shown, name: "?" }))
    note.textContent = isRemoved ? t("picture.goes") : ""
    const away = own && !isRemoved && html`<button type="button" class="btn quiet danger" @click=${() => reset(true)}>${t("picture.remove")}</button>`
    fill(undo, isRemoved ? html`<button type="button" class="btn quiet" @click=${() => reset()}>${t("picture.keep")}</button>` : away)
  }

  async function take(file) {
    if (!file) return
    const wrong = !types.includes(file.type) ? t("picture.wrongType") : file.size > most ? t("picture.tooLarge") : null
    if (wrong) {
      note.textContent = wrong
      return
    }
    try {
      fill(place, await preview(file))
    } catch {
      note.textContent = t("picture.unreadable")
      return
    }
    Object.assign(state, { file, isRemoved: false })
    note.textContent = t("picture.comes", { name: file.name })
    fill(undo, html`<button type="button" class="btn quiet" @click=${() => reset()}>${t("picture.keep")}</button>`)
  }

  input.addEventListener("change", () => take(input.files[0]))
  drop.addEventListener("dragover", (event) => event.preventDefault())
  drop.addEventListener("drop", (event) => {
    event.preventDefault()
    take(event.dataTransfer.files[0])
  })
  reset()
  state.element = html`<section class="card stack"><h2>${t("picture.title")}</h2><div class="${tint(item.code ?? "")}">${place}</div>${note}${undo}${drop}</section>`
  return state
}
