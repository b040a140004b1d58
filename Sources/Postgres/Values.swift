package import FoundationEssentials

extension UUID: PostgresEncodable, PostgresDecodable {
  package var bind: Bind { .text(text) }

  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let text = String(postgres: bytes) else { return nil }
    self.init(uuidString: text)
  }

  /// As RFC 9562 writes it, and PostgreSQL with it: in lower case.
  package var text: String { uuidString.lowercased() }
}

extension SQL {
  /// An expression that writes a `timestamptz` as RFC 3339 has it, in UTC, whatever the session's time zone is.
  package static func timestamp(_ expression: String) -> String {
    #"to_char(\#(expression) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#
  }
}
