// Knows how a transfer is taken back: from the toast after it, and from the history.

import { announce, facts, setCoins } from "./session.js"
import { coins, t } from "./words.js"
import { html } from "./html.js"
import { post } from "./api.js"
import { sentence } from "./form.js"
import { toast } from "./notices.js"

/** Says that coins were sent, with the way back for as long as the shop allows it. */
export function sentToast(transfer, name) {
  const text = [html`<b>${t("send.done", { coins: transfer.amount, name })}</b>`, " ", t("coins.now", { coins: transfer.balance })]
  const seconds = secondsLeft(transfer.created_at)
  toast(text, seconds > 0 ? { seconds, undo: () => undo(transfer.id, transfer.amount) } : {})
}

/** How long a transfer can still be undone. */
export function secondsLeft(at) {
  return Math.floor(facts.shop.undo_seconds - (Date.now() - new Date(at)) / 1000)
}

/** Takes a transfer back. The screens that show coins hear of it. */
export async function undo(id, amount) {
  try {
    const done = await post(`transfers/${id}/undo`)
    setCoins(done.balance)
    toast([html`<b>${t("undo.done", { coins: amount })}</b>`, " ", t("coins.now", { coins: done.balance })])
    announce("moved")
    return true
  } catch (error) {
    if (!("status" in error)) throw error
    toast(error.code === "insufficient_funds" ? t("undo.spent") : sentence(error))
    return false
  }
}
