import HTTP
import Support
import Testing

/// Types that decode themselves, by hand or like Swift's smaller integers.
@Suite(.tiers(.unit))
struct CustomDecodingTests {
  /// The same thing by name or by number.
  private enum Reference: Decodable, Equatable {
    case name(String)
    case number(Int)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        self = .number(number)
      } else {
        self = .name(try container.decode(String.self))
      }
    }
  }

  private struct Quantity: Decodable, Equatable {
    struct TooSmall: Error {}
    let value: Int

    init(from decoder: any Decoder) throws {
      value = try decoder.singleValueContainer().decode(Int.self)
      if value < 1 { throw TooSmall() }
    }
  }

  private struct Line: Decodable {
    let item: Reference
    let quantity: Quantity
  }

  @Test func `a value may have two kinds`() throws {
    #expect(try decode(#"{"item":"mug","quantity":1}"#, as: Line.self).item == .name("mug"))
    #expect(try decode(#"{"item":7,"quantity":1}"#, as: Line.self).item == .number(7))
    let error = shapeError(#"{"item":[],"quantity":1}"#, as: Line.self)
    #expect(error == ShapeError(["body", "item"], "Input should be a string, not array", .wrongType))
  }

  @Test func `an error of the type's own keeps its place`() {
    let error = shapeError(#"{"item":"mug","quantity":0}"#, as: Line.self)
    #expect(error?.location == ["body", "quantity"])
    #expect(error?.kind == .malformed)
  }

  @Test func `a type that asks for nothing gets nothing`() throws {
    struct Nothing: Decodable {}
    #expect(throws: Never.self) { try decode("{}", as: Nothing.self) }
    #expect(throws: Never.self) { try decode(#"{"a":1}"#, as: Nothing.self, unknownMembers: .ignored) }
    #expect(shapeError(#"{"a":1}"#, as: Nothing.self)?.location == ["body", "a"])
  }

  @Test func `smaller integers are read within their bounds`() throws {
    #expect(try decode(#"{"a":255,"b":0}"#, as: [String: UInt8].self) == ["a": 255, "b": 0])
    #expect(try decode(#"{"a":-32768}"#, as: [String: Int16].self) == ["a": -32768])
    for value in ["256", "-1", "1.0", "\"1\"", "null"] {
      let error = shapeError("{\"a\":\(value)}", as: [String: UInt8].self)
      #expect(error?.location == ["body", "a"])
      #expect(error?.kind == .wrongType)
    }
  }

  @Test(arguments: [("1", 1.0), ("-0.5", -0.5), ("1e3", 1000), ("1E-2", 0.01), ("18446744073709551616", 0x1p64)])
  func `a number with a fraction is read`(text: String, due: Double) throws {
    #expect(try decode("{\"a\":\(text)}", as: [String: Double].self) == ["a": due])
  }

  @Test func `a smaller fraction is read too`() throws {
    #expect(try decode(#"{"a":0.5,"b":2}"#, as: [String: Float].self) == ["a": 0.5, "b": 2])
    #expect(shapeError(#"{"a":"0.5"}"#, as: [String: Float].self)?.location == ["body", "a"])
  }

  @Test(arguments: ["1e400", "-1e400", "\"1\"", "true", "null"])
  func `a text that is not a finite number is refused with its place`(text: String) {
    let error = shapeError("{\"a\":\(text)}", as: [String: Double].self)
    #expect(error?.location == ["body", "a"])
    #expect(error?.kind == .wrongType)
  }

  @Test func `a flag is true or false and nothing else`() throws {
    #expect(try decode(#"{"a":true,"b":false}"#, as: [String: Bool].self) == ["a": true, "b": false])
    for value in ["0", "1", "\"true\"", "null", "[]"] {
      #expect(shapeError("{\"a\":\(value)}", as: [String: Bool].self)?.location == ["body", "a"])
    }
  }
}
