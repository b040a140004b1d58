// All my orders, by state and page by page in the address; and the card of one order, which Mine shows as well.

import { announce, changes } from "../session.js"
import { badge, empty, head, icon, pager, tabs } from "../elements.js"
import { classifiers, itemsByCode, thumb, variantName } from "../goods.js"
import { coins, step, t } from "../words.js"
import { confirmStep } from "../form.js"
import { fill, html } from "../html.js"
import { get, post, query, readCoins } from "../api.js"
import { show as again } from "../router.js"
import { toast } from "../notices.js"

const states = ["", "ordered", "ready", "handed_over", "cancelled", "returned"]
const colours = { ordered: "lemon", ready: "mint", handed_over: "sky", cancelled: "rose", returned: "toffee" }

/** The way of an order, with the time of each step that was made. */
function steps(order) {
  const ended = order.cancelled_at ? "cancelled" : order.returned_at ? "returned" : null
  const way = [["ordered", order.ordered_at], ["ready", order.ready_at], ["handed_over", order.handed_over_at]]
  const shown = ended ? [...way.filter(([, at]) => at), [ended, order[`${ended}_at`]]] : way
  const now = shown.findLastIndex(([, at]) => at)
  const isDone = order.status === "handed_over"
  const state = (index) => (index < now || (isDone && index === now) ? "done" : index === now ? "now" : "")
  return html`<ol class="steps">${shown.map(([name, at], index) => html`<li class="${state(index)}" aria-current=${index === now ? "step" : null}>${t(`order.${name}`)}${at && html`<time datetime="${at}">${step(at)}</time>`}</li>`)}</ol>`
}

async function cancel(order) {
  await post(`orders/${order.id}/cancel`, {})
  await readCoins()
  announce("moved")
  toast([html`<b>${t("order.cancelDone", { name: order.name })}</b>`, " ", t("order.back", { coins: order.total })])
}

/** One order. It can be cancelled as long as nobody has prepared it. */
export function orderCard(order, item, names) {
  const side = html`<div></div>`
  const place = html`<div></div>`
  const button = html`<button type="button" class="btn quiet danger">${t("order.cancel")}<span class="vh"> ${order.name}</span></button>`
  const close = () => {
    fill(place)
    fill(side, button)
    button.focus()
  }
  button.addEventListener("click", () => {
    const confirm = confirmStep({
      question: t("order.ask", { name: order.name }), note: t("order.comesBack", { coins: order.total }), danger: true,
      yes: { text: t("order.cancelIt"), verb: t("order.cancelling"), work: () => cancel(order) }, back: close, backText: t("order.keep"),
    })
    fill(side)
    fill(place, confirm)
    confirm.takeFocus()
  })
  fill(side, order.status === "ordered" ? button : order.status === "ready" ? badge(t("order.fetch"), "mint", "check") : badge(t(`order.${order.status}`), colours[order.status]))
  const facts = [variantName(names, order), t("pieces", { n: order.quantity }), coins(order.total)].filter(Boolean).join(" · ")
  return html`<li class="card stack order"><div class="row"><div class="person grow">${thumb({ ...item, code: order.item, name: order.name }, "large")}<div><b>${order.name}</b><small>${facts}</small></div></div>${side}</div>
    ${place}${steps(order)}${order.note && html`<p class="small muted">${t("order.note", { note: order.note })}</p>`}</li>`
}

export async function show({ query: address, signal }) {
  const status = states.includes(address.get("status") ?? "") ? address.get("status") : null
  const cursor = address.get("cursor")
  const [{ items, next_cursor: next }, names] = await Promise.all([
    get("orders" + query({ status, cursor, limit: 20 }), { signal }), classifiers(),
  ])
  const byCode = await itemsByCode(items.map((order) => order.item), signal)
  changes.addEventListener("moved", () => again(), { signal })
  const tab = (one) => ({ name: t(`order.${one || "all"}`), href: "/orders" + query({ status: one }), current: (status ?? "") === one })
  return [
    html`<p class="crumb"><a href="/mine">${icon("back")}${t("title.mine")}</a></p>`,
    head(t("title.orders"), t("orders.text")),
    tabs(t("orders.states"), states.map(tab)),
    html`<div class="under-tabs">${items.length
      ? html`<ul class="cards">${items.map((order) => orderCard(order, byCode(order.item), names))}</ul>`
      : empty(t("orders.none"), t("mine.nothingText"), html`<a class="btn primary" href="/shop">${t("nothing.shop")}</a>`)}</div>`,
    pager(cursor, next, (to) => "/orders" + query({ status, cursor: to })),
  ]
}
