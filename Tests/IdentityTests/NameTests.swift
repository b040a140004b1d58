import FoundationEssentials
import Identity
import Support
import Testing

/// Valid names, emails and full names.
@Suite(.tiers(.unit))
struct NameTests {
  @Test(arguments: [
    ("a", "a"), ("Anna", "Anna"), ("e\u{301}", "\u{E9}"), ("\u{212B}", "\u{C5}"), ("\u{1100}\u{1161}", "\u{AC00}"),
    (" ", " "), ("a\u{200B}b", "a\u{200B}b"), ("💰", "💰"), ("\u{FB01}", "\u{FB01}"),
    (String(repeating: "a", count: 255), String(repeating: "a", count: 255)),
    // 381 bytes as received, 254 bytes as stored.
    (String(repeating: "e\u{301}", count: 127), String(repeating: "\u{E9}", count: 127)),
  ])
  func `a name is kept in one spelling`(raw: String, due: String) throws {
    #expect(Array(try Username(raw).text.utf8) == Array(due.utf8))
  }

  private static let refused: [(String, NameRefusal)] = [
    ("", .empty), (String(repeating: "a", count: 256), .tooLong), (String(repeating: "я", count: 128), .tooLong),
    (String(repeating: "💰", count: 64), .tooLong), (String(repeating: "a", count: 100_000), .tooLong),
    // Composition lengthens some characters: each of these becomes three.
    (String(repeating: "\u{1D160}", count: 60), .tooLong), ("a\u{0}", .controlCharacter), ("a\nb", .controlCharacter),
    ("\t", .controlCharacter), ("\u{7F}", .controlCharacter), ("a\u{85}", .controlCharacter),
    ("\u{9F}", .controlCharacter), ("a\r\n", .controlCharacter),
  ]

  @Test(arguments: refused) func `an invalid name is refused for its reason`(raw: String, refusal: NameRefusal) {
    #expect(throws: refusal) { try Username(raw) }
  }

  @Test func `a full name has up to a hundred characters, and not only blanks`() throws {
    #expect(try FullName(String(repeating: "я", count: 100)).text.count == 100)
    #expect(try FullName("Анна Smith").text == "Анна Smith")
    for edge in [" Anna", "Anna ", "Anna\u{A0}", "\u{3000}Anna", "Anna\u{2800}"] {
      #expect(throws: NameRefusal.edgeBlank) { try FullName(edge) }
    }
    for unseen in ["An\u{200B}na", "\u{202E}annA", "An\u{AD}na", "An\u{E000}na", "An\u{378}na", "An\u{2028}na"] {
      #expect(throws: NameRefusal.invisibleCharacter) { try FullName(unseen) }
    }
    #expect(throws: NameRefusal.tooLong) { try FullName(String(repeating: "a", count: 101)) }
    #expect(throws: NameRefusal.tooLong) { try FullName(String(repeating: "a", count: 5000)) }
    #expect(throws: NameRefusal.empty) { try FullName("") }
    #expect(throws: NameRefusal.controlCharacter) { try FullName("A\u{1B}[31m") }
    for blank in [" ", "\u{A0}", "\u{2003}\u{3000}", "   ", "\u{200B}", "\u{3164}", "\u{2800}\u{FE0F}"] {
      #expect(throws: NameRefusal.blank) { try FullName(blank) }
    }
  }

  @Test func `an email has up to 254 bytes, and is always a valid name too`() throws {
    let domain = Array(repeating: String(repeating: "b", count: 60), count: 3).joined(separator: ".") + ".example"
    let longest = String(repeating: "a", count: 254 - domain.utf8.count - 1) + "@" + domain
    #expect(try Username(EmailAddress(longest).text).text.utf8.count == 254)
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress("a" + longest) }
    let cyrillic = "я@" + Array(repeating: String(repeating: "я", count: 30), count: 5).joined(separator: ".") + ".укр"
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress(cyrillic) }
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress(String(repeating: "a", count: 100_000) + "@b.c") }
  }
}

/// New names must not look like another name. Users with such a name from before still sign in.
@Suite(.tiers(.unit, .security))
struct NewNameTests {
  @Test(arguments: [
    "a", "я", "Anna", "Анна Каренина", "Ἀλέξανδρος", "Zoë O'Brien-Nuñez", "anna@example.org", "почта@example.org",
    "почта@пример.com", "anna_2", "Анна Smith", "Вася-bdd31c9235267a4b", "Λ_1 Анна", "o'brien\"; --", "<b>", "💰",
    "山田 太郎", "김철수", "אבא", "محمد", "नमस्ते", "1", "--", "№ 5™",
    "Straße", "Łódź", "Ђорђе", "Їжак",
  ]) func `a plain name is accepted`(name: String) throws {
    #expect(try Username(new: name).text == name)
  }

  private static let refused: [(String, NameRefusal)] = [
    (" ", .blank), ("\u{A0}\u{2003}", .blank), ("\u{3164}", .blank), ("\u{200B}", .blank), ("\u{2800}", .blank),
    (" anna", .edgeBlank), ("anna ", .edgeBlank), ("anna\u{A0}", .edgeBlank), ("\u{3000}anna", .edgeBlank),
    ("an\u{200B}na", .invisibleCharacter), ("an\u{200D}na", .invisibleCharacter), ("anna\u{FEFF}", .invisibleCharacter),
    ("an\u{AD}na", .invisibleCharacter), ("\u{202E}anna", .invisibleCharacter), ("an\u{2066}na", .invisibleCharacter),
    ("an\u{2028}na", .invisibleCharacter), ("an\u{2029}na", .invisibleCharacter), ("an\u{E000}na", .invisibleCharacter),
    ("an\u{F0000}na", .invisibleCharacter), ("an\u{378}na", .invisibleCharacter), ("an\u{FFFF}na", .invisibleCharacter),
    // Their Unicode category does not show it, but these are invisible too.
    ("an\u{34F}na", .invisibleCharacter), ("anna\u{FE0F}", .invisibleCharacter), ("an\u{115F}na", .invisibleCharacter),
    ("an\u{E0100}na", .invisibleCharacter),
    ("\u{FF41}nna", .letterForm), ("\u{1D41A}nna", .letterForm), ("\u{1D7CF}", .letterForm), ("\u{FB01}n", .letterForm),
    ("\u{24D0}nna", .letterForm), ("\u{1F130}nna", .letterForm), ("\u{2102}lara", .letterForm),
    ("\u{2160}", .letterForm),
    ("\u{1C6}", .letterForm), ("\u{132}s", .letterForm), ("\u{FEB3}", .letterForm), ("\u{FF71}", .letterForm),
    ("\u{430}nna", .mixedAlphabets), ("ann\u{430}", .mixedAlphabets), ("\u{391}nna", .mixedAlphabets),
    ("Анн\u{61}", .mixedAlphabets), ("Ανν\u{430}", .mixedAlphabets), ("Анна Smit\u{4BB}", .mixedAlphabets),
    ("an1\u{430}", .mixedAlphabets),
    ("\u{430}nna@example.org", .mixedAlphabets), ("anna@ex\u{430}mple.org", .mixedAlphabets),
    ("a\u{1E9F}я", .mixedAlphabets),
    ("5\u{B5}m", .mixedAlphabets),
  ]

  @Test(arguments: refused) func `a name that looks like another, or like nothing, is refused`(
    name: String, refusal: NameRefusal
  ) throws {
    #expect(throws: refusal) { try Username(new: name) }
    #expect(throws: Never.self) { try Username(name) }
  }

  @Test(arguments: [
    "a\u{200B}@b.c", "\u{430}nna@b.c", "\u{FF41}@b.c", "a@\u{FB01}.c", "a@b\u{2060}.c", "a\u{3164}@b.c",
  ]) func `an email must be as plain as a name`(email: String) {
    #expect(throws: EmailRefusal.malformed) { try EmailAddress(email) }
  }
}

/// Composing takes time quadratic in the number of marks on one letter, so all text is counted before it is composed.
@Suite(.tiers(.unit, .security))
struct ComposedTextTests {
  @Test func `only one place composes text, and it limits the length`() throws {
    let directory = projectRoot + "/Sources"
    let files = try FileManager.default.subpathsOfDirectory(atPath: directory).filter { $0.hasSuffix(".swift") }
    let composing = try files.filter { try read(directory + "/" + $0).contains("_nfc") }
    #expect(composing == ["Identity/People/Username.swift"])
  }

  /// 60 KB of marks that compose with nothing, out of order.
  private static let marks = String(repeating: "\u{301}\u{323}", count: 15_000)

  @Test func `text that is too long before it is composed is refused`() {
    #expect(throws: NameRefusal.tooLong) { try Username(Self.marks) }
    #expect(throws: NameRefusal.tooLong) { try FullName(Self.marks) }
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress(Self.marks + "@b.c") }
    for name in [SignIn.Name.username(Self.marks), .email(Self.marks)] {
      let signIn = SignIn(name, password: "x", address: "")
      switch signIn.name {
      case .username(let text), .email(let text): #expect(text.isEmpty)
      }
    }
  }
}
