import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct JSONWritingTests {
  private func text(_ json: JSON) -> String { String(decoding: json.bytes, as: UTF8.self) }

  @Test(
    arguments: [
      (JSON.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(0), "0"),
      (.number("1.50"), "1.50"),
      (.array([]), "[]"), (.object([]), "{}"), ([.integer(1), ["a"], [:]], #"[1,["a"],{}]"#),
      (["a": ["b": .null], "": "c"], #"{"a":{"b":null},"":"c"}"#),
    ] as [(JSON, String)])
  func `a value is written without blanks`(json: JSON, due: String) {
    #expect(text(json) == due)
  }

  @Test(arguments: [Int.max, .min, 0, -1, 9_007_199_254_740_993])
  func `an integer keeps all its digits`(number: Int) {
    #expect(text(.integer(number)) == "\(number)")
  }

  @Test(
    .tiers(.security),
    arguments: [
      ("https://shop/mug", #""https://shop/mug""#), ("</script>", #""</script>""#), ("a\"b\\c", #""a\"b\\c""#),
      ("line\nend\r\t", #""line\nend\r\t""#), ("\u{1}\u{8}\u{c}\u{f}", #""\u0001\u0008\u000c\u000f""#),
      ("\u{10}\u{1f}", #""\u0010\u001f""#), ("\u{0}", #""\u0000""#), ("\u{7f}", "\"\u{7f}\""),
      ("кружка ☕️", #""кружка ☕️""#),
      ("e\u{301}", "\"e\u{301}\""), ("\"\u{301}", "\"\\\"\u{301}\""), ("\\\u{338}", "\"\\\\\u{338}\""), ("", #""""#),
    ])
  func `text is escaped where JSON requires it, and nowhere else`(text: String, due: String) {
    #expect(JSON.string(text).bytes == Array(due.utf8))
    #expect(JSON.object([.init(name: text, value: .null)]).bytes == Array("{\(due):null}".utf8))
  }

  @Test func `members are written in the order of insertion`() {
    let names = (0..<50).map { "m\($0 * 7 % 50)" }
    let object = JSON.object(names.map { .init(name: $0, value: .null) })
    #expect(text(object) == "{" + names.map { "\"\($0)\":null" }.joined(separator: ",") + "}")
  }

  @Test func `a member that is nil is absent, and a null is written`() {
    #expect(text(.members(["a": nil, "b": .null, "c": [], "d": nil])) == #"{"b":null,"c":[]}"#)
    #expect(text(.members(["a": nil])) == "{}")
  }
}
