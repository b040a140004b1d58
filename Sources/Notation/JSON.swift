// Knows how values are written: JSON, CSV and percent-encoding.
// Refuses to know what they mean.

/// A JSON value, parsed strictly: RFC 8259, UTF-8, no duplicate names, no NUL, bounded depth.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number that is no 64-bit integer, as it was written.
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: JSON

    package init(name: String, value: JSON) {
      self.name = name
      self.value = value
    }
  }

  package static let deepest = 32

  package init(parsing bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

/// The reason why a text is not JSON, and the place.
package struct JSONError: Error, Equatable {
  package let message: String
}

/// The names of an object's members, compared as bytes: one by one while there are few, as there nearly always are.
private struct Names {
  private var many: Set<[UInt8]> = []
  private static let few = 16

  /// False if there is such a name already.
  mutating func insert(_ name: String, beside members: [JSON.Member]) -> Bool {
    if members.count < Self.few {
      return !members.contains { $0.name.hasSameBytes(as: name) }
    }
    if many.isEmpty { many = Set(members.map { Array($0.name.utf8) }) }
    return many.insert(Array(name.utf8)).inserted
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  mutating func document() throws(JSONError) -> JSON {
    let value = try value(depth: 0)
    skipBlank()
    guard position == bytes.count else { throw broken("text after the value") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    skipBlank()
    switch peek {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < JSON.deepest else { throw broken("nested more than \(JSON.deepest) deep") }
      return peek == UInt8(ascii: "{") ? try object(depth: depth) : try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"): return try number()
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    case nil: throw broken("it ends too early")
    default: throw broken("unexpected character")
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    var members: [JSON.Member] = []
    var names = Names()
    position += 1
    skipBlank()
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipBlank()
      guard peek == UInt8(ascii: "\"") else { throw broken("a member's name is missing") }
      let name = try string()
      guard names.insert(name, beside: members) else { throw broken("a member is named twice") }
      skipBlank()
      guard take(UInt8(ascii: ":")) else { throw broken("a colon is missing") }
      members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
      skipBlank()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw broken("an object is not closed") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    var elements: [JSON] = []
    position += 1
    skipBlank()
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipBlank()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw broken("an array is not closed") }
    return .array(elements)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    // Most strings have no escape and are copied as a whole.
    var text: [UInt8] = []
    if peek != UInt8(ascii: "\"") { text = Array(bytes[start..<position]) }
    if take(UInt8(ascii: "\"")) {
      guard let string = String(validating: bytes[start..<(position - 1)], as: UTF8.self) else {
        throw broken("text is not UTF-8")
      }
      return string
    }
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw broken("text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw broken("a control character stands in a string")
      default: text.append(byte)
      }
    }
    throw broken("a string is not closed")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    guard let byte = peek else { throw broken("a string is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw broken("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard code != 0 else { throw broken("NUL is not allowed in text") }
      guard let scalar = Unicode.Scalar(code) else { throw broken("half a surrogate pair") }
      text.append(contentsOf: Array(UTF8.encode(scalar)!))
    default: throw broken("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek.flatMap(Hexadecimal.digit) else { throw broken("\\u wants four hexadecimal digits") }
      position += 1
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let leadingZero = peek == UInt8(ascii: "0")
    let whole = skipDigits()
    guard whole > 0, !(leadingZero && whole > 1) else { throw broken("malformed number") }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      guard skipDigits() > 0 else { throw broken("malformed number") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      guard skipDigits() > 0 else { throw broken("malformed number") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    return .number(text)
  }

  private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let matches = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard matches else { throw broken("unexpected character") }
    position += text.utf8CodeUnitCount
    return value
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func skipBlank() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func broken(_ why: String) -> JSONError {
    JSONError(message: "Invalid JSON at byte \(position): \(why)")
  }
}
