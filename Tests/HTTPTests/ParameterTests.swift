import FoundationEssentials
import HTTP
import Support
import Testing

@Suite(.tiers(.unit))
struct ParameterTests {
  /// The path parameters of this request.
  private func parameters(_ text: String) throws -> PathParameters {
    var router = Router<Int>()
    router.add(.get, "/users/{id}", 0)
    return try router.match(.get, "/users/\(text)").1
  }

  @Test(arguments: [("0", 0), ("5", 5), ("-5", -5), ("9223372036854775807", .max), ("-9223372036854775808", .min)])
  func `an integer is read`(text: String, due: Int) throws {
    let id: Int = try parameters(text).require("id")
    #expect(id == due)
  }

  @Test(arguments: [
    "+5", "007", "-0", "00", "9223372036854775808", "-9223372036854775809", "5.0", "1e3", "0x10", "five",
    "%205", "5%20", "٥", "５", "5%0A", "--5", "1_000", "%E2%88%925",
  ])
  func `a text that is not an integer is refused with its place`(text: String) throws {
    let parameters = try parameters(text)
    let error = #expect(throws: ShapeError.self) { try parameters.require("id", as: Int.self) }
    #expect(error == ShapeError(["path", "id"], "Input should be a valid integer", .wrongType))
  }

  @Test(arguments: ["550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"])
  func `a UUID is read in either case`(text: String) throws {
    let id: UUID = try parameters(text).require("id")
    #expect(id == UUID(uuidString: "550e8400-e29b-41d4-a716-446655440000"))
  }

  @Test(arguments: [
    "550e8400-e29b-41d4-a716-44665544000", "550e8400-e29b-41d4-a716-4466554400000",
    "550e8400e29b41d4a716446655440000", "{550e8400-e29b-41d4-a716-446655440000}",
    "550e8400-e29b-41d4-a716-44665544000g", "not-a-uuid", "1", "%20550e8400-e29b-41d4-a716-446655440000",
    "５50e8400-e29b-41d4-a716-446655440000",
  ])
  func `a text that is not a UUID is refused with its place`(text: String) throws {
    let parameters = try parameters(text)
    let error = #expect(throws: ShapeError.self) { try parameters.require("id", as: UUID.self) }
    #expect(error == ShapeError(["path", "id"], "Input should be a valid UUID", .wrongType))
  }

  @Test func `text is decoded`() throws {
    let id: String = try parameters("a%2Fb%20%D1%8F").require("id")
    #expect(id == "a/b я")
  }

  @Test func `parameters are equal when names and texts are`() throws {
    #expect(try parameters("1") == parameters("%31"))
    #expect(try parameters("1") != parameters("2"))
    #expect(try parameters("1") != PathParameters())
  }
}
