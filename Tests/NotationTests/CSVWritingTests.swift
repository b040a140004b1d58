import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct CSVWritingTests {
  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), ("a;b", "\"a;b\""),
    // A quote with a combining mark is one character, and still a quote.
    ("\"\u{5BF}", "\"\"\"\u{5BF}\""), ("a\r\nb", "\"a\r\nb\""), ("a\tb", "\"a\tb\""),
  ])
  func `a text is written so that it is read back the same`(text: String, written: String) throws {
    let line = CSV.line([.text(text)])
    #expect(line.utf8.elementsEqual(written.utf8))
    guard !text.isEmpty else { return }
    let read = try CSV(parsing: Array(line.utf8)).rows.map(\.fields)
    #expect(read.count == 1 && read[0].count == 1)
    #expect(read[0][0].utf8.elementsEqual(text.utf8))
  }

  @Test(
    .tiers(.security),
    arguments: [
      "=HYPERLINK(\"http://x.example\")", "=1+1", "+1", "-1", "@SUM(A1)", "=\u{301}1", "+\u{20D0}1", "\t=1", "\r=1",
      "\n=1",
      "\r\n=1", " =1", "\u{A0}=1", "\u{2003}\u{3000}=1", "\u{FEFF}=1", "\u{200B}=1", "\u{2028}=1", "\u{1}=1",
      "\u{85}=1",
      "\u{FF1D}1", " \u{FF0B}1", "\u{FF0D}1", "\u{FF20}1",
    ])
  func `a text that a spreadsheet would run as a formula is written as text`(formula: String) throws {
    let read = try CSV(parsing: Array(CSV.line(["a", .text(formula)]).utf8)).rows[0].fields
    #expect(read[1].utf8.elementsEqual(("'" + formula).utf8))
  }

  @Test(arguments: ["1=1", "a@b.example", "e-mail", "'=1", "", " ", "(=1)", "\u{301}=1"])
  func `any other text is left unchanged`(text: String) throws {
    let read = try CSV(parsing: Array(CSV.line(["a", .text(text)]).utf8)).rows[0].fields
    #expect(read[1].utf8.elementsEqual(text.utf8))
  }

  @Test func `a number stays a number, even below zero`() {
    #expect(CSV.line([.number(-5), .number(0), .number(.max), "x"]) == "-5,0,9223372036854775807,x")
  }
}
