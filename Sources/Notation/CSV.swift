/// Comma-separated values as RFC 4180 has them, with the number of the line on which each row begins.
package struct CSV: Sendable {
  package struct Row: Sendable {
    package let line: Int
    /// As a spreadsheet counts: a cell with line ends in it is in one row, and an empty line is one too.
    package let number: Int
    package let fields: [String]
  }

  package let rows: [Row]

  package init(parsing bytes: [UInt8]) throws(CSVError) {
    var bytes = bytes[...]
    // Spreadsheets begin a file with a byte order mark.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var rows: [Row] = []
    var (line, number) = (1, 0)
    while !bytes.isEmpty {
      let start = line
      let fields = try Self.row(&bytes, &line)
      number += 1
      if fields != [""] { rows.append(Row(line: start, number: number, fields: fields)) }
    }
    self.rows = rows
  }

  /// The names in the first line, in small letters. A cell that is no short ASCII word is the name of no column, and is
  /// empty here: comparing hostile text as characters takes the square of its length.
  package var columns: [String] {
    (rows.first?.fields ?? []).map { cell in
      let isWord = cell.utf8.count <= 40 && cell.utf8.allSatisfy { $0 < 0x80 }
      return isWord ? cell.lowercased() : ""
    }
  }

  private static func row(_ bytes: inout ArraySlice<UInt8>, _ line: inout Int) throws(CSVError) -> [String] {
    var fields: [String] = []
    while true {
      let isQuoted = bytes.first == UInt8(ascii: "\"")
      fields.append(isQuoted ? try quoted(&bytes, &line) : try plain(&bytes, line))
      guard let next = bytes.popFirst(), next == UInt8(ascii: ",") else {
        line += 1
        return fields
      }
    }
  }

  /// Up to the next comma or line end, which stays in front; of CRLF only the LF does.
  private static func plain(_ bytes: inout ArraySlice<UInt8>, _ line: Int) throws(CSVError) -> String {
    let end = bytes.firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") } ?? bytes.endIndex
    var field = bytes[..<end]
    bytes = bytes[end...]
    if bytes.first != UInt8(ascii: ","), field.last == UInt8(ascii: "\r") { field.removeLast() }
    guard !field.contains(UInt8(ascii: "\"")) else {
      throw CSVError(line: line, message: "a quote inside of a bare field")
    }
    return try text(field, line)
  }

  private static func quoted(_ bytes: inout ArraySlice<UInt8>, _ line: inout Int) throws(CSVError) -> String {
    let start = line
    var field: [UInt8] = []
    bytes.removeFirst()
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: "\n") { line += 1 }
      guard byte == UInt8(ascii: "\"") else {
        field.append(byte)
        continue
      }
      if bytes.first == UInt8(ascii: "\"") {
        field.append(bytes.removeFirst())
        continue
      }
      if bytes.starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) { bytes.removeFirst() }
      guard bytes.first.map({ $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }) ?? true else {
        throw CSVError(line: line, message: "something stands behind a closing quote")
      }
      return try text(field[...], start)
    }
    throw CSVError(line: start, message: "a quote is not closed")
  }

  private static func text(_ bytes: ArraySlice<UInt8>, _ line: Int) throws(CSVError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CSVError(line: line, message: "not UTF-8") }
    return text
  }

  /// One cell of a table. Only text can come from another user.
  package enum Cell: Sendable, ExpressibleByStringLiteral {
    case number(Int)
    case text(String)

    package init(stringLiteral value: String) { self = .text(value) }
  }

  /// One row, without its line end.
  package static func line(_ cells: [Cell]) -> String { cells.map(written).joined(separator: ",") }

  private static func written(_ cell: Cell) -> String {
    switch cell {
    case .number(let number): String(number)
    case .text(let text): quoted(isFormula(text) ? "'" + text : text)
    }
  }

  /// Whether a spreadsheet would run it as a formula. Such a program skips blanks and invisible characters, and reads the
  /// wide forms of the four signs as the signs. Compared by scalars, because a `Character` includes combining marks.
  private static func isFormula(_ text: String) -> Bool {
    let first = text.unicodeScalars.first { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
    guard let first else { return false }
    return ["=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}"].contains(first)
  }

  /// Semicolons and tabs separate cells where a comma is the decimal sign.
  private static func quoted(_ text: String) -> String {
    let quote = UInt8(ascii: "\"")
    guard text.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: ";"), quote, 9, 10, 13].contains($0) })
    else { return text }
    let doubled = text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
    return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
  }
}

package struct CSVError: Error, Equatable, CustomStringConvertible {
  package let line: Int
  package let message: String

  package var description: String { "line \(line): \(message)" }
}
