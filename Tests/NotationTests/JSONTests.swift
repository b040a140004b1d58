import Notation
import Support
import Testing

/// Values that RFC 8259 allows. JSONRefusalTests has the others.
@Suite(.tiers(.unit))
struct JSONTests {
  @Test(arguments: [
    ("null", JSON.null), ("true", .bool(true)), ("false", .bool(false)), (" \t\r\n1\n", .integer(1)),
    ("[]", .array([])), ("[ \n]", .array([])), ("{}", .object([])), ("{\t}", .object([])),
    ("[1,2]", .array([.integer(1), .integer(2)])), ("[[],[[]]]", .array([.array([]), .array([.array([])])])),
    ("[ null , true ]", .array([.null, .bool(true)])),
    (#"{"a":1}"#, .object([.init(name: "a", value: .integer(1))])),
    (#"{ "a" : { "b" : [ ] } }"#, .object([.init(name: "a", value: .object([.init(name: "b", value: .array([]))]))])),
    (#"{"":0}"#, .object([.init(name: "", value: .integer(0))])),
    (#"{"a":1,"A":2}"#, .object([.init(name: "a", value: .integer(1)), .init(name: "A", value: .integer(2))])),
  ])
  func `a value is read`(text: String, due: JSON) throws {
    let json = try JSON(parsing: Array(text.utf8))
    #expect(json == due)
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("1", 1), ("-1", -1), ("10", 10), ("9223372036854775807", Int.max),
    ("-9223372036854775808", Int.min),
  ])
  func `a 64-bit integer is read as an integer`(text: String, due: Int) throws {
    #expect(try JSON(parsing: Array(text.utf8)) == .integer(due))
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "1.0", "0.1", "-0.0", "-1.5",
    "1.5e3", "1E2", "1E+2", "1e-2", "0e1", "0E+0", "20e1", "1e400", "1.00000000000000000000000000000000000001",
  ])
  func `any other number stays as it was written`(text: String) throws {
    #expect(try JSON(parsing: Array(text.utf8)) == .number(text))
    #expect(try JSON(parsing: Array("[\(text)]".utf8)) == .array([.number(text)]))
  }

  @Test(arguments: [
    (#""""#, ""), (#""a""#, "a"), (#""\"\\\/""#, "\"\\/"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
    (#""\u0041\u00e9\u00E9""#, "Aéé"), (#""\u20ac""#, "€"), (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00""#, "😀"),
    (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\uD800\uDC00""#, "\u{10000}"), (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"),
    (#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"), (#""\u0001\u001f\u007f\u0080""#, "\u{1}\u{1f}\u{7f}\u{80}"),
    (#""\\u0000""#, "\\u0000"), (#""/""#, "/"), ("\"\u{7f}\"", "\u{7f}"), ("\"\u{2028}\u{2029}\"", "\u{2028}\u{2029}"),
    ("\"😀я\u{FFFF}\"", "😀я\u{FFFF}"), ("\"\u{FEFF}\"", "\u{FEFF}"), ("\" [1] // \"", " [1] // "),
    ("\"e\u{301}\"", "e\u{301}"), (#""e\u0301""#, "e\u{301}"),
  ])
  func `text is read`(text: String, due: String) throws {
    guard case .string(let string) = try JSON(parsing: Array(text.utf8)) else {
      Issue.record("no string")
      return
    }
    #expect(Array(string.utf8) == Array(due.utf8))
  }

  // As `String`, the members of each pair have the same name.
  @Test(arguments: [("K", "\u{212A}"), ("\u{E9}", "e\u{301}"), ("\u{3A9}", "\u{2126}"), (";", "\u{37E}")])
  func `members whose names differ in bytes are different`(one: String, other: String) throws {
    let json = try JSON(parsing: Array("{\"\(one)\":1,\"\(other)\":2}".utf8))
    guard case .object(let members) = json else {
      Issue.record("no object")
      return
    }
    #expect(members.map { Array($0.name.utf8) } == [Array(one.utf8), Array(other.utf8)])
  }

  @Test(.tiers(.security), arguments: ["[", "{", "[{", "{["], ["1", "[]", "{}"])
  func `thirty-two levels are read and thirty-three are not`(brackets: String, innermost: String) throws {
    func nested(_ depth: Int) -> [UInt8] {
      let around = innermost == "1" ? depth : depth - 1
      let opened = (0..<around).map { Array(brackets)[$0 % brackets.count] }
      return Array(
        (opened.map { $0 == "[" ? "[" : "{\"a\":" }.joined() + innermost
          + opened.reversed().map { $0 == "[" ? "]" : "}" }.joined()).utf8)
    }
    #expect(throws: Never.self) { try JSON(parsing: nested(32)) }
    let error = #expect(throws: JSONError.self) { try JSON(parsing: nested(33)) }
    #expect(error?.message.contains("nested more than 32 deep") == true)
  }

  @Test func `a wide value is read whole`() throws {
    let list = "[" + (0..<10_000).map(String.init).joined(separator: ",") + "]"
    #expect(try JSON(parsing: Array(list.utf8)) == .array((0..<10_000).map { .integer($0) }))
    let object = "{" + (0..<5000).map { "\"m\($0)\":\($0)" }.joined(separator: ",") + "}"
    #expect(
      try JSON(parsing: Array(object.utf8)) == .object((0..<5000).map { .init(name: "m\($0)", value: .integer($0)) }))
  }
}
