package import FoundationEssentials

extension UUID: PostgresEncodable, PostgresDecodable {
  package var bind: Bind { .text(text) }

  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    self.init(letters: bytes)
  }

  /// Reads the same texts as Foundation, whose sscanf stood out in profiles: every request has some ids.
  package init?(spelled text: String) {
    var text = text
    guard let value = text.withUTF8({ Self(letters: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = value
  }

  /// The 36 letters of RFC 9562, in either case.
  private init?(letters: UnsafeRawBufferPointer) {
    guard letters.count == 36 else { return nil }
    var value: (high: UInt64, low: UInt64) = (0, 0)
    for place in 0..<36 {
      let letter = letters[place]
      if place == 8 || place == 13 || place == 18 || place == 23 {
        guard letter == UInt8(ascii: "-") else { return nil }
        continue
      }
      let digit: UInt8
      switch letter {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = letter - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = letter - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = letter - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = (value.high << 4 | value.low >> 60, value.low << 4 | UInt64(digit))
    }
    let (high, low) = (value.high.bigEndian, value.low.bigEndian)
    self.init(uuid: unsafeBitCast((high, low), to: uuid_t.self))
  }

  /// As RFC 9562 writes it, and PostgreSQL with it: in lower case.
  package var text: String {
    withUnsafeBytes(of: uuid) { bytes in
      String(unsafeUninitializedCapacity: 36) { letters in
        var place = 0
        for (index, byte) in bytes.enumerated() {
          if index == 4 || index == 6 || index == 8 || index == 10 {
            letters[place] = UInt8(ascii: "-")
            place += 1
          }
          letters[place] = Self.letter(byte >> 4)
          letters[place + 1] = Self.letter(byte & 15)
          place += 2
        }
        return place
      }
    }
  }

  private static func letter(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
  }
}
