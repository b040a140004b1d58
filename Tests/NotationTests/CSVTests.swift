import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct CSVTests {
  private func rows(_ text: String) throws -> [[String]] { try CSV(parsing: Array(text.utf8)).rows.map(\.fields) }

  @Test(arguments: [
    ("", []), ("\n", []), ("\r\n\n\r\n", []), ("a", [["a"]]), ("a\n", [["a"]]), ("a\r\n", [["a"]]),
    ("a,b", [["a", "b"]]),
    ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]), ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]), (",", [["", ""]]),
    ("a,,b", [["a", "", "b"]]), ("a,\n,b", [["a", ""], ["", "b"]]), (" a , b ", [[" a ", " b "]]),
    ("\"a\"", [["a"]]), ("\"a,b\",c", [["a,b", "c"]]), ("\"a\nb\",c", [["a\nb", "c"]]),
    ("\"a\r\nb\"\r\nc", [["a\r\nb"], ["c"]]), ("\"say \"\"hi\"\"\"", [["say \"hi\""]]), ("\"\"\"\"", [["\""]]),
    ("\"\",a", [["", "a"]]), ("a,\"\"\nb,c", [["a", ""], ["b", "c"]]), ("\"a\"\r\n\"b\"", [["a"], ["b"]]),
    ("\u{FEFF}a,b", [["a", "b"]]), ("Аня,💰", [["Аня", "💰"]]), ("a\rb", [["a\rb"]]), ("a\r", [["a"]]),
    ("a;b\tc", [["a;b\tc"]]), ("\"\u{301}\"", [["\u{301}"]]), ("a,\u{301}b", [["a", "\u{301}b"]]),
  ])
  func `CSV is read as RFC 4180 describes it`(text: String, due: [[String]]) throws {
    let found = try rows(text)
    #expect(found.map { $0.map { Array($0.utf8) } } == due.map { $0.map { Array($0.utf8) } })
  }

  @Test(arguments: [
    ("a\"b", 1), ("a\nb\"\"c", 2), ("\"a", 1), ("a\n\"b\nc\n", 2), ("\"a\"b", 1), ("\"a\" ,b", 1), ("a\n\"b\nc\"d", 3),
    ("\"a\"\r", 1), ("\"", 1), ("a\n\n\nb,\"", 4),
  ])
  func `invalid CSV is refused with its line`(text: String, line: Int) {
    let error = #expect(throws: CSVError.self) { try rows(text) }
    #expect(error?.line == line)
    #expect(error?.description.hasPrefix("line \(line): ") == true)
  }

  @Test(arguments: [[0xFF], [0x61, 0x2C, 0xC3], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]])
  func `bytes that are not text are refused`(bytes: [UInt8]) {
    #expect(throws: CSVError.self) { try CSV(parsing: bytes) }
  }

  @Test func `each row knows its first line, and its number in a spreadsheet`() throws {
    let table = try CSV(parsing: Array("a\n\n\"b\nc\"\r\nd\n\"\n\n\"\ne".utf8))
    #expect(table.rows.map(\.line) == [1, 3, 5, 6, 9])
    // A spreadsheet shows the empty line as a row, and a cell of several lines in one.
    #expect(table.rows.map(\.number) == [1, 3, 4, 5, 6])
  }

  @Test(arguments: [
    ("", ""), ("a", "a"), ("a b", "a b"), ("a,b", "\"a,b\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""),
    ("a\rb", "\"a\rb\""), ("Аня", "Аня"), ("\"\u{301}", "\"\"\"\u{301}\""), ("\r\n", "\"\r\n\""),
  ])
  func `a field is quoted where necessary`(field: String, due: String) {
    #expect(Array(CSV.line([.text(field)]).utf8) == Array(due.utf8))
  }

  private static let pieces = ["a", "\"", ",", "\n", "\r", "\r\n", "\u{301}", "я", "💰", " ", "\u{FEFF}", "\u{0}", "\\"]

  @Test func `written rows are read back the same`() throws {
    var generator = Seeded(17)
    for _ in 0..<3000 {
      let table = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
        // A row of one empty field looks like an empty line, and a mark at the beginning belongs to the file, not to a
        // field.
        ["x"]
          + (0..<Int.random(in: 1...4, using: &generator)).map { _ in
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in Self.pieces.randomElement(using: &generator)! }
              .joined()
          }
      }
      let end = Bool.random(using: &generator) ? "\n" : "\r\n"
      let text = table.map { CSV.line($0.map(CSV.Cell.text)) }.joined(separator: end)
      let found = try rows(text)
      #expect(
        found.map { $0.map { Array($0.utf8) } } == table.map { $0.map { Array($0.utf8) } }, "\(text.debugDescription)")
    }
  }

  @Test func `no input crashes it, and each row begins on an existing line`() {
    var generator = Seeded(18)
    let bytes = Array("a\",\n\r\u{FEFF}я".utf8) + [0xFF, 0]
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 0...30, using: &generator)).map { _ in bytes.randomElement(using: &generator)! }
      let lines = text.count { $0 == 10 } + 1
      do {
        let table = try CSV(parsing: text)
        #expect(table.rows.map(\.line) == table.rows.map(\.line).sorted())
        #expect(table.rows.allSatisfy { (1...lines).contains($0.line) && !$0.fields.isEmpty })
      } catch {
        #expect((1...lines).contains(error.line))
      }
    }
  }
}
