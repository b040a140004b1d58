/// A statement with its binds. `"… WHERE id = \(id)"` binds; only `\(raw:)` puts text into the statement.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  package private(set) var text: String
  package private(set) var binds: [Bind]
  /// Sent whole and planned for its values each time, where no one plan is right for all of them.
  package var isPlannedAnew = false

  package init(stringLiteral value: String) {
    text = value
    binds = []
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    binds = stringInterpolation.binds
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    var text = ""
    var binds: [Bind] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 3)
      binds.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }

    package mutating func appendInterpolation(_ value: some PostgresEncodable) {
      append(value.bind)
    }

    private mutating func append(_ bind: Bind) {
      binds.append(bind)
      text += "$"
      text += String(binds.count)
    }

    /// An overload of its own, because the compiler warns of an Optional where none is expected.
    package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
      append(value?.bind ?? .null)
    }

    /// Text that becomes part of the statement as it is. Never text from outside.
    package mutating func appendInterpolation(raw: String) { text += raw }

    /// A piece of a statement with binds of its own, which are counted on from those before it.
    package mutating func appendInterpolation(_ piece: SQL) {
      let before = binds.count
      var number = ""
      var isNumber = false
      for character in piece.text.unicodeScalars {
        if isNumber, ("0"..."9").contains(character) {
          number.unicodeScalars.append(character)
          continue
        }
        if isNumber { text += Int(number).map { String($0 + before) } ?? number }
        number = ""
        isNumber = character == "$"
        text.unicodeScalars.append(character)
      }
      if isNumber { text += Int(number).map { String($0 + before) } ?? number }
      binds += piece.binds
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

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  package var bind: Bind { self?.bind ?? .null }
}
