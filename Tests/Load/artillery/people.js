// The functions that inventory.yml names. Artillery calls them; `done` goes on with the scenario or ends it.
"use strict";

const { randomUUID } = require("node:crypto");

// Several arrivals may have the same person at once, so each person owns more pieces than one arrival reserves.
const PEOPLE = 100;
const PIECES = 10;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks until the shop has time: in the set-up 429 and 503 only mean "later". */
async function patiently(url, options) {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const answer = await fetch(url, options);
    const text = await answer.text();
    if (answer.status === 200) return text === "" ? null : JSON.parse(text);
    if (answer.status !== 429 && answer.status !== 503) {
      throw new Error(`The set-up got ${answer.status} for ${url}: ${text}`);
    }
    await pause(1000 * (Number(answer.headers.get("Retry-After")) || 1));
  }
  throw new Error("The set-up was refused 30 times. Is the shop started with the settings for load?");
}

/** Registers a person, who buys some pieces of the cheapest item. */
async function makePerson(base, username) {
  const credentials = JSON.stringify({ username, password: `password-${username}` });
  const { token } = await patiently(`${base}/api/auth`, { method: "POST", body: credentials });
  const options = { headers: { Authorization: `Bearer ${token}` } };
  for (let piece = 0; piece < PIECES; piece += 1) await patiently(`${base}/api/buy/pen`, options);
  const { id } = await patiently(`${base}/api/v1/auth/me`, options);
  const { items } = await patiently(`${base}/inventory`, options);
  return { token, userID: id, itemID: items[0].item_id };
}

/** Runs once, before the load. One after the other and with pauses, it registers fewer than 20 people a second. */
function makePeople(context, events, done) {
  const run = randomUUID();
  const make = async () => {
    const people = [];
    for (let index = 0; index < PEOPLE; index += 1) {
      people.push(await makePerson(context.vars.target, `artillery-${run}-${index}`));
      await pause(25);
    }
    context.vars.people = people;
  };
  make().then(() => done(), done);
}

/** Runs at the beginning of each arrival. */
function choosePerson(context, events, done) {
  const { people } = context.vars;
  Object.assign(context.vars, people[Math.floor(Math.random() * people.length)], { operationID: randomUUID() });
  done();
}

/** Runs after each answer. A wrong one ends the arrival, which then counts as failed. */
function expectSuccess(request, response, context, events, done) {
  done(response.statusCode === 200 ? undefined : new Error(`${request.url} answered ${response.statusCode}`));
}

module.exports = { makePeople, choosePerson, expectSuccess };
