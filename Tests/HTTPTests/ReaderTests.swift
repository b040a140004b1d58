import HTTP
import Notation
import Support
import Testing

/// Reads a body member by member, so that all mistakes can be reported at once.
@Suite(.tiers(.unit))
struct ReaderTests {
  private func reader(_ body: String, refusesNulls: Bool = false) throws -> Reader {
    try Reader(bodyOf: Request(.post, "/", body: Array(body.utf8)), refusesNulls: refusesNulls)
  }

  private func complaints(_ read: () throws -> Void) -> [[String]] {
    let error = #expect(throws: ShapeError.self) { try read() }
    return error?.complaints.map { $0.location + [$0.kind.rawValue] } ?? []
  }

  @Test func `a body is read into values`() throws {
    let body = try reader(#"{"name":"Аня","age":7,"tags":["a"],"note":null}"#)
    let tags = body.optional("tags", as: [String].self)
    let note = body.optional("note", as: String.self)
    let (name, age) = try body.finish(body.require("name", as: String.self), body.require("age", as: Int.self))
    #expect(name == "Аня" && age == 7 && tags == ["a"] && note == nil)
  }

  @Test func `every mistake is named in the order of reading, and unknown members come last`() throws {
    let body = try reader(#"{"more":1,"age":"7","name":5,"less":2,"size":[1,true]}"#)
    #expect(body.require("name", as: String.self) == nil)
    #expect(body.require("shoe", as: Int.self) == nil)
    #expect(body.optional("age", as: Int.self) == nil)
    #expect(body.optional("size", as: [Int].self) == nil)
    body.complain("colour", "There is no such colour")
    #expect(body.note(try Query("page=x").optional("page", as: Int.self)) == nil)
    #expect(
      complaints { try body.finish() } == [
        ["body", "name", "type_error"], ["body", "shoe", "missing"], ["body", "age", "type_error"],
        ["body", "size", "1", "type_error"], ["body", "colour", "value_error"], ["query", "page", "type_error"],
        ["body", "more", "extra_forbidden"], ["body", "less", "extra_forbidden"],
      ])
  }

  @Test func `a check decides last, in its own words or at a place of its own`() throws {
    struct Odd: Error, CustomStringConvertible { let description = "is odd" }
    let body = try reader(#"{"a":1,"b":2,"c":3}"#)
    func even(_ number: Int) throws { if number % 2 == 1 { throw Odd() } }
    #expect(body.require("a", even) == nil)
    #expect(body.require("b", even) == 2)
    #expect(body.optional("c") { (_: Int) in throw ShapeError(["body", "c", "0"], "no", .malformed) } == nil)
    let error = #expect(throws: ShapeError.self) { try body.finish() }
    #expect(error?.complaints.map(\.message) == ["is odd", "no"])
    #expect(error?.complaints.map(\.location) == [["body", "a"], ["body", "c", "0"]])
  }

  @Test func `each object of a list has its own reader, and all mistakes come out together`() throws {
    let body = try reader(#"{"rows":[{"a":1},{"a":"x","more":1},5,{"b":2}],"less":1}"#)
    let rows = body.objects("rows", atMost: 4)
    #expect(rows.map { $0.optional("a", as: Int.self) } == [1, nil, nil, nil])
    #expect(rows.map(\.isRightSoFar) == [true, false, false, true])
    rows[0].complain("The row is odd")
    #expect(
      complaints { try body.finish() } == [
        ["body", "rows", "0", "value_error"], ["body", "rows", "1", "a", "type_error"],
        ["body", "rows", "2", "type_error"], ["body", "less", "extra_forbidden"],
        ["body", "rows", "1", "more", "extra_forbidden"], ["body", "rows", "3", "b", "extra_forbidden"],
      ])
    for (text, kind) in [(#"{}"#, "missing"), (#"{"rows":{}}"#, "type_error"), (#"{"rows":[1,2]}"#, "value_error")] {
      let body = try reader(text)
      #expect(body.objects("rows", atMost: 1).isEmpty)
      #expect(complaints { try body.finish() } == [["body", "rows", kind]], "\(text)")
    }
  }

  @Test func `an answer names at most fifty unknown members of all objects together`() throws {
    let row = "{" + (0..<40).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
    let body = try reader(#"{"rows":[\#(row),\#(row)]}"#)
    #expect(body.objects("rows", atMost: 2).count == 2)
    #expect(complaints { try body.finish() }.count == 50)
  }

  @Test func `a null is absent, refused, or has a meaning`() throws {
    let body = try reader(#"{"a":null,"b":null,"c":5,"d":"x"}"#)
    #expect(body.optional("a", as: Int.self) == nil && !body.has("a") && body.has("c"))
    #expect(body.nullable("b", as: Int.self) == .some(nil))
    #expect(body.nullable("c", as: Int.self) == .some(5))
    #expect(body.nullable("e", as: Int.self) == .none)
    #expect(body.nullable("d", as: Int.self) == .none)
    #expect(body.nullable("f", as: Int.self, isRequired: true) == .none)
    #expect(complaints { try body.finish() } == [["body", "d", "type_error"], ["body", "f", "missing"]])

    let change = try reader(#"{"a":null,"b":null}"#, refusesNulls: true)
    #expect(change.optional("a", as: Int.self) == nil && change.nullable("b", as: Int.self) == .some(nil))
    #expect(complaints { try change.finish() } == [["body", "a", "type_error"]])
  }

  @Test func `a text has a limited number of characters, and is not decoded if it has too many bytes for them`() throws
  {
    for (text, fits) in [("", false), ("я", true), ("яяя", true), ("яяяя", false), ("💰💰💰", true)] {
      let body = try reader(#"{"a":"\#(text)"}"#)
      #expect((body.text("a", 1...3) != nil) == fits, "\(text)")
    }
    let body = try reader(#"{"a":"\#(String(repeating: "x", count: 13))"}"#)
    var isLookedAt = false
    #expect(body.text("a", 0...3) { _ in isLookedAt = true } == nil)
    #expect(!isLookedAt)
    #expect(complaints { try body.finish() } == [["body", "a", "value_error"]])
  }

  @Test(arguments: [("", "json_invalid"), ("[]", "type_error"), ("null", "type_error"), ("{", "json_invalid")])
  func `a body that is not an object is refused before anything is read`(body: String, kind: String) {
    #expect(complaints { _ = try reader(body) } == [["body", kind]])
  }

  @Test(.tiers(.security)) func `of thousands of unknown members the first are named`() throws {
    let body = try reader("{" + (0..<5000).map { "\"m\($0)\":0" }.joined(separator: ",") + "}")
    #expect(complaints { try body.finish() } == (0..<50).map { ["body", "m\($0)", "extra_forbidden"] })
  }

  @Test(.tiers(.security)) func `a member with a similar-looking name is unknown`() throws {
    let body = try reader("{\"\u{212A}\":1}")
    #expect(body.optional("K", as: Int.self) == nil)
    #expect(complaints { try body.finish() } == [["body", "\u{212A}", "extra_forbidden"]])
  }
}
