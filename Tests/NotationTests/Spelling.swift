import Notation

/// JSON as text in one canonical form, so that two values are equal if their bytes are.
enum Spelling {
  static func plain(_ value: JSON) -> [UInt8] {
    switch value {
    case .null: Array("null".utf8)
    case .bool(let flag): Array("\(flag)".utf8)
    case .integer(let integer): Array("\(integer)".utf8)
    case .number(let text): Array(text.utf8)
    case .string(let text): quoted(text)
    case .array(let elements): joined(elements.map(plain), in: "[]")
    case .object(let members):
      joined(members.map { quoted($0.name) + [UInt8(ascii: ":")] + plain($0.value) }, in: "{}")
    }
  }

  /// Escapes the characters that must be, and those that `escaping` chooses.
  static func quoted(_ text: String, escaping: (Unicode.Scalar) -> Bool = { _ in false }) -> [UInt8] {
    var bytes = [UInt8(ascii: "\"")]
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || escaping(scalar) {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: unit % 2 == 0)
          bytes += Array("\\u".utf8) + Array(repeating: UInt8(ascii: "0"), count: 4 - digits.count) + Array(digits.utf8)
        }
      } else {
        bytes += Array(String(scalar).utf8)
      }
    }
    return bytes + [UInt8(ascii: "\"")]
  }

  private static func joined(_ parts: [[UInt8]], in brackets: String) -> [UInt8] {
    let ends = Array(brackets.utf8)
    return [ends[0]] + Array(parts.joined(separator: [UInt8(ascii: ",")])) + [ends[1]]
  }
}
