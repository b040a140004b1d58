// A script of its own, outside the modules: it runs before the first paint, so that a chosen theme does not flash, and
// it asks for the words of one language together with the modules.
{
  const { dataset, lang } = document.documentElement
  const theme = localStorage.getItem("theme")
  if (theme === "light" || theme === "dark") dataset.theme = theme
  const wanted = [localStorage.getItem("language"), ...navigator.languages.map((one) => one.slice(0, 2))]
  const language = wanted.find((one) => one === "en" || one === "ru") ?? lang
  const words = Object.assign(document.createElement("link"), { rel: "modulepreload", href: `/words/${language}.js` })
  document.documentElement.lang = language
  document.head.append(words)
}
