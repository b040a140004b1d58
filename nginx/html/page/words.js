// Knows the languages: sentences, plurals, numbers, dates. Refuses to know screens.



/** The order of day and month in a date is the one that most people who read English use. */
const locales = { en: "en-GB", ru: "ru" }
export const languageNames = { en: "English", ru: "Русский" }

let language
let words = {}
const files = [""]
let plural
let numbers
let coinWord = ""

export function currentLanguage() {
  return language
}

async function load(wanted, names) {
  const lists = await Promise.all(names.map((name) => import(`/words/${wanted}${name}.js`)))
  return Object.assign({}, ...lists.map((list) => list.default))
}

async function setLanguage(wanted) {
  words = await load(wanted, files)
  language = wanted
  plural = new Intl.PluralRules(language)
  numbers = new Intl.NumberFormat(locales[language])
  document.documentElement.lang = language
}

export function startLanguage() {
  return setLanguage(document.documentElement.lang)
}

export async function chooseLanguage(wanted) {
  await setLanguage(wanted)
  localStorage.setItem("language", wanted)
}

export async function useWords(...parts) {
  const more = parts.map((part) => `-${part}`).filter((name) => !files.includes(name))
  Object.assign(words, await load(language, more))
  files.push(...more)
}

export function setCoinWord(word) {
  coinWord = word === "coins" ? "" : word
}

/**
 * A sentence. `{name}` takes the value of that name; a sentence with plural forms chooses by `n`. A number is written
 * in the way of the language. `{coins}` and `{price}` are numbers of coins, which get their word; `{word}` is that word alone, and `{coins:acc}` has it in
 * the accusative, for languages that bend it.
 */
export function t(key, values = {}) {
  let sentence = words[key] ?? key
  if (typeof sentence === "object") sentence = sentence[plural.select(values.n ?? 0)] ?? sentence.other
  return sentence.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, form) => {
    if (name === "word") return coinWord || t("coins.plain")
    const value = values[name]
    if (typeof value !== "number") return String(value ?? "")
    return name === "coins" || name === "price" ? coins(value, form) : number(value)
  })
}

export function knows(key) {
  return words[key] != null
}

export function number(value) {
  return numbers.format(value).replace("-", "−")
}

export function signed(value) {
  return (value > 0 ? "+" : "") + number(value)
}

export function coinName(count, form) {
  if (coinWord) return coinWord
  const key = form && knows(`coins.word.${form}`) ? `coins.word.${form}` : "coins.word"
  return t(key, { n: count })
}

/** “50 coins”, held together by a blank that does not break. */
export function coins(count, form) {
  return `${number(count)}\u00a0${coinName(count, form)}`
}

const formats = new Map()
export function format(kind, options) {
  const key = language + kind.name + JSON.stringify(options)
  if (!formats.has(key)) formats.set(key, new kind(locales[language], options))
  return formats.get(key)
}

const day = 86_400_000

function daysAgo(date) {
  const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate())
  return Math.round((midnight(new Date()) - midnight(date)) / day)
}

function dateOf(date) {
  const sameYear = date.getFullYear() === new Date().getFullYear()
  return format(Intl.DateTimeFormat, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) }).format(date)
}

function timeOf(date) {
  return format(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date)
}

export function ago(text) {
  const date = new Date(text)
  const seconds = (Date.now() - date) / 1000
  const relative = format(Intl.RelativeTimeFormat, { numeric: "auto" })
  if (seconds < 60) return t("time.now")
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute")
  const days = daysAgo(date)
  if (days <= 0) return relative.format(-Math.floor(seconds / 3600), "hour")
  return days < 7 ? relative.format(-days, "day") : dateOf(date)
}

export function moment(text) {
  const date = new Date(text)
  return `${dateOf(date)}, ${timeOf(date)}`
}

export function step(text) {
  const date = new Date(text)
  const days = daysAgo(date)
  if (days < 0) return moment(text)
  if (days === 0) return t("time.today", { time: timeOf(date) })
  if (days < 7) return `${format(Intl.DateTimeFormat, { weekday: "short" }).format(date)}, ${timeOf(date)}`
  return dateOf(date)
}

export function greeting(name) {
  const hour = new Date().getHours()
  const part = hour < 5 ? "night" : hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening"
  return t(`home.${part}`, { name })
}

export function currentTheme() {
  return document.documentElement.dataset.theme ?? "device"
}

export function chooseTheme(theme) {
  if (theme === "device") {
    localStorage.removeItem("theme")
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem("theme", theme)
    document.documentElement.dataset.theme = theme
  }
}

/** Every other colour of the accent is worked out from this one; see style/elements.css. */
export function setAccent(accent) {
  if (/^#[0-9a-f]{6}$/i.test(accent ?? "")) document.documentElement.style.setProperty("--accent", accent)
}
