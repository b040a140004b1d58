// Knows the part of YAML in which openapi.yaml is written: mappings, lists, block texts, and values in braces. Refuses to
// know anchors, tags and several documents. A test compares the result with that of a complete parser.

const words = { true: true, false: false, null: null, "~": null }

function plain(text) {
  if (text in words) return words[text]
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

/** A value in one line: quoted, in braces or brackets, or plain. `stops` end a plain one. */
class Line {
  constructor(text) {
    this.text = text
    this.at = 0
  }

  blanks() {
    while (this.text[this.at] === " ") this.at += 1
  }

  take(character) {
    this.blanks()
    if (this.text[this.at] !== character) return false
    this.at += 1
    return true
  }

  value(stops = "") {
    this.blanks()
    const first = this.text[this.at]
    if (first === "{") return this.mapping()
    if (first === "[") return this.list()
    if (first === '"') return this.quoted(/"(?:[^"\\]|\\.)*"/y, (found) => JSON.parse(found))
    if (first === "'") return this.quoted(/'(?:[^']|'')*'/y, (found) => found.slice(1, -1).replaceAll("''", "'"))
    const from = this.at
    while (this.at < this.text.length && !stops.includes(this.text[this.at]) && !this.isColon(stops)) this.at += 1
    return plain(this.text.slice(from, this.at).trim())
  }

  isColon(stops) {
    return stops.includes(":") && /^:(?: |$)/.test(this.text.slice(this.at, this.at + 2))
  }

  quoted(pattern, read) {
    pattern.lastIndex = this.at
    const [found] = pattern.exec(this.text) ?? [this.text.slice(this.at)]
    this.at += found.length
    return read(found)
  }

  mapping() {
    const result = {}
    this.at += 1
    while (!this.take("}")) {
      const key = this.value(":,}")
      result[key] = this.take(":") ? this.value(",}]") : null
      this.take(",")
    }
    return result
  }

  list() {
    const result = []
    this.at += 1
    while (!this.take("]")) {
      result.push(this.value(",]}"))
      this.take(",")
    }
    return result
  }
}

const entry = /^((?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#{[-][^:]*?|-[^\s:][^:]*?)):(?: +(.*))?$/

class Document {
  constructor(text) {
    this.lines = text.split("\n").map((line) => ({ depth: line.search(/\S|$/), text: line.trim(), raw: line }))
    this.at = 0
  }

  /** The next line that says something, if it is as deep as `depth` at least. */
  next(depth) {
    while (this.at < this.lines.length && /^(#|$)/.test(this.lines[this.at].text)) this.at += 1
    const line = this.lines[this.at]
    return line && line.depth >= depth ? line : null
  }

  node(depth) {
    const line = this.next(depth)
    if (!line) return null
    if (/^-( |$)/.test(line.text)) return this.list(line.depth)
    if (entry.test(line.text)) return this.mapping(line.depth)
    this.at += 1
    return this.scalar(line.text, line.depth)
  }

  list(depth) {
    const result = []
    for (let line = this.next(depth); line && line.depth === depth && /^-( |$)/.test(line.text); line = this.next(depth)) {
      // The text behind the dash is a node of its own, two places deeper.
      line.text = line.text.slice(1).trim()
      line.depth += 2
      if (!line.text) this.at += 1
      result.push(this.node(depth + 1))
    }
    return result
  }

  mapping(depth) {
    const result = {}
    for (let line = this.next(depth); line && line.depth === depth; line = this.next(depth)) {
      const [, key, rest] = line.text.match(entry)
      this.at += 1
      result[new Line(key).value()] = rest ? this.scalar(rest, depth + 1) : this.after(depth)
    }
    return result
  }

  /** The node below a key without a value: something deeper, or a list as deep as the key. */
  after(depth) {
    const line = this.next(depth)
    if (line && line.depth === depth && /^-( |$)/.test(line.text)) return this.list(depth)
    return line && line.depth > depth ? this.node(depth + 1) : null
  }

  scalar(text, depth) {
    if (/^[|>]-?$/.test(text)) return this.block(text, depth)
    if (/^["'{[]/.test(text)) return new Line(text).value()
    // A plain text may go on in deeper lines.
    for (let line = this.next(depth); line && !entry.test(line.text) && line.depth >= depth; line = this.next(depth)) {
      text += " " + line.text
      this.at += 1
    }
    return plain(text.replace(/ #.*$/, ""))
  }

  block(style, least) {
    const lines = []
    const first = this.lines.slice(this.at).find((line) => line.text)
    const depth = first ? Math.max(first.raw.search(/\S/), least) : least
    for (; this.at < this.lines.length; this.at += 1) {
      const { raw } = this.lines[this.at]
      if (raw.trim() && raw.search(/\S/) < depth) break
      lines.push(raw.slice(depth))
    }
    while (lines.length && !lines.at(-1)) lines.pop()
    const text = style[0] === "|" ? lines.join("\n") : lines.join("\n").replace(/(\S)\n(?=\S)/g, "$1 ").replace(/\n\n/g, "\n")
    return text + (style.endsWith("-") ? "" : "\n")
  }
}

export function parse(text) {
  return new Document(text).node(0)
}
