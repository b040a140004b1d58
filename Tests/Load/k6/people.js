// The shop's address, the people of one run, and the count of wrong answers, for merch.js and inventory.js.
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Counter, Rate } from "k6/metrics";

export const base = (__ENV.BASE || "http://127.0.0.1:8080").replace(/\/$/, "");

/** An integer from the environment. */
export function number(name, usual) {
  const value = Number(__ENV[name] || usual);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a positive integer.`);
  return value;
}

// A shop that refuses because its rules say so has answered well, so k6's own count of failures does not serve.
const wrong = new Rate("wrong_answers");
const notEnough = new Counter("not_enough_coins");

/** Counts an answer as right or wrong, and prints the first lines of a wrong one. */
export function judge(answer) {
  const short = answer.status === 400 && String(answer.body).includes("not enough coins");
  if (short) notEnough.add(1);
  const right = answer.status === 200 || short;
  wrong.add(!right);
  if (!right) {
    console.error(`${answer.request.method} ${answer.url}: ${answer.status} ${answer.error} ${answer.body || ""}`);
  }
  return answer.status === 200;
}

/** Asks until the shop has time: in the set-up 429 and 503 only mean "later". */
function patiently(ask) {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const answer = ask();
    if (answer.status === 200) return answer;
    if (answer.status !== 429 && answer.status !== 503) {
      exec.test.abort(`The set-up got ${answer.status} ${answer.error} ${answer.body || ""}`);
    }
    sleep(Number(answer.headers["Retry-After"]) || 1);
  }
  return exec.test.abort("The set-up was refused 30 times. Is the shop started with the settings for load?");
}

/**
 * Registers new people, at most 20 a second, because each new password costs the shop about 20 ms of processor time.
 * The names contain the time, so that one database serves many runs.
 */
export function makePeople(count) {
  const run = `${Date.now().toString(36)}${Math.floor(Math.random() * 46656).toString(36)}`;
  const people = [];
  for (let index = 0; index < count; index += 1) {
    const began = Date.now();
    const person = { username: `k6-${run}-${index}`, password: `password-${run}-${index}` };
    person.token = patiently(() => http.post(`${base}/api/auth`, JSON.stringify(person))).json("token");
    people.push(person);
    sleep(Math.max(0, 50 - (Date.now() - began)) / 1000);
  }
  return people;
}

/** Gives each person an id and pieces of the cheapest item, which they can then reserve and return. */
export function equip(people, pieces) {
  for (const person of people) {
    const params = as(person);
    for (let piece = 0; piece < pieces; piece += 1) patiently(() => http.get(`${base}/api/buy/pen`, params));
    person.id = patiently(() => http.get(`${base}/api/v1/auth/me`, params)).json("id");
    person.item = patiently(() => http.get(`${base}/inventory`, params)).json("items.0.item_id");
  }
}

/** The parameters of a request that this person sends; all requests of one name are one line in the results. */
export function as(person, name) {
  const headers = { Authorization: `Bearer ${person.token}`, "Content-Type": "application/json" };
  return { headers, tags: name ? { name } : {} };
}
