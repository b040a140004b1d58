// The steps that are left before a new shop works. They stand above the queue until all of them are done.

import { get } from "../api.js"
import { html } from "../html.js"
import { items } from "../goods.js"
import { t } from "../words.js"

/** The steps, each with a link to where it is done; null in a shop that is at work. */
export async function firstSteps(signal) {
  const [shelf, people, grants] = await Promise.all([
    items({ class: "merch", limit: 1 }, signal), get("users?limit=2", { signal }), get("grants?limit=1", { signal }),
  ])
  const list = [
    { name: "shelf", href: "/admin/catalogue", done: shelf.total > 0 },
    { name: "people", href: "/admin/people?view=invitations", done: people.total > 2 },
    { name: "coins", href: "/admin/grants", done: grants.items.length > 0 },
  ]
  if (list.every((one) => one.done)) return null
  const now = list.findIndex((one) => !one.done)
  return html`<section class="card stack first-steps"><div><h2>${t("first.title")}</h2><p class="muted">${t("first.text")}</p></div>
    <ol class="steps numbered">${list.map((one, index) => html`<li class="${one.done ? "done" : index === now ? "now" : ""}" aria-current=${index === now ? "step" : null}><a href="${one.href}">${t(`first.${one.name}`)}</a></li>`)}</ol></section>`
}
