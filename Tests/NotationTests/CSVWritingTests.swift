import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct CSVWritingTests {
  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""),
    // A quote with a mark on it is one character, and still a quote.
    ("\"\u{5BF}", "\"\"\"\u{5BF}\""), ("a\r\nb", "\"a\r\nb\""),
  ])
  func `a field is written so that it is read back the same`(field: String, written: String) throws {
    #expect(CSV.escaped(field).utf8.elementsEqual(written.utf8))
    guard !field.isEmpty else { return }
    let read = try CSV(parsing: Array(CSV.escaped(field).utf8)).rows.map(\.fields)
    #expect(read.count == 1 && read[0].count == 1)
    #expect(read[0][0].utf8.elementsEqual(field.utf8))
  }
}
