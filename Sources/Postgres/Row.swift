internal import CPostgres
internal import Glibc

/// One row of an answer, readable only while the answer is being read.
package struct Row {
  let columns: Columns
  let index: Int32

  /// By its place, for answers of up to three columns.
  package func value<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws -> T {
    guard let number = Int32(exactly: column), number < PQnfields(columns.result) else {
      throw PostgresError(reason: .mismatch, message: "there is no column \(column), only \(PQnfields(columns.result))")
    }
    return try value(number, called: "column \(column)")
  }

  /// By its name, for all other answers.
  package func value<T: PostgresDecodable>(_ name: StaticString, as type: T.Type = T.self) throws -> T {
    guard let number = columns.number(of: name) else {
      throw PostgresError(reason: .mismatch, message: "there is no column \(name)")
    }
    return try value(number, called: "column \(name)")
  }

  private func value<T: PostgresDecodable>(_ number: Int32, called title: @autoclosure () -> String) throws -> T {
    let isNull = PQgetisnull(columns.result, index, number) == 1
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(columns.result, index, number), count: Int(PQgetlength(columns.result, index, number)))
    guard let value = T(postgres: isNull ? nil : bytes) else {
      throw PostgresError(
        reason: .mismatch, message: "\(title()) cannot be read as \(T.self)\(isNull ? ": it is null" : "")")
    }
    return value
  }
}

/// The columns of one answer. A name is looked up once, however many rows are read by it.
final class Columns {
  let result: OpaquePointer
  private var known: [(name: UnsafePointer<UInt8>, number: Int32)] = []

  init(of result: OpaquePointer) { self.result = result }

  func number(of name: StaticString) -> Int32? {
    // A literal in the code stands at the same address each time, so the letters need not be compared again.
    if let found = known.first(where: { $0.name == name.utf8Start }) { return found.number }
    let letters = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    guard let number = (0..<PQnfields(result)).first(where: { strcmp(PQfname(result, $0), letters) == 0 }) else {
      return nil
    }
    known.append((name.utf8Start, number))
    return number
  }
}

/// A type that can be read from a column. `bytes` is nil for SQL's null.
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
