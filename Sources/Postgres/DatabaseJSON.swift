/// A JSON document that PostgreSQL built, because that was measured to be faster. It is handed on as bytes and never
/// parsed.
package struct DatabaseJSON: Sendable, PostgresDecodable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Without the blanks that PostgreSQL writes into its `jsonb`.
  package init(compacting text: [UInt8]) {
    var compact: [UInt8] = []
    compact.reserveCapacity(text.count)
    var (isInString, isEscaped) = (false, false)
    for byte in text {
      if isInString || byte != UInt8(ascii: " ") { compact.append(byte) }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else {
        isEscaped = isInString && byte == UInt8(ascii: "\\")
      }
    }
    bytes = compact
  }

  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    self.bytes = Array(bytes)
  }
}
