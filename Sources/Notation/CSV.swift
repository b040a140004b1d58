/// Comma-separated values as RFC 4180 has them, with the number of the line on which each row begins.
package struct CSV: Sendable {
  package struct Row: Sendable {
    package let line: Int
    package let fields: [String]
  }

  package let rows: [Row]

  package init(parsing bytes: [UInt8]) throws(CSVError) {
    var bytes = bytes[...]
    // Spreadsheets begin a file with a byte order mark.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var rows: [Row] = []
    var line = 1
    while !bytes.isEmpty {
      let start = line
      let fields = try Self.row(&bytes, &line)
      if fields != [""] { rows.append(Row(line: start, fields: fields)) }
    }
    self.rows = rows
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
    guard !field.contains(UInt8(ascii: "\"")) else { throw CSVError(line: line, "a quote inside of a bare field") }
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
        throw CSVError(line: line, "something stands behind a closing quote")
      }
      return try text(field[...], start)
    }
    throw CSVError(line: start, "a quote is not closed")
  }

  private static func text(_ bytes: ArraySlice<UInt8>, _ line: Int) throws(CSVError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CSVError(line: line, "not UTF-8") }
    return text
  }
}

package struct CSVError: Error, Equatable, CustomStringConvertible {
  package let line: Int
  package let message: String

  init(line: Int, _ message: String) {
    self.line = line
    self.message = message
  }

  package var description: String { "line \(line): \(message)" }
}
