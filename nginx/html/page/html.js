// Knows how markup becomes nodes. Refuses to know the shop.
//
// html`<p class="${name}" @click=${act}>${text}</p>` parses the literal parts once, as a template, and puts the values
// in as text, attributes, listeners or nodes. A value is never parsed, so no data can become markup.



const mark = "\u{f8ff}"
/** Until its value is known, an attribute has another name: the parser would complain about a number that is none. */
const waiting = "data-v-"
const dynamic = new RegExp(`\\s([@\\w:-]+)=("[^"]*${mark}[^"]*"|${mark}\\d+${mark})`, "g")
const templates = new WeakMap()

function parsed(strings) {
  let template = templates.get(strings)
  if (!template) {
    template = document.createElement("template")
    let text = strings[0]
    for (const [index, part] of strings.slice(1).entries()) {
      const isInTag = text.lastIndexOf("<") > text.lastIndexOf(">")
      // A comment may stand where a table allows no text.
      text += (isInTag ? `${mark}${index}${mark}` : `<!--${mark}${index}${mark}-->`) + part
    }
    template.innerHTML = text.trim().replace(dynamic, ` ${waiting}$1=$2`)
    templates.set(strings, template)
  }
  return template
}

export function nodes(value) {
  if (value == null || value === true || value === false) return []
  if (Array.isArray(value)) return value.flatMap(nodes)
  return [value instanceof Node ? value : String(value)]
}

function setAttribute(element, name, parts, values) {
  const single = parts.length === 3 && parts[0] === "" && parts[2] === ""
  const value = single ? values[parts[1]] : undefined
  if (name.startsWith("@")) {
    if (value) element.addEventListener(name.slice(1), value)
  } else if (name.startsWith("aria-") && typeof value === "boolean") {
    element.setAttribute(name, String(value))
  } else if (single && value === true) {
    element.setAttribute(name, "")
  } else if (!single || (value != null && value !== false)) {
    element.setAttribute(name, parts.map((part, index) => (index % 2 ? values[part] ?? "" : part)).join(""))
  }
}

export function html(strings, ...values) {
  const content = document.importNode(parsed(strings).content, true)
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT)
  const found = []
  while (walker.nextNode()) found.push(walker.currentNode)
  for (const node of found) {
    if (node.nodeType === Node.COMMENT_NODE) {
      node.replaceWith(...nodes(values[node.data.split(mark)[1]]))
    } else {
      for (const { name, value } of [...node.attributes]) {
        if (!name.startsWith(waiting)) continue
        node.removeAttribute(name)
        setAttribute(node, name.slice(waiting.length), value.split(mark), values)
      }
    }
  }
  return content.childNodes.length === 1 ? content.firstChild : content
}

export function fill(element, ...content) {
  element.replaceChildren(...nodes(content))
  return element
}

let lastID = 0

export function freshID(stem = "e") {
  lastID += 1
  return `${stem}${lastID}`
}
