@_spi(_Unicode) internal import Swift

/// A name to sign in with: whatever people are called, in one spelling, compared by its bytes.
package struct Username: Sendable {
  package let text: String

  package static let mostBytes = 255

  package init(_ raw: String) throws(NameRefusal) {
    try self.init(raw, mostBytes: Self.mostBytes)
  }

  init(_ raw: String, mostBytes: Int) throws(NameRefusal) {
    // Counted before it is normalised too, so that a body full of accents is not worked on for long.
    guard raw.utf8.count <= mostBytes * 4 else { throw .tooLong }
    text = raw.normalized
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= mostBytes else { throw .tooLong }
    guard !text.hasControlCharacters else { throw .controlCharacter }
  }
}

package enum NameRefusal: Error, Sendable, CustomStringConvertible {
  case empty, tooLong, controlCharacter, blank

  package var description: String {
    switch self {
    case .empty: "Input should have at least 1 character"
    case .tooLong: "Input is too long"
    case .controlCharacter: "Input should have no control characters"
    case .blank: "Input should not be blank"
    }
  }
}

extension String {
  /// NFC: the spelling in which two texts that look the same to Unicode have the same bytes.
  var normalized: String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: _nfc)
    return String(scalars)
  }

  var hasControlCharacters: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
