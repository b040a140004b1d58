// One grant: how far it is, and what each recipient got. It reads itself again as long as the grant goes on.

import { badge, head, icon, pager, table } from "../elements.js"
import { coins, moment, number, t } from "../words.js"
import { mail } from "./counter.js"
import { fill, html } from "../html.js"
import { get, query } from "../api.js"

const pause = 1000

function progress(grant) {
  const share = grant.total ? Math.round(((grant.done + grant.refused) / grant.total) * 100) : 100
  const isDone = grant.status === "done"
  return html`<div class="card stack" role="status"><div class="row apart"><b>${isDone ? t("grants.allDone", { n: grant.done }) : t("grants.soFar", { n: number(grant.done), total: number(grant.total) })}</b>${badge(t(isDone ? "grants.done" : "grants.running"), isDone ? "mint" : "lemon", isDone ? "check" : "clock")}</div>
    <svg class="progress" height="12" role="img" aria-label="${t("grants.share", { n: share })}"><rect class="track" width="100%" height="12" rx="6"/><rect class="bar" width="${share}%" height="12" rx="6"/></svg>
    ${grant.refused > 0 && html`<p class="bad">${t("grants.refusedText", { n: grant.refused })}</p>`}</div>`
}

function facts(grant) {
  const row = (name, value) => html`<dt>${name}</dt><dd>${value}</dd>`
  return html`<dl class="card facts">${row(t("grants.name"), html`<code class="mail">${grant.name}</code>`)}${row(t("grants.to"), t(grant.to === "all" ? "grants.everybodyN" : "grants.peopleN", { n: grant.total }))}
    ${row(t("grants.sum"), coins(grant.total_coins))}${grant.amount && row(t("grants.each"), coins(grant.amount))}${row(t("grants.when"), moment(grant.created_at))}${row(t("grants.by"), grant.created_by ?? t("audit.program"))}</dl>`
}

function recipients(grant) {
  const state = ({ status }) => badge(t(`grants.recipient.${status}`), status === "done" ? "mint" : status === "waiting" ? "lemon" : "rose", status === "done" ? "check" : null)
  return table(t("grants.recipients"), [
    { title: t("queue.who"), kind: "lead", look: "mail", cell: (one) => html`<b>${mail(one.username)}</b>` },
    { title: t("history.when"), look: "muted num", cell: (one) => (one.at ? moment(one.at) : null) },
    { title: t("history.coins"), end: true, look: "num", cell: (one) => number(one.amount) },
    { title: html`<span class="vh">${t("queue.states")}</span>`, kind: "side", cell: state },
  ], grant.recipients)
}

export async function showGrant({ name, cursor, signal, title }) {
  const read = () => get(`grants/${encodeURIComponent(name)}` + query({ cursor, limit: 25 }), { signal })
  const first = await read()
  const [state, list] = [html`<div></div>`, html`<div></div>`]
  title(first.reason)
  const draw = (grant) => {
    fill(state, progress(grant))
    fill(list, grant.recipients.length > 0 && [recipients(grant), pager(cursor, grant.next_cursor, (one) => "/admin/grants" + query({ grant: name, cursor: one }))])
    if (grant.status === "running") setTimeout(() => !signal.aborted && read().then(draw, () => {}), pause)
  }
  draw(first)
  return [
    html`<p class="crumb"><a href="/admin/grants?view=list">${icon("back")}${t("grants.view.list")}</a></p>`,
    head(first.reason, null, html`<a class="btn" href="/admin/audit${query({ subject: name })}">${t("audit.seeAll")}</a>`),
    html`<div class="two"><div class="stack">${state}${list}</div>${facts(first)}</div>`,
  ]
}
