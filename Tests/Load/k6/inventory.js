// More and more people look at their inventory, reserve a piece and return it, with a pause of a second.
// Settings, with -e NAME=VALUE: BASE, USERS, SECONDS, P95_MS, P99_MS.
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { as, base, equip, judge, makePeople, number } from "./people.js";

const users = number("USERS", 200);
const seconds = number("SECONDS", 300);
const limitMilliseconds = number("P99_MS", 50);
const within = [`p(95)<${number("P95_MS", 25)}`, `p(99)<${limitMilliseconds}`];
const names = {
  look: "GET /inventory",
  reserve: "POST /inventory/reserve",
  giveBack: "POST /inventory/return-reserve",
};
const stages = [0.25, 0.5, 1, 1, 0].map((share) => ({
  duration: `${Math.ceil(seconds / 5)}s`,
  target: Math.ceil(users * share),
}));

export const options = {
  setupTimeout: "10m",
  summaryTrendStats: ["avg", "med", "p(95)", "p(99)", "max", "count"],
  scenarios: { inventory: { executor: "ramping-vus", startVUs: 1, stages } },
  thresholds: {
    "http_req_duration{scenario:inventory}": within,
    [`http_req_duration{scenario:inventory,name:${names.look}}`]: within,
    [`http_req_duration{scenario:inventory,name:${names.reserve}}`]: within,
    [`http_req_duration{scenario:inventory,name:${names.giveBack}}`]: within,
    wrong_answers: ["rate<0.0001"],
    // Below this the load was not offered, and the other figures mean nothing.
    iterations: [`count>=${Math.max(1, Math.floor(fewestRounds()))}`],
  },
};

/** The number of rounds if each of a round's three answers takes as long as the limit allows. */
function fewestRounds() {
  let userSeconds = 0;
  let before = 1;
  for (const { target } of stages) {
    userSeconds += (Math.ceil(seconds / 5) * (before + target)) / 2;
    before = target;
  }
  return userSeconds / (1 + (3 * limitMilliseconds) / 1000);
}

export function setup() {
  const people = makePeople(users);
  equip(people, 2);
  return people;
}

export default function inventory(people) {
  const person = people[(exec.vu.idInTest - 1) % people.length];
  const operation = { user_id: person.id, operation_id: crypto.randomUUID() };
  judge(http.get(`${base}/inventory`, as(person, names.look)));
  const wish = JSON.stringify({ ...operation, items: [{ item_id: person.item, quantity: 1 }] });
  if (judge(http.post(`${base}/inventory/reserve`, wish, as(person, names.reserve)))) {
    judge(http.post(`${base}/inventory/return-reserve`, JSON.stringify(operation), as(person, names.giveBack)));
  }
  sleep(1);
}
