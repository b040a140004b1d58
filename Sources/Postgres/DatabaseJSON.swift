/// A JSON document that PostgreSQL built, because that was measured to be faster. It is handed on as bytes and never
/// parsed.
package struct DatabaseJSON: Sendable, PostgresDecodable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    self.bytes = Array(bytes)
  }
}
