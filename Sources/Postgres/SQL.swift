/// A statement with its binds. `"… WHERE id = \(id)"` binds; only `\(raw:)` puts text into the statement.
///
/// Its elements stay apart until it is sent: placeholders are numbered then, and pieces can be put together freely.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  fileprivate enum Element: Sendable {
    case text(String)
    case bind(Bind)
  }

  private let elements: [Element]
  /// Sent whole and planned for its values each time, where no one plan is right for all of them.
  package var isPlannedAnew = false

  package init(stringLiteral value: String) { elements = [.text(value)] }

  package init(stringInterpolation: StringInterpolation) { elements = stringInterpolation.elements }

  /// The form in which it is sent: text with a placeholder for each bind, and the binds in that order.
  struct Statement {
    var text = ""
    var binds: [Bind] = []
  }

  var statement: Statement {
    var statement = Statement()
    statement.binds.reserveCapacity(elements.count)
    statement.text.reserveCapacity(byteCount)
    for element in elements {
      switch element {
      case .text(let text): statement.text += text
      case .bind(let bind):
        statement.binds.append(bind)
        statement.text += "$"
        statement.text += String(statement.binds.count)
      }
    }
    return statement
  }

  /// Of the text, as few placeholders have more than two digits.
  private var byteCount: Int {
    var count = 3 * elements.count
    for case .text(let text) in elements { count += text.utf8.count }
    return count
  }

  package var text: String { statement.text }
  package var binds: [Bind] { statement.binds }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var elements: [Element] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      elements.reserveCapacity(2 * interpolationCount + 1)
    }

    package mutating func appendLiteral(_ literal: String) { elements.append(.text(literal)) }

    package mutating func appendInterpolation(_ value: some PostgresEncodable) { elements.append(.bind(value.bind)) }

    /// An overload of its own, because the compiler warns of an Optional where none is expected.
    package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
      elements.append(.bind(value?.bind ?? .null))
    }

    /// Text that becomes part of the statement unchanged. Never pass text from a client.
    package mutating func appendInterpolation(raw: String) { elements.append(.text(raw)) }

    /// A piece of a statement with binds of its own.
    package mutating func appendInterpolation(_ piece: SQL) { elements += piece.elements }
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
