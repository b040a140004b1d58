/// A statement with its binds. `"… WHERE id = \(id)"` binds; only `\(raw:)` puts text into the statement.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  /// With a placeholder for each bind. It is also the key of the prepared statement.
  package let text: String
  package let binds: [Bind]
  /// The places of the placeholders, in bytes: so a piece gets its new numbers without a look at its text.
  private let places: [Int]
  /// Sent whole and planned for its values each time, where no one plan is right for all of them.
  package var isPlannedAnew = false

  package init(stringLiteral value: String) {
    text = value
    (binds, places) = ([], [])
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    binds = stringInterpolation.binds
    places = stringInterpolation.places
  }

  /// An expression that writes a `timestamptz` as RFC 3339 has it, in UTC, whatever the session's time zone is.
  package static func timestamp(_ expression: String) -> String {
    #"to_char(\#(expression) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#
  }

  private func part(_ from: Int, _ to: Int) -> Substring {
    Substring(
      text.utf8[text.utf8.index(text.startIndex, offsetBy: from)..<text.utf8.index(text.startIndex, offsetBy: to)])
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    fileprivate var binds: [Bind] = []
    fileprivate var places: [Int] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 3)
      binds.reserveCapacity(interpolationCount)
      places.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }

    package mutating func appendInterpolation(_ value: some PostgresEncodable) { append(value.bind) }

    /// An overload of its own, because the compiler warns of an Optional where none is expected.
    package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
      append(value?.bind ?? .null)
    }

    /// Text that becomes part of the statement unchanged. Never pass text from a client.
    package mutating func appendInterpolation(raw: String) { text += raw }

    /// A piece of a statement with binds of its own.
    package mutating func appendInterpolation(_ piece: SQL) {
      var from = 0
      for (index, place) in piece.places.enumerated() {
        text += piece.part(from, place)
        append(piece.binds[index])
        from = place + 1 + String(index + 1).utf8.count
      }
      text += piece.part(from, piece.text.utf8.count)
    }

    private mutating func append(_ bind: Bind) {
      places.append(text.utf8.count)
      binds.append(bind)
      text += "$"
      text += String(binds.count)
    }
  }
}

/// One bound value in PostgreSQL's text format.
package enum Bind: Sendable, Equatable {
  case null
  case text(String)
}

package protocol PostgresEncodable {
  var bind: Bind { get }
}

extension String: PostgresEncodable {
  package var bind: Bind { .text(self) }
}

extension Int: PostgresEncodable {
  package var bind: Bind { .text(String(self)) }
}

extension Bool: PostgresEncodable {
  package var bind: Bind { .text(self ? "t" : "f") }
}

extension Double: PostgresEncodable {
  package var bind: Bind { .text(String(self)) }
}

extension Array: PostgresEncodable where Element == UInt8 {
  package var bind: Bind {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = Array("\\x".utf8)
    text.reserveCapacity(2 + count * 2)
    for byte in self {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return .text(String(decoding: text, as: UTF8.self))
  }
}
