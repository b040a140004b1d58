// The hand-over queue, and above it the steps that are left before a new shop works.

import { facts, get, post, query } from "../api.js"
import { badge, button, empty, head, hidden, person, table, toast } from "../elements.js"
import { sentence, submitting } from "../form.js"
import { classifiers, collectionName, items, itemsByCode, sizeName, thumb, variantName } from "../goods.js"
import { fill, html } from "../html.js"
import { coins, moment, number, step, t } from "../words.js"
import { atOnce, cross, hasWords, notice, numberedSteps, openDialog, personCell, reasonForm, searchField, shownTabs, showWaiting, staffNames, waiting } from "./counter.js"

const states = { "": ["ordered", "ready"], ordered: ["ordered"], ready: ["ready"], handed_over: ["handed_over"] }
const next = { ordered: "ready", ready: "hand-over" }
/** More rows than these come by a button: nobody works off more at a glance, and a phone draws them at once. */
const rowsAtOnce = 30
/** A search that fits more people is too short; nobody at the desk waits for the others. */
const mostPeople = 20
const mostPages = 10

async function load(view, signal) {
  const [ordered, ready, done] = await Promise.all([
    waiting("ordered", signal), waiting("ready", signal),
    view === "handed_over" ? get("orders" + query({ all: true, status: "handed_over", limit: 100 }), { signal }) : { items: [] },
  ])
  showWaiting([ordered, ready])
  const lists = { ordered, ready, handed_over: done }
  const orders = states[view].flatMap((state) => lists[state].items)
  if (view === "") orders.sort((a, b) => (a.ordered_at < b.ordered_at ? -1 : 1))
  return { lists, orders, isWhole: states[view].every((state) => !lists[state].next_cursor) }
}

async function ofPerson(user, status, signal) {
  const found = []
  const order = status === "handed_over" ? "desc" : "asc"
  for (let cursor, page = 1; page === 1 || (cursor && page <= mostPages); page += 1) {
    const list = await get("orders" + query({ all: true, user, status, sort_order: order, limit: 100, cursor }), { signal })
    found.push(...list.items)
    cursor = list.next_cursor
  }
  return found
}

/**
 * Of a long queue only a part is here, so the orders of people with such a name are asked for. The shop finds a part of a
 * name as it is written; so it is asked for the longest word too, and the others are looked at here.
 */
async function ofPeople(search, view, signal) {
  const [longest = search] = search.split(/[^\p{L}\p{N}]+/u).sort((a, b) => b.length - a.length)
  const lists = await Promise.all([...new Set([search, longest])].map((text) => (
    get("users" + query({ search: text.slice(0, 60), limit: 100, sort_by: "full_name", sort_order: "asc" }), { signal }))))
  const people = lists.flatMap((list) => list.items).filter((one) => hasWords(search, one.full_name ?? "", one.username, one.email ?? ""))
  const names = [...new Set(people.map((one) => one.username))]
  const asked = names.slice(0, mostPeople).flatMap((name) => states[view].map((status) => [name, status, signal]))
  const orders = []
  while (asked.length) orders.push(...(await Promise.all(asked.splice(0, atOnce).map((one) => ofPerson(...one)))).flat())
  const isNewestFirst = view === "handed_over"
  orders.sort((a, b) => (a.ordered_at < b.ordered_at === isNewestFirst ? 1 : -1))
  return { orders, isMore: names.length > mostPeople || lists.at(-1).total_pages > 1 }
}

function summary({ ordered, ready }) {
  const oldest = [...ordered.items, ...ready.items].map((one) => one.ordered_at).sort()[0]
  if (!oldest) return t("queue.clear")
  const isMore = ordered.next_cursor || ready.next_cursor
  return isMore ? t("queue.many") : t("queue.summary", { ordered: ordered.items.length, ready: ready.items.length, since: step(oldest) })
}

function desk({ view, loaded, names, signal, changed }) {
  const chosen = new Set()
  const rows = html`<div></div>`
  const bar = html`<div></div>`
  const trouble = html`<div></div>`
  const made = html`<div>${trouble}${rows}${bar}</div>`
  let { orders } = loaded
  let search = ""
  let isTooShort = false
  let look = null
  let most = rowsAtOnce

  const what = (order) => ({ item: order.name, name: look.nameOf(order.user) })
  const fits = (order) => !loaded.isWhole || hasWords(search, look.nameOf(order.user), order.user, order.name)
  const shown = () => orders.filter((order) => states[view].includes(order.status) && fits(order))

  async function move(list, verb) {
    const from = shown().indexOf(list[0])
    const { items: answers } = await post(`orders/${verb}`, { ids: list.map((order) => order.id) }, { repeatable: true })
    const refused = answers.filter((one) => one.code)
    const moved = list.filter((order) => !refused.some((one) => one.id === order.id))
    for (const order of moved) chosen.delete(order.id)
    fill(trouble, refused.map((one) => notice("rose", "alert", html`<b>${t("queue.stays", what(list.find((order) => order.id === one.id)))}</b> ${sentence({ ...one, message: one.detail, status: 409, problem: {} })}`)))
    const done = moved.length && (moved.length === 1 ? t(`queue.done.${verb}`, what(moved[0])) : t(`queue.done.${verb}.many`, { n: moved.length }))
    await refresh()
    focusRow(from)
    if (done) toast(done)
  }

  async function findOrders() {
    const text = search
    const found = text && !loaded.isWhole ? await ofPeople(text, view, signal) : { orders: loaded.orders }
    if (text !== search) return false
    orders = found.orders
    isTooShort = found.isMore
    return true
  }

  async function refresh() {
    loaded = await load(view, signal)
    await findOrders()
    for (const id of chosen) if (!orders.some((order) => order.id === id)) chosen.delete(id)
    await prepare()
    draw()
    changed(loaded)
  }

  function focusRow(index) {
    const boxes = rows.querySelectorAll(".tick input")
    ;(boxes[Math.min(Math.max(index, 0), boxes.length - 1)] ?? document.querySelector("h1")).focus()
  }

  function goods(order, ...notes) {
    return person(thumb({ ...look.byCode(order.item), code: order.item }), order.name, notes.filter(Boolean).join(" · "))
  }

  function takeBack(order) {
    const verb = order.status === "handed_over" ? "return" : "cancel"
    const dialog = openDialog(t(`queue.${verb}.title`, what(order)), signal,
      html`<div class="stack">${goods(order, variantName(names, order), t("pieces", { n: order.quantity }), coins(order.total))}
        <p class="muted">${t("queue.takeBack", { coins: order.total, name: look.nameOf(order.user) })}</p>${order.note && html`<p class="small">${t("order.note", { note: order.note })}</p>`}</div>`,
      html`<hr>`,
      reasonForm({
        label: t("queue.reason"), help: t("queue.reasonHelp"), verb: t(`queue.${verb}.do`), doing: t(`queue.${verb}.doing`),
        work: async (note) => {
          await post(`orders/${order.id}/${verb}`, { note }, { repeatable: true })
          dialog.close()
          toast(t(`queue.${verb}.done`, { ...what(order), coins: order.total }))
          chosen.delete(order.id)
          await refresh()
          focusRow(0)
        },
      }))
  }

  function choose(order, isChosen) {
    if (isChosen) chosen.add(order.id)
    else chosen.delete(order.id)
    drawBar()
  }

  function tick(order) {
    return html`<label class="check"><input type="checkbox" data-id="${order.id}" checked=${chosen.has(order.id)} @change=${(event) => choose(order, event.target.checked)}>${hidden(t("queue.choose", what(order)))}</label>`
  }

  function doing(order) {
    const verb = next[order.status]
    const back = button([t(verb ? "queue.cancel" : "queue.return"), hidden(t("queue.what", what(order)))], () => takeBack(order), "quiet back-out")
    return verb ? html`<form class="row">${stepButton(verb, [order], [t(`queue.do.${verb}`), hidden(t("queue.what", what(order)))], verb === "ready" ? "" : "primary")}${back}</form>` : back
  }

  function stepButton(verb, list, text, look) {
    const made = button(text, () => submitting(made.form, made, t(`queue.doing.${verb}`), () => move(list, verb)), look)
    made.dataset.verb = verb
    return made
  }

  function state(order) {
    const since = order[`${order.status}_at`]
    const mark = { ordered: ["lemon"], ready: ["mint", "check"], handed_over: ["sky"] }[order.status]
    return [badge(t(`queue.state.${order.status}`), ...mark), html`<small class="muted"><time datetime="${since}" title="${moment(since)}">${step(since)}</time></small>`]
  }

  function size(order) {
    const text = [order.quality_level && sizeName(names, order.quality_level), order.collection && collectionName(names, order.collection)].filter(Boolean)
    return text.length ? html`<span class="size">${text.join(", ")}</span>` : null
  }

  const columns = [
    { title: hidden(t("queue.tick")), kind: "tick", cell: tick },
    { title: t("queue.who"), kind: "lead", cell: (order) => personCell(look.nameOf(order.user), order.user) },
    { title: t("queue.goods"), kind: "wide", cell: (order) => goods(order, t("pieces", { n: order.quantity })) },
    { title: t("item.sizes"), kind: "fit", look: "num", cell: size },
    { title: t("queue.since"), kind: "side", cell: state },
    { title: hidden(t("do")), kind: "act", cell: doing },
  ]

  function drawBar() {
    const list = orders.filter((order) => chosen.has(order.id))
    if (!list.length) return fill(bar)
    const all = (verb) => {
      const some = list.filter((order) => next[order.status] === verb)
      return some.length > 0 && stepButton(verb, some, t(`queue.do.${verb}.many`, { n: some.length }), "primary")
    }
    const none = () => {
      chosen.clear()
      draw()
      focusRow(0)
    }
    fill(bar, html`<form class="chosen" aria-label="${t("queue.chosenOrders")}"><b>${t("queue.chosen", { n: list.length })}</b>${cross(t("queue.chooseNone"), none)}${all("ready")}${all("hand-over")}</form>`)
  }

  function draw() {
    const list = shown()
    const isDone = view === "handed_over"
    const nothing = search ? empty(t("queue.nobody"), t("queue.nobodyText", { name: search })) : empty(t(isDone ? "queue.noneDone" : "queue.none"), t(isDone ? "queue.noneDoneText" : "queue.noneText"))
    const focused = rows.contains(document.activeElement) ? document.activeElement.dataset.id : null
    const more = html`<p class="row acts">${button(t("queue.more", { n: list.length - most }), showMore)}</p>`
    fill(rows, list.length ? table(t("queue.caption"), isDone ? columns.slice(1) : columns, list.slice(0, most), { look: "queue" }) : nothing, isTooShort && html`<p class="muted" role="status">${t("queue.tooMany")}</p>`, list.length > most && more)
    if (focused) rows.querySelector(`[data-id="${focused}"]`)?.focus()
    drawBar()
  }

  function showMore() {
    const first = most
    most += rowsAtOnce
    draw()
    rows.querySelectorAll("tbody tr")[first].querySelector("input, button").focus()
  }

  async function prepare() {
    const [nameOf, byCode] = await Promise.all([staffNames(orders.map((order) => order.user), signal), itemsByCode(orders.map((order) => order.item), signal)])
    look = { nameOf, byCode }
  }

  function key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog")) return
    const boxes = [...rows.querySelectorAll(".tick input")]
    const here = boxes.findIndex((box) => box.closest("tr").contains(document.activeElement))
    const verb = { KeyR: "ready", KeyH: "hand-over" }[event.code]
    if (event.code === "KeyJ") boxes[Math.min(here + 1, boxes.length - 1)]?.focus()
    else if (event.code === "KeyK") boxes[Math.max(here - 1, 0)]?.focus()
    else if (event.code === "KeyX") boxes[here]?.click()
    else if (verb) (chosen.size ? bar : boxes[here]?.closest("tr"))?.querySelector(`[data-verb="${verb}"]`)?.click()
    else return
    event.preventDefault()
  }

  addEventListener("keydown", key, { signal })
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && !chosen.size && refresh().catch(() => {}), { signal })
  made.start = async () => {
    await prepare()
    draw()
  }
  made.find = async (text) => {
    search = text
    most = rowsAtOnce
    if (!loaded.isWhole) {
      if (!await findOrders()) return
      await prepare()
    }
    draw()
  }
  return made
}

async function firstSteps(signal) {
  const [shelf, people, grants] = await Promise.all([
    items({ class: "merch", limit: 1 }, signal), get("users?limit=2", { signal }), get("grants?limit=1", { signal }),
  ])
  const list = [
    { name: t("first.shelf"), href: "/admin/catalogue", done: shelf.total > 0 },
    { name: t("first.people"), href: "/admin/people?view=invitations", done: people.total > 2 },
    { name: t("first.coins"), href: "/admin/grants", done: grants.items.length > 0 },
  ]
  if (list.every((one) => one.done)) return null
  return html`<section class="card stack first-steps"><div><h2>${t("first.title")}</h2><p class="muted">${t("first.text")}</p></div>${numberedSteps(list)}</section>`
}

async function showQueue({ query: address, signal }) {
  const view = Object.hasOwn(states, address.get("state") ?? "") ? address.get("state") ?? "" : ""
  const [loaded, names, steps] = await Promise.all([load(view, signal), classifiers(), facts.me.role === "admin" ? firstSteps(signal) : null])
  const top = html`<div></div>`
  const filters = html`<div class="tabs-place"></div>`
  const drawTop = ({ lists }) => {
    const count = { "": lists.ordered.items.length + lists.ready.items.length, ordered: lists.ordered.items.length, ready: lists.ready.items.length }
    const isMore = { "": lists.ordered.next_cursor ?? lists.ready.next_cursor, ordered: lists.ordered.next_cursor, ready: lists.ready.next_cursor }
    const tab = (state) => ({
      name: [t(`queue.tab.${state || "todo"}`), " ", count[state] != null && html`<span class="n">${number(count[state])}${isMore[state] ? "+" : ""}</span>`],
      href: "/admin/queue" + query({ state }), current: state === view,
    })
    fill(top, head(t("title.queue"), summary(lists)))
    fill(filters, shownTabs(t("orders.states"), Object.keys(states).map(tab)))
  }
  const made = desk({ view, loaded, names, signal, changed: drawTop })
  drawTop(loaded)
  await made.start()
  const keys = html`<p class="small muted keys">${["J", "K"].map((one) => [html`<kbd>${one}</kbd>`, " "])}${t("queue.key.move")}, <kbd>X</kbd> ${t("queue.key.choose")}, <kbd>R</kbd> ${t("queue.key.ready")}, <kbd>H</kbd> ${t("queue.key.handOver")}</p>`
  return [
    top, steps,
    html`<div class="row apart filters">${filters}${searchField(t("queue.search"), t("queue.searchHint"), "", (text) => made.find(text), loaded.isWhole ? 0 : 250)}</div>`,
    made, view !== "handed_over" && loaded.orders.length > 0 && keys,
  ]
}

export const screens = { queue: showQueue }
