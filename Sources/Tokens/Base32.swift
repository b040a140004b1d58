/// Base32 without padding (RFC 4648, section 6), which people can type from a sheet of paper: capital letters and the
/// digits 2 to 7.
package enum Base32 {
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 8 + 4) / 5)
    var pending: UInt32 = 0
    var bits = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        text.append(letter(UInt8(truncatingIfNeeded: pending >> UInt32(bits)) & 31))
      }
    }
    if bits > 0 { text.append(letter(UInt8(truncatingIfNeeded: pending << UInt32(5 - bits)) & 31)) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless it is the one spelling of some bytes, except that small letters are allowed.
  package static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var pending: UInt32 = 0
    var bits = 0
    for letter in text.utf8 {
      guard let digit = digit(letter) else { return nil }
      pending = pending << 5 | UInt32(digit)
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
      }
    }
    // Five bits or more that are left over would be a letter too many.
    guard bits < 5, pending & (1 << UInt32(bits) - 1) == 0 else { return nil }
    return bytes
  }

  private static func letter(_ digit: UInt8) -> UInt8 {
    digit < 26 ? UInt8(ascii: "A") + digit : UInt8(ascii: "2") + (digit - 26)
  }

  private static func digit(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a")
    case UInt8(ascii: "2")...UInt8(ascii: "7"): letter - UInt8(ascii: "2") + 26
    default: nil
    }
  }
}
