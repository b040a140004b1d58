/// Base64 without padding, in two alphabets. Each sequence of bytes has exactly one spelling: no blanks, no padding,
/// no bits left over at the end, because a second spelling of a token would pass by any list of revoked ones.
package enum Base64: Sendable {
  /// RFC 4648, section 5: tokens and keys.
  case url
  /// RFC 4648, section 4: what Argon2 writes between its dollar signs.
  case standard

  package func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var pending: UInt32 = 0
    var bits = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(letter(UInt8(truncatingIfNeeded: pending >> UInt32(bits)) & 63))
      }
    }
    if bits > 0 { text.append(letter(UInt8(truncatingIfNeeded: pending << UInt32(6 - bits)) & 63)) }
    return String(decoding: text, as: UTF8.self)
  }

  package func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    // A single letter carries six bits, which is no byte.
    guard text.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var pending: UInt32 = 0
    var bits = 0
    for letter in text {
      guard let digit = digit(letter) else { return nil }
      pending = pending << 6 | UInt32(digit)
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
      }
    }
    guard pending & (1 << UInt32(bits) - 1) == 0 else { return nil }
    return bytes
  }

  package func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

  /// Whether there are only letters of this alphabet in it.
  func spells(_ text: String) -> Bool { text.utf8.allSatisfy { digit($0) != nil } }

  private func letter(_ digit: UInt8) -> UInt8 {
    switch digit {
    case 0..<26: UInt8(ascii: "A") + digit
    case 26..<52: UInt8(ascii: "a") + (digit - 26)
    case 52..<62: UInt8(ascii: "0") + (digit - 52)
    case 62: self == .url ? UInt8(ascii: "-") : UInt8(ascii: "+")
    default: self == .url ? UInt8(ascii: "_") : UInt8(ascii: "/")
    }
  }

  private func digit(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-") where self == .url, UInt8(ascii: "+") where self == .standard: 62
    case UInt8(ascii: "_") where self == .url, UInt8(ascii: "/") where self == .standard: 63
    default: nil
    }
  }
}
