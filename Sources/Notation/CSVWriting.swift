extension CSV {
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
