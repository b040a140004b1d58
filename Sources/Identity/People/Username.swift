@_spi(_Unicode) internal import Swift

/// A name to sign in with, in one spelling, compared by its bytes. An old name may break the rules that
/// `requireTakeable` has for new ones.
package struct Username: Sendable, RuledText {
  package let text: String

  package static let mostBytes = 255

  package init(_ raw: String) throws(NameRefusal) {
    guard let text = raw.normalized(mostBytes: Self.mostBytes) else { throw .tooLong }
    guard !text.isEmpty else { throw .empty }
    guard !text.hasControlCharacters else { throw .controlCharacter }
    self.text = text
  }

  /// A new name.
  package init(new raw: String) throws(NameRefusal) {
    try self.init(raw)
    try requireTakeable()
  }

  package func requireTakeable() throws(NameRefusal) { try NameRule.requireTakeable(text) }
}

/// A name for other people to read: 1 to 100 visible characters.
package struct FullName: Sendable, RuledText {
  package let text: String

  private static let mostCharacters = 100

  package init(_ raw: String) throws(NameRefusal) {
    guard let text = raw.normalized(mostBytes: 4 * Self.mostCharacters) else { throw .tooLong }
    guard !text.isEmpty else { throw .empty }
    guard text.unicodeScalars.count <= Self.mostCharacters else { throw .tooLong }
    try NameRule.requireVisible(text)
    self.text = text
  }
}

package enum NameRefusal: String, Error, CustomStringConvertible {
  case empty = "Input should have at least 1 character"
  case tooLong = "Input is too long"
  case controlCharacter = "Input should have no control characters"
  case blank = "Input should not be blank"
  case edgeBlank = "Input should not begin or end with a blank"
  case invisibleCharacter = "Input should have no invisible characters"
  case letterForm = "Input should have plain letters: no wide, mathematical or joined forms"
  case mixedAlphabets = "Input should not mix Latin, Cyrillic and Greek letters in one word"

  package var description: String { rawValue }
}

/// A text with rules that a body may hold. A refusal keeps its own sentence.
package protocol RuledText: Decodable {
  init(_ text: String) throws
}

extension RuledText {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    do {
      try self.init(text)
    } catch {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "", underlyingError: error))
    }
  }
}

extension String {
  /// In NFC, where canonically equivalent texts have the same bytes. Nil if it is longer than `mostBytes`. The limit is
  /// checked before composing too, because that takes time quadratic in the marks on one letter (1.1 s for 60 KB);
  /// composing leaves at least a quarter of the bytes.
  package func normalized(mostBytes: Int) -> String? {
    guard utf8.count <= 4 * mostBytes else { return nil }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: _nfc)
    let text = String(scalars)
    return text.utf8.count <= mostBytes ? text : nil
  }

  /// Cut where a character ends.
  func prefix(mostBytes: Int) -> String {
    guard utf8.count > mostBytes else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: mostBytes)
    // The bytes of a character but its first begin with the bits 10.
    while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end])
  }

  var hasControlCharacters: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
