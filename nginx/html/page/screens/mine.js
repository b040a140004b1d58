// Mine: what is on its way, what I own by section and variant, and what is put aside.

import { allItems, classifiers, thumb, variantName } from "../goods.js"
import { empty, head, tabs } from "../elements.js"
import { changes } from "../session.js"
import { get, query } from "../api.js"
import { html } from "../html.js"
import { moment, number, t } from "../words.js"
import { orderCard } from "./orders.js"
import { show as again } from "../router.js"

const sections = ["main", "factory", "trade"]

function line(item, held, names) {
  return html`<li>${thumb(item)}<div class="what"><b>${item.name}</b><small>${variantName(names, held)}</small></div><span class="sum num">${number(held.quantity)}</span></li>`
}

function part(title, list, note) {
  return html`<section class="stack"><div><h2>${title}</h2>${note && html`<p class="muted small">${note}</p>`}</div><div class="card"><ul class="lines">${list}</ul></div></section>`
}

/** One section of the inventory, its merch first, then each other class; nothing of what somebody does not have. */
function owned(section, held, itemOf, names) {
  const classes = [...new Set(["merch", ...held.map((one) => one.item_class)])]
  return classes.map((name) => {
    const list = held.filter((one) => one.item_class === name)
    const title = section !== "main" ? t(`mine.${section}`) : name === "merch" ? t("mine.own") : names.get(`item_class ${name}`) ?? name
    return list.length > 0 && part(title, list.map((one) => line(itemOf(one), one, names)))
  })
}

/** Things put aside until somebody uses them or gives them back. Only things in the workshop can be. */
async function reservations(factory, signal) {
  if (!factory.length) return []
  try {
    return (await get("/inventory/reservations?status=open", { signal })).reservations
  } catch (error) {
    if (error.status === 404) return []
    throw error
  }
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
  const itemOf = ({ item_id: id, item_type: type }) => byID.get(id) ?? { code: id, name: names.get(`item_type ${type}`) ?? type }
  const onItsWay = [...ready.items, ...ordered.items]
  const aside = (await reservations(held[1].items, signal)).map((one) => part(t("mine.aside"), one.reserved_items.map((reserved) => {
    const item = byCode.get(reserved.item_code) ?? { code: reserved.item_code, name: reserved.item_code }
    return line(item, { ...reserved, collection: reserved.collection_code, quality_level: reserved.quality_level_code }, names)
  }), t("mine.asideSince", { when: moment(one.reservation_date) })))
  const lists = [...sections.flatMap((section, index) => owned(section, held[index].items, itemOf, names)), ...aside].filter(Boolean)
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
