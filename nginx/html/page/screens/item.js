// One item: its picture, its price, sizes, how many; buying in two steps. The shop says what is missing.

import { allItems, classifiers, isSoldOut, items, left, picture, variantName, variants } from "../goods.js"
import { announce, changes, facts, setCoins } from "../session.js"
import { coins, number, t } from "../words.js"
import { coinsMissing, icon, missing, picks, price, stepper, tint } from "../elements.js"
import { confirmStep, isAtWork, isPending, once, pending, unanswered } from "../form.js"
import { fill, html } from "../html.js"
import { go, show as again } from "../router.js"
import { get, postOnce, readCoins, Refusal } from "../api.js"
import { toast } from "../notices.js"

const mostAtOnce = 20

async function find(code, signal) {
  const { items: found } = await items({ search: code, limit: 100 }, signal)
  const item = found.find((one) => one.code === code) ?? (await allItems({}, signal)).find((one) => one.code === code)
  if (!item) throw new Refusal(404, { code: "not_found", title: "" })
  return item
}

function offer(item) {
  return html`<div class="stack"><div class="offer"><h1 tabindex="-1">${item.name}</h1>${item.price && html`<p class="price">${price(item.price)}</p>`}</div>${item.description && html`<p>${item.description}</p>`}</div>`
}

/** The choice of a variant: sizes if there are only sizes, else each variant by its whole name. */
function choice(item, list, names, chosen, choose) {
  const onlySizes = list.every((one) => !one.collection)
  const name = (one) => (onlySizes ? names.get(`quality_level ${one.quality_level}`) ?? one.quality_level : variantName(names, one))
  const note = (one) => (one.stock === 0 ? t("item.out") : one.stock != null && one.stock <= 5 ? t("item.left", { n: one.stock }) : null)
  const options = list.map((one, index) => ({ value: String(index), name: name(one), note: note(one), disabled: one.stock === 0 }))
  return picks("variant", t(onlySizes ? "item.sizes" : "item.variants"), options, chosen, choose)
}

/** The share of the user in an item that has a limit: {owned, bought, left?}. An older shop does not tell. */
async function whatIHave(item, signal) {
  if (item.limit_per_person == null) return {}
  try {
    return await get(`items/${item.id}/mine`, { signal })
  } catch (error) {
    if (error.status === 404) return {}
    throw error
  }
}

function limitHelp(item, { bought, left: rest }) {
  const limit = t("item.limit", { n: item.limit_per_person })
  return bought > 0 && rest > 0 ? [limit, " ", t("item.mayHave", { n: rest })] : limit
}

/** `kept` is a purchase without an answer, from before a reload. */
function buyForm(item, names, mine, kept) {
  const list = variants(item)
  const form = html`<form class="stack wide" novalidate></form>`
  const step = html`<div></div>`
  const picked = { index: list.findIndex((one) => one.stock !== 0), quantity: 1 }
  if (list.length > 1) picked.index = -1
  const isKept = (one) => one.collection == kept?.collection && one.quality_level == kept?.quality_level
  if (kept) Object.assign(picked, { index: list.findIndex(isKept), quantity: kept.quantity })
  const variant = () => list[picked.index]
  const described = () => [item.name, variantName(names, variant(), "item.sizeWithin")].filter(Boolean).join(", ")

  /** The reason that keeps the button away, or nothing. */
  function obstacle() {
    const rest = left(item, variant())
    const total = item.price * picked.quantity
    if (rest != null && rest < picked.quantity) return missing(t(rest ? "item.left" : "item.soldOut", { n: rest }), t("item.fewer"))
    if (total <= facts.coins) return null
    const after = html`<a href="/shop?most=${facts.coins}">${t("item.whatElse")}</a>`
    return coinsMissing(total, facts.coins, facts.coins > 0 && after)
  }

  function showButton() {
    if (isAtWork(step)) return
    const total = item.price * picked.quantity
    const button = html`<button class="btn primary big">${t("item.buyFor", { coins: total })}</button>`
    fill(step, obstacle() ?? button)
  }

  function complainAboutChoice() {
    const choices = form.querySelector("fieldset")
    choices.querySelector(".wrong")?.remove()
    choices.append(html`<p class="wrong" role="alert">${icon("alert")}<span>${t("item.chooseSize")}</span></p>`)
    choices.querySelector("input:not([disabled])").focus()
  }

  function ask() {
    if (list.length && !variant()) return complainAboutChoice()
    const total = item.price * picked.quantity
    const { collection, quality_level: level } = variant() ?? {}
    const body = { item: item.code, quantity: picked.quantity, ...(collection ? { collection } : {}), ...(level ? { quality_level: level } : {}) }
    const isLost = isPending("purchase", body)
    const confirm = confirmStep({
      question: t("item.ask", { n: picked.quantity, name: described(), coins: total }),
      note: !isLost && [t("send.keep", { coins: number(facts.coins - total) }), " ", item.hand_over === false ? t("item.atOnce") : t("item.tell")],
      yes: { text: t("item.buyFor", { coins: total }), verb: t("item.buying"), work: () => buy(body, described()) },
      back: () => {
        showButton()
        step.querySelector("button")?.focus()
      },
    })
    fill(step, isLost && unanswered("purchase", t("item.unanswered"), again), confirm)
    confirm.takeFocus()
  }

  async function buy(body, name) {
    const bought = await once("purchase", body, (key) => postOnce("purchases", body, key))
    if (bought.isRepeat) await readCoins()
    else setCoins(bought.balance)
    announce("moved")
    await go("/mine")
    toast([html`<b>${t(bought.isRepeat ? "item.boughtBefore" : "item.bought", { name })}</b>`, " ", t("coins.now", { coins: facts.coins })])
  }

  const most = Math.min(mostAtOnce, mine.left ?? item.limit_per_person ?? mostAtOnce)
  const quantity = html`<div class="field"><label for="quantity">${t("send.howMany")}</label>
    ${stepper("quantity", most, (count) => {
      picked.quantity = count
      showButton()
    }, picked.quantity)}</div>`
  const limit = item.limit_per_person != null && html`<p class="help muted small">${limitHelp(item, mine)}</p>`
  const chosen = picked.index >= 0 ? String(picked.index) : null
  fill(form, offer(item), list.length > 0 && choice(item, list, names, chosen, (index) => {
    picked.index = Number(index)
    form.querySelector("fieldset .wrong")?.remove()
    showButton()
  }), html`<div class="field">${most > 1 && quantity}${limit}</div>`, step)
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!step.querySelector(".confirm, .short")) ask()
  })
  form.showButton = () => !step.querySelector(".confirm") && showButton()
  showButton()
  if (kept) queueMicrotask(ask)
  return form
}

export async function show({ params, signal, title, balance }) {
  const [item, names] = await Promise.all([find(params.code, signal), classifiers(), balance])
  const mine = await whatIHave(item, signal)
  title(item.name)
  const others = html`<a href="/shop">${t("item.others")}</a>`
  const closed = (why, text = others) => html`<div class="stack wide">${offer(item)}${missing(why, text)}</div>`
  const lost = pending("purchase")?.body
  const side = !item.price || !item.is_active ? closed(t("item.notForSale"))
    // The lost purchase itself may have taken the last one.
    : lost?.item === item.code ? buyForm(item, names, mine, lost)
    : isSoldOut(item) ? closed(t("item.soldOut"))
    : mine.left === 0 ? closed(t("item.limitReached"), t("item.haveAll", { n: item.limit_per_person })) : buyForm(item, names, mine)
  changes.addEventListener("coins", () => facts.coins != null && side.showButton?.(), { signal })
  return [
    html`<p class="crumb"><a href="/shop">${icon("back")}${t("title.shop")}</a></p>`,
    html`<div class="counter"><div class="${tint(item.code)}"><div class="pic">${picture(item)}</div></div>${side}</div>`,
  ]
}
