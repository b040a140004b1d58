// A script of its own, outside the modules: it runs before the first paint, so that a chosen theme does not flash.
{
  const theme = localStorage.getItem("theme")
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
}
