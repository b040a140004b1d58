/// A text of the form of an email address. Whether mail arrives there is not checked.
package struct EmailAddress: Sendable, RuledText {
  package let text: String

  package init(_ raw: String) throws(EmailRefusal) {
    // RFC 5321 counts octets, so every address can be a name to sign in with too.
    guard let text = raw.normalized(mostBytes: 254) else { throw .tooLong }
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].count) else { throw .malformed }
    let odd = text.unicodeScalars.contains { $0.properties.isWhitespace || "\"(),:;<>[\\]".unicodeScalars.contains($0) }
    let local = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard !odd, !text.hasControlCharacters, local.allSatisfy({ !$0.isEmpty }) else { throw .malformed }
    let labels = parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.count >= 2, labels.allSatisfy({ (1...63).contains($0.count) && !Self.hasHyphenAtItsEnd($0) })
    else { throw .malformed }
    // An email is also a name to sign in with.
    do { try NameRule.requireTakeable(text) } catch { throw .malformed }
    self.text = text
  }

  private static func hasHyphenAtItsEnd(_ label: Substring.UTF8View) -> Bool {
    label.first == UInt8(ascii: "-") || label.last == UInt8(ascii: "-")
  }
}

package enum EmailRefusal: String, Error, CustomStringConvertible {
  case malformed = "Input is not a valid email address"
  case tooLong = "Input should have at most 254 bytes"

  package var description: String { rawValue }
}
