/// A file of SQL, split into statements, so that an error has a line and a column.
package struct SQLScript {
  package struct Statement: Equatable {
    package let text: String
    /// Where its first character stands in the file, counted in Unicode scalars from 0.
    package let offset: Int
    package let firstWord: String
  }

  package let statements: [Statement]
  private let scalars: [Unicode.Scalar]

  package init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    var lexer = Lexer(scalars: scalars)
    statements = lexer.statements()
  }

  /// Line and column, both from 1, of a place in the file.
  package func location(offset: Int) -> (line: Int, column: Int) {
    let before = scalars[..<min(offset, scalars.count)]
    let line = before.count { $0 == "\n" } + 1
    let start = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
    return (line, before.count - start + 1)
  }
}

/// Knows enough of PostgreSQL's lexical rules to tell which semicolons end a statement.
private struct Lexer {
  let scalars: [Unicode.Scalar]
  var position = 0
  private var start = 0
  private var words: [String] = []
  private var parentheses = 0
  /// Open BEGIN ATOMIC and CASE blocks of a function body written in SQL.
  private var blocks = 0

  init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func statements() -> [SQLScript.Statement] {
    var found: [SQLScript.Statement] = []
    while position < scalars.count {
      if scalars[position] == ";" && parentheses <= 0 && blocks == 0 {
        finish(into: &found)
        position += 1
        start = position
      } else {
        step()
      }
    }
    finish(into: &found)
    return found
  }

  private mutating func finish(into found: inout [SQLScript.Statement]) {
    if let first = words.first {
      found.append(.init(text: text(start..<position), offset: start, firstWord: first))
    }
    words = []
    parentheses = 0
    blocks = 0
  }

  private mutating func step() {
    let scalar = scalars[position]
    // Text before the first token is not part of a statement, so that its position is that of a token.
    if words.isEmpty && (scalar.properties.isWhitespace || startsComment) {
      if startsComment { skipComment() } else { position += 1 }
      start = position
      return
    }
    switch scalar {
    case _ where startsComment: skipComment()
    case "'": skipQuoted("'", backslashEscapes: false)
    case "\"": skipQuoted("\"", backslashEscapes: false)
    case "$": skipDollarQuoted()
    case _ where isWordStart(scalar): word()
    default:
      if scalar == "(" { parentheses += 1 }
      if scalar == ")" { parentheses -= 1 }
      if words.isEmpty { words.append(String(scalar)) }
      position += 1
    }
  }

  private var startsComment: Bool { peek("--") || peek("/*") }

  private mutating func skipComment() {
    if peek("--") {
      while position < scalars.count && scalars[position] != "\n" { position += 1 }
      return
    }
    var depth = 0
    repeat {
      if peek("/*") {
        depth += 1
        position += 2
      } else if peek("*/") {
        depth -= 1
        position += 2
      } else {
        position += 1
      }
    } while depth > 0 && position < scalars.count
  }

  private mutating func skipQuoted(_ quote: Unicode.Scalar, backslashEscapes: Bool) {
    if words.isEmpty { words.append("'") }
    position += 1
    while position < scalars.count {
      if backslashEscapes && scalars[position] == "\\" {
        position += 2
      } else if scalars[position] == quote {
        position += 1
        // A doubled quote is one quote in the text: the literal goes on.
        if position < scalars.count && scalars[position] == quote {
          position += 1
        } else if backslashEscapes, let next = quoteOnNextLine {
          position = next + 1
        } else {
          return
        }
      } else {
        position += 1
      }
    }
  }

  /// The quote where a literal goes on that was closed at the end of a line.
  private var quoteOnNextLine: Int? {
    var next = position
    while next < scalars.count && scalars[next].properties.isWhitespace { next += 1 }
    let goesOn = next < scalars.count && scalars[next] == "'" && scalars[position..<next].contains("\n")
    return goesOn ? next : nil
  }

  private mutating func skipDollarQuoted() {
    if words.isEmpty { words.append("$") }
    var end = position + 1
    while end < scalars.count && (isWordStart(scalars[end]) || isDigit(scalars[end])) { end += 1 }
    guard end < scalars.count && scalars[end] == "$" && !isDigit(scalars[position + 1]) else {
      position += 1  // a parameter such as $1
      return
    }
    let tag = Array(scalars[position...end])
    position = end + 1
    while position < scalars.count && !scalars[position...].starts(with: tag) { position += 1 }
    position = min(position + tag.count, scalars.count)
  }

  private mutating func word() {
    let begin = position
    while position < scalars.count,
      isWordStart(scalars[position]) || isDigit(scalars[position]) || scalars[position] == "$"
    { position += 1 }
    let word = text(begin..<position).uppercased()
    if word == "E" && position < scalars.count && scalars[position] == "'" {
      if words.isEmpty { words.append(word) }
      return skipQuoted("'", backslashEscapes: true)
    }
    if words.count < 4 { words.append(word) }
    countBlocks(word)
  }

  private mutating func countBlocks(_ word: String) {
    let definesRoutine = words.first == "CREATE" && !Set(words).isDisjoint(with: ["FUNCTION", "PROCEDURE"])
    // In parentheses stand arguments, one of which may be called begin.
    guard definesRoutine && parentheses == 0 else { return }
    if word == "BEGIN" || (word == "CASE" && blocks > 0) { blocks += 1 }
    if word == "END" && blocks > 0 { blocks -= 1 }
  }

  private func peek(_ text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }
  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  private func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.value >= 0x80 || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }

  private func text(_ range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[range])
    return String(text)
  }
}
