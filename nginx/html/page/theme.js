// Knows the look that a person or a company chose: theme and accent.

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

/** Every other colour of the accent is worked out from this one; see style/tokens.css. */
export function setAccent(accent) {
  if (/^#[0-9a-f]{6}$/i.test(accent ?? "")) document.documentElement.style.setProperty("--accent", accent)
}
