import Identity
import Support
import Testing

/// What people may be called.
@Suite(.tiers(.unit))
struct NameTests {
  @Test(arguments: [
    ("a", "a"), ("Anna", "Anna"), ("e\u{301}", "\u{E9}"), ("\u{212B}", "\u{C5}"), ("\u{1100}\u{1161}", "\u{AC00}"),
    (" ", " "), ("a\u{200B}b", "a\u{200B}b"), ("💰", "💰"), ("\u{FB01}", "\u{FB01}"),
    (String(repeating: "a", count: 255), String(repeating: "a", count: 255)),
    // 381 bytes as they come, 254 as they are kept.
    (String(repeating: "e\u{301}", count: 127), String(repeating: "\u{E9}", count: 127)),
  ])
  func `a name is kept in one spelling`(raw: String, due: String) throws {
    #expect(Array(try Username(raw).text.utf8) == Array(due.utf8))
  }

  private static let refused: [(String, NameRefusal)] = [
    ("", .empty), (String(repeating: "a", count: 256), .tooLong), (String(repeating: "я", count: 128), .tooLong),
    (String(repeating: "💰", count: 64), .tooLong), (String(repeating: "a", count: 100_000), .tooLong),
    // Composition lengthens some: each of these becomes three characters.
    (String(repeating: "\u{1D160}", count: 60), .tooLong), ("a\u{0}", .controlCharacter), ("a\nb", .controlCharacter),
    ("\t", .controlCharacter), ("\u{7F}", .controlCharacter), ("a\u{85}", .controlCharacter),
    ("\u{9F}", .controlCharacter), ("a\r\n", .controlCharacter),
  ]

  @Test(arguments: refused) func `what is no name is refused for its reason`(raw: String, refusal: NameRefusal) {
    #expect(throws: refusal) { try Username(raw) }
  }

  @Test func `a full name has up to a hundred characters, and not only blanks`() throws {
    #expect(try FullName(String(repeating: "я", count: 100)).text.count == 100)
    #expect(try FullName(" Anna ").text == " Anna ")
    #expect(throws: NameRefusal.tooLong) { try FullName(String(repeating: "a", count: 101)) }
    #expect(throws: NameRefusal.tooLong) { try FullName(String(repeating: "a", count: 5000)) }
    #expect(throws: NameRefusal.empty) { try FullName("") }
    #expect(throws: NameRefusal.controlCharacter) { try FullName("A\u{1B}[31m") }
    for blank in [" ", "\u{A0}", "\u{2003}\u{3000}", "   "] {
      #expect(throws: NameRefusal.blank) { try FullName(blank) }
    }
  }

  @Test func `an address has up to 254 bytes, and is always a name too`() throws {
    let domain = Array(repeating: String(repeating: "b", count: 60), count: 3).joined(separator: ".") + ".example"
    let longest = String(repeating: "a", count: 254 - domain.utf8.count - 1) + "@" + domain
    #expect(try Username(EmailAddress(longest).text).text.utf8.count == 254)
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress("a" + longest) }
    let cyrillic = "я@" + Array(repeating: String(repeating: "я", count: 30), count: 5).joined(separator: ".") + ".укр"
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress(cyrillic) }
    #expect(throws: EmailRefusal.tooLong) { try EmailAddress(String(repeating: "a", count: 100_000) + "@b.c") }
  }
}
