@_spi(_Unicode) internal import Swift

/// A name to sign in with: whatever people are called, in one spelling, compared by its bytes. Somebody may have had it
/// since before there were the rules that `requireTakeable` knows.
package struct Username: Sendable {
  package let text: String

  package static let mostBytes = 255

  package init(_ raw: String) throws(NameRefusal) {
    guard let text = raw.normalized(mostBytes: Self.mostBytes) else { throw .tooLong }
    guard !text.isEmpty else { throw .empty }
    guard !text.hasControlCharacters else { throw .controlCharacter }
    self.text = text
  }

  /// A name that somebody takes from now on.
  package init(new raw: String) throws(NameRefusal) {
    try self.init(raw)
    try requireTakeable()
  }

  package func requireTakeable() throws(NameRefusal) { try NameRule.requireTakeable(text) }
}

package enum NameRefusal: Error, Sendable, CustomStringConvertible {
  case empty, tooLong, controlCharacter, blank, edgeBlank, invisibleCharacter, letterForm, mixedAlphabets

  package var description: String {
    switch self {
    case .empty: "Input should have at least 1 character"
    case .tooLong: "Input is too long"
    case .controlCharacter: "Input should have no control characters"
    case .blank: "Input should not be blank"
    case .edgeBlank: "Input should not begin or end with a blank"
    case .invisibleCharacter: "Input should have no invisible characters"
    case .letterForm: "Input should have plain letters: no wide, mathematical or joined forms"
    case .mixedAlphabets: "Input should not mix Latin, Cyrillic and Greek letters in one word"
    }
  }
}

extension String {
  /// NFC: the spelling in which two texts that look the same to Unicode have the same bytes. Nil if it has more bytes
  /// than that. They are counted before too, since composing costs the square of what stands on one letter (1.1 s for
  /// 60 KB): no text becomes shorter than a quarter. So nothing is composed but by saying how much of it.
  func normalized(mostBytes: Int) -> String? {
    guard utf8.count <= 4 * mostBytes else { return nil }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: _nfc)
    let text = String(scalars)
    return text.utf8.count <= mostBytes ? text : nil
  }

  var hasControlCharacters: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
