/// The rules for new names: no two look the same, and none looks empty. The tables are short, because ICU, which knows
/// all characters that look alike, would be larger than the program.
package enum NameRule {
  /// For a name to sign in with.
  static func requireTakeable(_ text: String) throws(NameRefusal) {
    try requireVisible(text)
    // A character that only joins or varies its neighbours would make another name that looks the same.
    guard !text.unicodeScalars.contains(where: \.properties.isDefaultIgnorableCodePoint) else {
      throw .invisibleCharacter
    }
    guard !text.unicodeScalars.contains(where: { $0.isLetterForm }) else { throw .letterForm }
    guard !hasMixedWord(text) else { throw .mixedAlphabets }
  }

  /// For any text that is shown as a name.
  package static func requireVisible(_ text: String) throws(NameRefusal) {
    let scalars = text.unicodeScalars
    guard !scalars.contains(where: { $0.properties.generalCategory == .control }) else { throw .controlCharacter }
    guard !scalars.allSatisfy({ $0.isBlank || $0.properties.isDefaultIgnorableCodePoint }) else { throw .blank }
    guard scalars.first?.isBlank == false, scalars.last?.isBlank == false else { throw .edgeBlank }
    guard !scalars.contains(where: { $0.isUnseen }) else { throw .invisibleCharacter }
  }

  /// A word in two alphabets is most likely meant to deceive. A whole name may have two: почта@example.org, Вася-bdd31c.
  private static func hasMixedWord(_ text: String) -> Bool {
    var seen: Alphabet?
    for scalar in text.unicodeScalars {
      guard scalar.isOfWord else {
        seen = nil
        continue
      }
      guard let alphabet = Alphabet(of: scalar) else { continue }
      if let seen, seen != alphabet { return true }
      seen = alphabet
    }
    return false
  }
}

/// The three alphabets that share look-alike letters.
private enum Alphabet {
  case latin, cyrillic, greek

  init?(of scalar: Unicode.Scalar) {
    guard scalar.properties.isAlphabetic else { return nil }
    switch scalar.value {
    // Coptic letters lie among the Greek ones.
    case 0x3E2...0x3EF: return nil
    case 0x41...0x5A, 0x61...0x7A, 0xAA, 0xBA, 0xC0...0x2B8, 0x2E0...0x2E4, 0x1D00...0x1D25, 0x1D2C...0x1D5C,
      0x1D62...0x1D65,
      0x1D6B...0x1D77, 0x1D79...0x1DBE, 0x1E00...0x1EFF, 0x2C60...0x2C7F, 0xA722...0xA7FF, 0xAB30...0xAB64,
      0x10780...0x107BF, 0x1DF00...0x1DFFF:
      self = .latin
    case 0xB5, 0x370...0x3FF, 0x1D26...0x1D2A, 0x1D5D...0x1D61, 0x1D66...0x1D6A, 0x1F00...0x1FFF: self = .greek
    case 0x400...0x52F, 0x1C80...0x1C8F, 0x1D2B, 0x1D78, 0x2DE0...0x2DFF, 0xA640...0xA69F, 0x1E030...0x1E08F:
      self = .cyrillic
    default: return nil
    }
  }
}

extension Unicode.Scalar {
  /// Includes the Braille pattern without dots.
  fileprivate var isBlank: Bool { properties.isWhitespace || value == 0x2800 }

  /// Letters, their marks and digits. Blanks, hyphens and the like separate words.
  fileprivate var isOfWord: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  /// Characters that change the direction of writing, end a line or show nothing, and those that no font has.
  fileprivate var isUnseen: Bool {
    switch properties.generalCategory {
    case .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
    default: false
    }
  }

  /// A letter or digit in another form: two in one, mathematical, circled, squared, wide or half as wide.
  fileprivate var isLetterForm: Bool {
    switch value {
    case 0x132, 0x133, 0x1C4...0x1CC, 0x1F1...0x1F3, 0x2160...0x2188, 0x2460...0x24FF, 0x3200...0x33FF, 0xFB00...0xFB4F,
      0xFB50...0xFDFF, 0xFE70...0xFEFF, 0xFF00...0xFFEF, 0x1D400...0x1D7FF, 0x1EE00...0x1EEFF, 0x1F100...0x1F189,
      0x1FBF0...0x1FBF9:
      true
    // Signs such as ™ lie among them.
    case 0x2100...0x214F: properties.isAlphabetic
    default: false
    }
  }
}
