import FoundationEssentials
import HTTP
import Support
import Testing

@Suite(.tiers(.unit))
struct QueryTests {
  private func text(_ query: String, _ name: String = "a") throws -> String? { try Query(query[...]).optional(name) }
  private func integer(_ query: String) throws -> Int? { try Query(query[...]).optional("a") }

  @Test(arguments: [
    ("a=1", "1"), ("a=1&a=2", "1"), ("b=0&a=1", "1"), ("&&a=1&", "1"), ("a=", ""), ("a", ""), ("a&a=2", ""),
    ("a==", "="), ("a=b=c", "b=c"), ("a=x+y", "x y"), ("a=x%2By", "x+y"), ("a=%20", " "), ("a=%26b%3D1", "&b=1"),
    ("%61=1", "1"), ("a=%D1%8F", "я"), ("a=я", "я"), ("a=?", "?"), ("a=1;b=2", "1;b=2"), ("a=%2500", "%00"),
    ("%zz=0&a=1", "1"), ("a=\u{301}x", "\u{301}x"), ("b=1&\u{301}&a=2", "2"),
  ])
  func `the first value of a name is read`(query: String, due: String) throws {
    let value = try #require(try text(query))
    #expect(Array(value.utf8) == Array(due.utf8))
  }

  @Test(arguments: ["", "b=1", "A=1", "aa=1", "=a", "&", "=", "a%3D1", "%2561=1", "\u{301}a=1", "a\u{301}=1"])
  func `an absent name has no value`(query: String) throws {
    #expect(try text(query) == nil)
  }

  @Test func `names are compared as bytes`() throws {
    #expect(try text("\u{212A}=1", "K") == nil)
    #expect(try text("%E2%84%AA=1", "K") == nil)
    #expect(try text("e\u{301}=1", "\u{E9}") == nil)
    #expect(try text("K=1", "K") == "1")
  }

  @Test func `a name with a space is found in both spellings`() throws {
    #expect(try text("a+b=1", "a b") == "1")
    #expect(try text("a%20b=1", "a b") == "1")
  }

  @Test(
    .tiers(.security),
    arguments: [
      "a=%", "a=%2", "a=%zz", "a=%00", "a=x%00", "a=%ff", "a=%c0%af", "a=%ed%a0%80", "a=%f4%90%80%80", "a=\u{0}",
    ])
  func `a value that is not text is refused with its place`(query: String) {
    let error = #expect(throws: ShapeError.self) { try text(query) }
    #expect(error == ShapeError(["query", "a"], "Value cannot be decoded as UTF-8", .malformed))
  }

  @Test(arguments: [("a=0", 0), ("a=20&a=x", 20), ("a=-1", -1), ("a=9223372036854775807", Int.max)])
  func `an integer is read`(query: String, due: Int) throws {
    #expect(try integer(query) == due)
  }

  @Test(arguments: [
    "a=", "a", "a=+5", "a=%2B5", "a=007", "a=-0", "a=9223372036854775808", "a=5.0", "a=1e3", "a=0x5", "a=5+",
    "a=%D9%A5", "a=ten", "a=1,2", "a=99999999999999999999999999",
  ])
  func `a value that is not an integer is refused with its place`(query: String) {
    let error = #expect(throws: ShapeError.self) { try integer(query) }
    #expect(error == ShapeError(["query", "a"], "Input should be a valid integer", .wrongType))
  }

  @Test func `a UUID is read`() throws {
    let text = "550e8400-e29b-41d4-a716-446655440000"
    #expect(try Query("id=\(text)"[...]).optional("id", as: UUID.self) == UUID(uuidString: text))
    #expect(throws: ShapeError.self) { try Query("id=\(text)0"[...]).optional("id", as: UUID.self) }
  }

  @Test(.tiers(.security)) func `a very long query is read to its end`() throws {
    let padding = String(repeating: "x=1&", count: 20_000)
    #expect(try text(padding + "a=1") == "1")
    #expect(try text(padding + String(repeating: "&", count: 20_000)) == nil)
  }
}
