// Mixed merch load at a constant rate: 76 % info, 10 % transfers, 13 % purchases, 1 % sign-ins.
// Settings, with -e NAME=VALUE: BASE, RATE, SECONDS, PEOPLE, P95_MS, P99_MS, OFFERED_PERCENT.
import http from "k6/http";
import { as, base, judge, makePeople, number } from "./people.js";

const rate = number("RATE", 1000);
const seconds = number("SECONDS", 60);
const peopleCount = number("PEOPLE", 200);
const within = [`p(95)<${number("P95_MS", 25)}`, `p(99)<${number("P99_MS", 50)}`];
const names = {
  info: "GET /api/info",
  send: "POST /api/sendCoin",
  buy: "GET /api/buy/{item}",
  signIn: "POST /api/auth",
};

export const options = {
  setupTimeout: "10m",
  summaryTrendStats: ["avg", "med", "p(95)", "p(99)", "max", "count"],
  scenarios: {
    merch: {
      executor: "constant-arrival-rate",
      rate,
      timeUnit: "1s",
      duration: `${seconds}s`,
      preAllocatedVUs: 100,
      maxVUs: 400,
    },
  },
  thresholds: {
    "http_req_duration{scenario:merch}": within,
    [`http_req_duration{scenario:merch,name:${names.info}}`]: within,
    [`http_req_duration{scenario:merch,name:${names.send}}`]: within,
    [`http_req_duration{scenario:merch,name:${names.buy}}`]: within,
    // A password that the shop has not seen for some minutes is hashed.
    [`http_req_duration{scenario:merch,name:${names.signIn}}`]: [`p(99)<${4 * number("P99_MS", 50)}`],
    wrong_answers: ["rate<0.0001"],
    // Below this the rate was not offered, and the other figures mean nothing.
    "http_reqs{scenario:merch}": [`count>=${Math.floor((number("OFFERED_PERCENT", 99) / 100) * rate * seconds)}`],
  },
};

export function setup() {
  return makePeople(peopleCount);
}

export default function merch(people) {
  const index = below(people.length);
  const person = people[index];
  const share = Math.random();
  if (share < 0.76) {
    // k6 drops the body, which costs it much time on a machine that it shares with the shop.
    judge(http.get(`${base}/api/info`, { ...as(person, names.info), responseType: "none" }));
  } else if (share < 0.86) {
    judge(http.post(`${base}/api/sendCoin`, transfer(index, people), as(person, names.send)));
  } else if (share < 0.99) {
    judge(http.get(`${base}/api/buy/${["pen", "socks"][below(2)]}`, as(person, names.buy)));
  } else {
    const { username, password } = person;
    judge(http.post(`${base}/api/auth`, JSON.stringify({ username, password }), { tags: { name: names.signIn } }));
  }
}

/** One coin to anybody else, so that coins go round and are not used up. */
function transfer(index, people) {
  const other = (index + 1 + below(people.length - 1)) % people.length;
  return JSON.stringify({ toUser: people[other].username, amount: 1 });
}

function below(limit) {
  return Math.floor(Math.random() * limit);
}
