internal import CPostgres

/// One row of an answer, readable only while the answer is being read.
package struct Row {
  let result: OpaquePointer
  let index: Int32

  package func value<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws -> T {
    guard column < PQnfields(result) else {
      throw PostgresError(reason: .mismatch, message: "there is no column \(column), only \(PQnfields(result))")
    }
    let column32 = Int32(column)
    let isNull = PQgetisnull(result, index, column32) == 1
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(result, index, column32), count: Int(PQgetlength(result, index, column32)))
    guard let value = T(postgres: isNull ? nil : bytes) else {
      throw PostgresError(
        reason: .mismatch, message: "column \(column) cannot be read as \(T.self)\(isNull ? ": it is null" : "")")
    }
    return value
  }
}

/// What can be read out of a column. `bytes` is nil for SQL's null.
package protocol PostgresDecodable {
  init?(postgres bytes: UnsafeRawBufferPointer?)
}

extension String: PostgresDecodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    self.init(validating: bytes, as: UTF8.self)
  }
}

extension Int: PostgresDecodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes, var digit = bytes.first else { return nil }
    let isNegative = digit == UInt8(ascii: "-")
    var value = 0
    for position in (isNegative ? 1 : 0)..<bytes.count {
      digit = bytes[position] &- UInt8(ascii: "0")
      let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow) = shifted.subtractingReportingOverflow(Int(digit))
      guard digit <= 9, !tooLarge, !overflow else { return nil }
      value = next
    }
    // Counted downwards, because the smallest Int has no positive counterpart.
    guard bytes.count > (isNegative ? 1 : 0), isNegative || value > Int.min else { return nil }
    self = isNegative ? value : -value
  }
}

extension Bool: PostgresDecodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes, bytes.count == 1 else { return nil }
    switch bytes[0] {
    case UInt8(ascii: "t"): self = true
    case UInt8(ascii: "f"): self = false
    default: return nil
    }
  }
}

extension Double: PostgresDecodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let text = String(postgres: bytes) else { return nil }
    self.init(text)
  }
}

/// Bytes: bytea in hex, and any other type as the text PostgreSQL wrote, so that JSON built there passes through.
extension Array: PostgresDecodable where Element == UInt8 {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    guard bytes.starts(with: "\\x".utf8), bytes.count.isMultiple(of: 2) else {
      self = Array(bytes)
      return
    }
    self = []
    reserveCapacity(bytes.count / 2)
    func nibble(_ byte: UInt8) -> UInt8 { byte <= UInt8(ascii: "9") ? byte & 15 : (byte & 15) + 9 }
    for position in stride(from: 2, to: bytes.count, by: 2) {
      append(nibble(bytes[position]) << 4 | nibble(bytes[position + 1]))
    }
  }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else {
      self = .none
      return
    }
    guard let value = Wrapped(postgres: bytes) else { return nil }
    self = .some(value)
  }
}
