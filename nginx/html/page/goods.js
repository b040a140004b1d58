// Knows items as a screen shows them: their pictures, their names, the sizes. Refuses to know where they are shown.

import { get, query } from "./api.js"
import { price, tint } from "./elements.js"
import { html } from "./html.js"
import { knows, t } from "./words.js"

const drawn = ["book", "cup", "hoody", "pen", "pink-hoody", "powerbank", "socks", "t-shirt", "umbrella", "wallet"]

const papers = [["#8c6bd1", "#4d318a"], ["#2fa37a", "#14634a"], ["#e8604c", "#952e20"], ["#4d8fd6", "#1f4f86"], ["#eeb02a", "#7a4c00"], ["#c98a52", "#6a3f15"]]
const patterns = [
  "M22 20v70M34 20v70M46 20v70M58 20v70M70 20v70",
  "M24 32h.1M40 32h.1M56 32h.1M72 32h.1M32 46h.1M48 46h.1M64 46h.1M24 60h.1M40 60h.1M56 60h.1M72 60h.1M32 74h.1M48 74h.1M64 74h.1",
  "M30 20v62M48 20v62M66 20v62M18 34h60M18 52h60M18 70h60",
  "M20 32q7-7 14 0t14 0 14 0 14 0M20 48q7-7 14 0t14 0 14 0 14 0M20 64q7-7 14 0t14 0 14 0 14 0",
]

function bag(name, size) {
  const sum = [...name].reduce((total, letter) => (total * 33 + letter.codePointAt(0)) >>> 0, 7)
  const [paper, ink] = papers[sum % papers.length]
  const dots = sum % 4 === 1
  return html`<svg width="${size}" height="${size}" viewBox="0 0 96 96" aria-hidden="true"><path fill="${paper}" d="M18 20l5-6 5 6 5-6 5 6 5-6 5 6 5-6 5 6 5-6 5 6 5-6 5 6v66q0 4-4 4H22q-4 0-4-4z"/>
    <path d="${patterns[sum % 4]}" fill="none" stroke="${ink}" stroke-width="${dots ? 6 : 4}" stroke-linecap="${dots ? "round" : "butt"}" opacity=".55"/><path fill="${ink}" d="M18 80h60v6q0 4-4 4H22q-4 0-4-4z"/>
    <circle cx="48" cy="52" r="19" fill="#fff8ea"/><text x="48" y="61" text-anchor="middle" font-family="ui-rounded, system-ui, sans-serif" font-size="26" font-weight="800" fill="${ink}">${[...name][0]?.toLocaleUpperCase() ?? "?"}</text></svg>`
}

/** A word for a variant, by which two of them are compared; the plain item is “/”. */
export function keyOf({ collection, quality_level: level } = {}) {
  return `${collection ?? ""}/${level ?? ""}`
}

export function variantOf({ collection, quality_level: level } = {}) {
  return { ...(collection ? { collection } : {}), ...(level ? { quality_level: level } : {}) }
}

export function picture(item, { size = 320, variant } = {}) {
  const images = item.images ?? []
  const image = images.find((one) => keyOf(one) === keyOf(variant)) ?? images.find((one) => keyOf(one) === "/") ?? images[0]
  const url = image?.url ?? (drawn.includes(item.code) ? `/goods/${item.code}.svg` : null)
  return url ? html`<img src="${url}" width="${size}" height="${size}" alt="">` : bag(item.name, size)
}

export function thumb(item, size = "") {
  return html`<span class="thumb ${tint(item.code)} ${size}">${picture(item, { size: 48 })}</span>`
}

export function tile(item, note) {
  const isOut = isSoldOut(item)
  return html`<li class="tile ${tint(item.code)} ${isOut ? "out" : ""}"><span class="pic">${picture(item)}</span>
    <span class="tag">${isOut ? t("item.soldOut") : price(item.price)}</span>
    <a class="name" href="/shop/${encodeURIComponent(item.code)}">${item.name}</a>${note && html`<span class="note">${note}</span>`}</li>`
}

export function variants(item) {
  return (item.variants ?? []).filter((one) => one.is_active !== false && (one.collection || one.quality_level))
}

/** How many are left: null means that there is no limit. */
export function left(item, variant) {
  if (variant) return variant.stock ?? null
  const list = variants(item)
  if (!list.length) return item.stock ?? null
  return list.some((one) => one.stock == null) ? null : list.reduce((sum, one) => sum + one.stock, 0)
}

export function isSoldOut(item) {
  return left(item) === 0
}

let classifierNames = null

export async function classifiers() {
  classifierNames ??= get("classifiers", { anonymous: true }).then((lists) => {
    const names = new Map()
    for (const [kind, list] of Object.entries(lists)) for (const one of list) names.set(`${kind} ${one.code}`, one.name)
    return names
  })
  classifierNames.catch(() => {
    classifierNames = null
  })
  return classifierNames
}

export function typeName(names, code) {
  return knows(`type.${code}`) ? t(`type.${code}`) : names.get(`item_type ${code}`) ?? code
}

export function sizeName(names, code) {
  return names.get(`quality_level ${code}`) ?? code
}

export function collectionName(names, code) {
  return names.get(`collection ${code}`) ?? code
}

export function variantName(names, { collection, quality_level: level } = {}, key = "item.size") {
  const size = level && level !== "base" && t(key, { name: names.get(`quality_level ${level}`) ?? level.toUpperCase() })
  return [collection && collection !== "base" && collectionName(names, collection), size].filter(Boolean).join(", ")
}

export function fullName(names, one, key) {
  return [one.name, variantName(names, one, key)].filter(Boolean).join(", ")
}

export function items(filter, signal) {
  return get("items" + query(filter), { anonymous: true, signal })
}

const known = new Map()

export async function itemsByCode(codes, signal) {
  const wanted = [...new Set(codes)].filter((code) => code && !known.has(code))
  if (wanted.length) {
    for (const item of await everyItem(signal)) known.set(item.code, item)
  }
  return (code) => known.get(code) ?? { code, name: code, images: [] }
}

export async function allItems(filter, signal) {
  const first = await items({ ...filter, limit: 100 }, signal)
  const rest = Array.from({ length: first.total_pages - 1 }, (_, index) => items({ ...filter, limit: 100, page: index + 2 }, signal))
  return [first, ...(await Promise.all(rest))].flatMap((page) => page.items)
}

export async function everyItem(signal) {
  return (await Promise.all([true, false].map((active) => allItems({ is_active: active }, signal)))).flat()
}

export function byName(a, b) {
  return (b.class === "merch") - (a.class === "merch") || a.name.localeCompare(b.name)
}
