// The page without a line: it has both languages in itself, and comes back with the line. page/early.js chooses the
// language and the theme in the same way.
{
  const { dataset, lang } = document.documentElement
  const theme = localStorage.getItem("theme")
  if (theme === "light" || theme === "dark") dataset.theme = theme
  const wanted = [localStorage.getItem("language"), ...navigator.languages.map((one) => one.slice(0, 2))]
  const language = wanted.find((one) => one === "en" || one === "ru") ?? lang
  document.documentElement.lang = language
  for (const main of document.querySelectorAll("main")) main.hidden = main.lang !== language
  document.title = `${document.querySelector("main:not([hidden]) h1").textContent} · Tuckshop`
  const look = () => fetch("/api/v1/shop").then(() => location.reload(), () => {})
  addEventListener("online", look)
  // A device may say too early that it is back.
  setInterval(() => navigator.onLine && look(), 8000)
}
