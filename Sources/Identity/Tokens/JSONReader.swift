/// Reads the bytes of a `JSONObject` once, from front to back.
struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0

  struct Malformed: Error {}

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(Malformed) -> JSONObject {
    skipBlank()
    let object = try object(depth: 1)
    skipBlank()
    guard position == bytes.count else { throw Malformed() }
    return object
  }

  private mutating func value(depth: Int) throws(Malformed) -> JSONObject.Value {
    switch next {
    case UInt8(ascii: "{"):
      _ = try object(depth: depth)
      return .other
    case UInt8(ascii: "["): return .list(try list(depth: depth))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true")
    case UInt8(ascii: "f"): return try word("false")
    case UInt8(ascii: "n"): return try word("null")
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(Malformed) -> JSONObject {
    var object = JSONObject()
    try open(UInt8(ascii: "{"), depth: depth)
    if take(UInt8(ascii: "}")) { return object }
    repeat {
      skipBlank()
      let name = try text()
      skipBlank()
      guard object[name] == nil, object.members.count < JSONObject.mostMembers, take(UInt8(ascii: ":"))
      else { throw Malformed() }
      skipBlank()
      object.members.append((name, try value(depth: depth + 1)))
      skipBlank()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw Malformed() }
    return object
  }

  private mutating func list(depth: Int) throws(Malformed) -> [JSONObject.Value] {
    var values: [JSONObject.Value] = []
    try open(UInt8(ascii: "["), depth: depth)
    if take(UInt8(ascii: "]")) { return values }
    repeat {
      skipBlank()
      values.append(try value(depth: depth + 1))
      skipBlank()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw Malformed() }
    return values
  }

  private mutating func open(_ bracket: UInt8, depth: Int) throws(Malformed) {
    guard depth <= JSONObject.deepest, take(bracket) else { throw Malformed() }
    skipBlank()
  }

  private mutating func text() throws(Malformed) -> String {
    guard take(UInt8(ascii: "\"")) else { throw Malformed() }
    let start = position
    while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
    guard next == UInt8(ascii: "\"") else { return try escapedText(from: start) }
    defer { position += 1 }
    return try validated(bytes[start..<position])
  }

  private mutating func escapedText(from start: Int) throws(Malformed) -> String {
    var text = Array(bytes[start..<position])
    while let byte = next, byte >= 0x20 {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try validated(text[...])
      case UInt8(ascii: "\\"): text.append(contentsOf: UTF8.encode(try escape())!)
      default: text.append(byte)
      }
    }
    throw Malformed()
  }

  private mutating func escape() throws(Malformed) -> Unicode.Scalar {
    defer { position += 1 }
    switch next {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw Malformed()
    }
  }

  /// Stops on its last digit.
  private mutating func unicodeEscape() throws(Malformed) -> Unicode.Scalar {
    var code = try codeUnit()
    if (0xD800..<0xDC00).contains(code) {
      position += 1
      guard take(UInt8(ascii: "\\")), next == UInt8(ascii: "u") else { throw Malformed() }
      let low = try codeUnit()
      guard (0xDC00..<0xE000).contains(low) else { throw Malformed() }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard code != 0, let scalar = Unicode.Scalar(code) else { throw Malformed() }
    return scalar
  }

  private mutating func codeUnit() throws(Malformed) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      position += 1
      guard let byte = next, byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw Malformed() }
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  private func validated(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
    return text
  }

  private mutating func number() throws(Malformed) -> JSONObject.Value {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let startsWithZero = next == UInt8(ascii: "0")
    let digits = skipDigits()
    guard digits == 1 || digits > 1 && !startsWithZero else { throw Malformed() }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      guard skipDigits() > 0 else { throw Malformed() }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      guard skipDigits() > 0 else { throw Malformed() }
    }
    guard isInteger, let integer = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else { return .other }
    return .integer(integer)
  }

  private mutating func word(_ word: StaticString) throws(Malformed) -> JSONObject.Value {
    guard word.withUTF8Buffer({ bytes[position...].starts(with: $0) }) else { throw Malformed() }
    position += word.utf8CodeUnitCount
    return .other
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func skipBlank() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }
}
