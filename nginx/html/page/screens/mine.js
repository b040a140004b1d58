// Mine: what is on its way, what I own, and what is put aside.

import { allItems, classifiers, thumb, variantName } from "../goods.js"
import { empty, head, tabs } from "../elements.js"
import { changes } from "../session.js"
import { get, query } from "../api.js"
import { html } from "../html.js"
import { number, t } from "../words.js"
import { orderCard } from "./orders.js"
import { show as again } from "../router.js"

const sections = ["main", "factory", "trade"]

/** The things that somebody holds in one section of the inventory; a shop without such things shows nothing of it. */
function owned(list, byID, names, section) {
  if (!list.length) return null
  const line = (held) => {
    const item = byID.get(held.item_id) ?? { code: held.item_id, name: names.get(`item_type ${held.item_type}`) ?? held.item_type }
    return html`<li>${thumb(item)}<div class="what"><b>${item.name}</b><small>${variantName(names, held)}</small></div><span class="sum num">${number(held.quantity)}</span></li>`
  }
  const title = section === "main" ? t("mine.own") : t(`mine.${section}`)
  return html`<section class="stack"><h2>${title}</h2><div class="card"><ul class="lines">${list.map(line)}</ul></div></section>`
}

export async function show({ signal }) {
  const [ordered, ready, names, items, ...held] = await Promise.all([
    get("orders" + query({ status: "ordered", limit: 50 }), { signal }),
    get("orders" + query({ status: "ready", limit: 50 }), { signal }),
    classifiers(),
    Promise.all(["true", "false"].map((active) => allItems({ is_active: active }, signal))),
    ...sections.map((section) => get(`/inventory?section=${section}`, { signal })),
  ])
  changes.addEventListener("moved", () => again(), { signal })
  const byID = new Map(items.flat().map((item) => [item.id, item]))
  const byCode = new Map(items.flat().map((item) => [item.code, item]))
  const onItsWay = [...ready.items, ...ordered.items]
  const lists = sections.map((section, index) => owned(held[index].items, byID, names, section)).filter(Boolean)
  const orders = onItsWay.length
    ? html`<ul class="stack">${onItsWay.map((order) => orderCard(order, byCode.get(order.item), names))}</ul>`
    : html`<div class="card">${empty(t("mine.nothing"), t("mine.nothingText"), html`<a class="btn primary" href="/shop">${t("nothing.shop")}</a>`)}</div>`
  return [
    head(t("title.mine"), t("mine.text")),
    tabs(t("mine.parts"), [
      { name: t("mine.onItsWay"), href: "/mine", count: onItsWay.length, current: true },
      { name: t("title.orders"), href: "/orders" },
    ]),
    html`<div class="${lists.length ? "two" : ""} under-tabs"><section class="stack"><h2 class="vh">${t("mine.onItsWay")}</h2>${orders}</section>${lists.length > 0 && html`<div class="stack wide">${lists}</div>`}</div>`,
  ]
}
