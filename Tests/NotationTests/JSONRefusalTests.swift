import Notation
import Support
import Testing

@Suite(.tiers(.unit, .security))
struct JSONRefusalTests {
  private func expectRefused(_ bytes: [UInt8], _ sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: JSONError.self, sourceLocation: sourceLocation) { try JSON(parsing: bytes) }
    #expect(error?.message.hasPrefix("Invalid JSON at byte ") == true, sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    "", " ", "\n", "nul", "nulll", "Null", "NULL", "True", "tru", "falsee", "undefined", "NaN", "Infinity",
    "-Infinity", "nan", "a", "1 2", "1,2", "null null", "1;", "//1", "1//", "/**/1", "#1", "1\u{0}", "\u{0}",
  ])
  func `an invalid value is refused`(text: String) { expectRefused(Array(text.utf8)) }

  @Test(arguments: [
    "-", "+1", "--1", "01", "-01", "00", "1.", "-1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-", "1e1.5", "1e1e1", "0x1",
    "1_000", "1 000", "１", "٣", "−1", "1.2.3", "0b1", "1f", "1L", "- 1", "1.٣", "Infinity1", "1e٣", "9.e+",
  ])
  func `an invalid number is refused`(text: String) {
    expectRefused(Array(text.utf8))
    expectRefused(Array("[\(text)]".utf8))
  }

  @Test(arguments: [
    "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1,,2]", "[1}", "[1]]", "[]1", "[[]", "[1;2]", "[:]",
    "[\"a\":1]", "[1\n", "[nul]", "[\u{b}]", "[1,\u{0}2]",
  ])
  func `an invalid array is refused`(text: String) { expectRefused(Array(text.utf8)) }

  @Test(arguments: [
    "{", "}", "{a:1}", "{'a':1}", #"{"a"}"#, #"{"a":}"#, #"{"a" 1}"#, #"{"a":1,}"#, "{,}", #"{,"a":1}"#,
    #"{"a":1 "b":2}"#, #"{"a":1,,"b":2}"#, "{1:1}", "{null:1}", "{[]:1}", #"{"a":1}}"#, #"{"a":1"#, #"{"a":1]"#,
    #"{"a"::1}"#, #"{"a"=1}"#, #"{"a":1;"b":2}"#, #"{"a":1}{}"#, #"{"a":1} x"#, #"{"a":1}#"#, #"{"a":/*x*/1}"#,
  ])
  func `an invalid object is refused`(text: String) { expectRefused(Array(text.utf8)) }

  @Test(arguments: [
    #"{"a":1,"a":2}"#, #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2}"#, #"{"":0,"":1}"#,
    #"[{"x":{"a":1,"b":2,"a":3}}]"#, #"{"é":1,"\u00e9":2}"#, #"{"😀":1,"\ud83d\ude00":2}"#, #"{"/":1,"\/":2}"#,
  ])
  func `a repeated member is refused, in whatever spelling`(text: String) {
    expectRefused(Array(text.utf8))
  }

  @Test(arguments: [
    #"""#, #""a"#, "'a'", #""\""#, #""\"#, #""\x41""#, #""\'""#, #""\a""#, #""\0""#, #""\U0041""#, #""\u""#, #""\u""#,
    #""\u00""#, #""\u004""#, #""\u004g""#, #""\u+041""#, #""\u 041""#, #""\u-041""#, #""\u{41}""#, #""\u００４１""#,
    #""\uD800""#, #""\uDC00""#, #""\uDFFF""#, #""\uDBFF""#, #""\uD800\u0041""#, #""\uD800x""#, #""\uD800\n""#,
    #""\uDC00\uD800""#, #""\uD800\uD800""#, #""\uD800\uE000""#, #""\uDBFF\uFFFF""#, #""\uD800\uD800\uDC00""#,
    #""\uD800\"#, #""\uD800\u"#, #""\u0000""#,
    #""a\u0000b""#, "\"\u{0}\"", "\"\t\"", "\"\n\"", "\"\r\"", "\"\u{1}\"", "\"\u{1f}\"", #""a"b"#, #""a" "b""#,
    "\"\\\n\"", "“a”",
  ])
  func `an invalid string is refused`(text: String) {
    expectRefused(Array(text.utf8))
    expectRefused(Array("{\(text):1}".utf8))
  }

  @Test(arguments: ["\u{FEFF}", "\u{A0}", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{200B}", "\u{1680}", "\u{3000}"])
  func `only four characters are blank`(blank: String) {
    expectRefused(Array("\(blank)1".utf8))
    expectRefused(Array("1\(blank)".utf8))
    expectRefused(Array("[1,\(blank)2]".utf8))
  }

  @Test(
    arguments: [
      [0x80], [0xFF], [0xFE], [0xC3, 0x28], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF],
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE2, 0x84], [0xF0, 0x9F, 0x98], [0xC0, 0x80], [0xE2, 0x28, 0xA1], [0xC3],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    expectRefused([quote] + bytes + [quote])
    expectRefused(bytes)
    expectRefused(Array("{\"a".utf8) + bytes + Array("\":1}".utf8))
  }

  @Test func `UTF-16 is refused`() {
    expectRefused([0x5B, 0, 0x5D, 0])
    expectRefused([0, 0x5B, 0, 0x5D])
    expectRefused([0xFF, 0xFE, 0x5B, 0, 0x5D, 0])
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "[[],", "{\"a\":[", "\"", "-", "\\", " ", "[1,", "\"\\u", "\u{0}"])
  func `a hundred thousand of the same characters crash nothing`(text: String) {
    expectRefused(Array(String(repeating: text, count: 100_000).utf8))
  }

  @Test(arguments: [("", 0), ("[1,]", 3), ("[1] x", 4), ("nul", 0), (#"{"a":1,"a":2}"#, 10), ("{\"a\":1", 6)])
  func `the error names the byte`(text: String, byte: Int) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8)) }
    #expect(error?.message.hasPrefix("Invalid JSON at byte \(byte): ") == true)
  }
}
