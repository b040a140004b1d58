import FoundationEssentials
import HTTP
import Notation
import Support
import Testing

struct Transfer: Decodable {
  let toUser: String
  let amount: Int
  let message: String?
}

/// Decodes a body as a handler would, and returns the mistake in it.
func decode<T: Decodable>(
  _ text: String, as type: T.Type = T.self, unknownMembers: Request.UnknownMembers = .refused
) throws -> T {
  try Request(.post, "/", body: Array(text.utf8)).decode(type, unknownMembers: unknownMembers)
}

func shapeError<T: Decodable>(
  _ text: String, as type: T.Type, unknownMembers: Request.UnknownMembers = .refused
) -> ShapeError? {
  #expect(throws: ShapeError.self) { try decode(text, as: type, unknownMembers: unknownMembers) }
}

/// The first mistake.
extension ShapeError {
  var location: [String] { complaints[0].location }
  var kind: Kind { complaints[0].kind }
}

@Suite(.tiers(.unit))
struct JSONDecodingTests {
  @Test func `a body becomes a value`() throws {
    let transfer: Transfer = try decode(#"{"amount":5,"toUser":"Аня","message":"\u2615"}"#)
    #expect(transfer.toUser == "Аня" && transfer.amount == 5 && transfer.message == "☕")
  }

  @Test(arguments: [#"{"toUser":"a","amount":1}"#, #"{"toUser":"a","amount":1,"message":null}"#])
  func `an optional member may be absent or null`(body: String) throws {
    let transfer: Transfer = try decode(body)
    #expect(transfer.message == nil)
  }

  @Test(arguments: [
    (#"{"amount":1}"#, "toUser"), (#"{"toUser":"a"}"#, "amount"), ("{}", "toUser"), (#"{"touser":"a"}"#, "toUser"),
  ])
  func `a missing member is named`(body: String, member: String) {
    let error = shapeError(body, as: Transfer.self)
    #expect(error == ShapeError(["body", member], "Field required", .missing))
  }

  @Test(arguments: [
    ("1.5", "Input should be an integer within 64 bits"), ("1.0", "Input should be an integer within 64 bits"),
    ("1e3", "Input should be an integer within 64 bits"), ("-0.0", "Input should be an integer within 64 bits"),
    ("9223372036854775808", "Input should be an integer within 64 bits"),
    ("-9223372036854775809", "Input should be an integer within 64 bits"),
    ("\"5\"", "Input should be an integer, not string"), ("\"\"", "Input should be an integer, not string"),
    ("null", "Input should be an integer, not null"), ("true", "Input should be an integer, not boolean"),
    ("[1]", "Input should be an integer, not array"), ("{}", "Input should be an integer, not object"),
  ])
  func `a value that is not an integer is named and described`(amount: String, message: String) {
    let error = shapeError("{\"toUser\":\"a\",\"amount\":\(amount)}", as: Transfer.self)
    #expect(error == ShapeError(["body", "amount"], message, .wrongType))
  }

  @Test(arguments: [("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", Int.max), ("-9223372036854775808", .min)])
  func `an integer is read`(text: String, due: Int) throws {
    let transfer: Transfer = try decode("{\"toUser\":\"a\",\"amount\":\(text)}")
    #expect(transfer.amount == due)
  }

  @Test(arguments: [("5", "number"), ("null", "null"), ("false", "boolean"), ("[]", "array"), ("{}", "object")])
  func `a value that is not text is named and described`(value: String, kind: String) {
    let error = shapeError("{\"toUser\":\(value),\"amount\":1}", as: Transfer.self)
    #expect(error == ShapeError(["body", "toUser"], "Input should be a string, not \(kind)", .wrongType))
  }

  @Test(arguments: ["5", "false", "[]", "{}"])
  func `an optional member may still not be mistyped`(value: String) {
    let error = shapeError("{\"toUser\":\"a\",\"amount\":1,\"message\":\(value)}", as: Transfer.self)
    #expect(error?.location == ["body", "message"])
    #expect(error?.kind == .wrongType)
  }

  @Test func `an unknown member is refused by name, or ignored`() throws {
    let body = #"{"toUser":"a","amount":1,"colour":"red"}"#
    let error = shapeError(body, as: Transfer.self)
    #expect(error == ShapeError(["body", "colour"], "Extra inputs are not permitted", .unknown))
    #expect(try decode(body, as: Transfer.self, unknownMembers: .ignored).amount == 1)
  }

  @Test(arguments: [
    ("[]", "array"), ("[{}]", "array"), ("null", "null"), ("1", "number"), ("1.5", "number"), ("\"a\"", "string"),
    ("true", "boolean"),
  ])
  func `a body that is not an object is refused with its kind`(body: String, kind: String) {
    let error = shapeError(body, as: Transfer.self)
    #expect(error == ShapeError(["body"], "Input should be an object, not \(kind)", .wrongType))
  }

  @Test(arguments: ["", " ", "{", "{\"toUser\":\"a\",\"amount\":1", "{\"toUser\":\"a\",\"amount\":01}", "\u{FEFF}{}"])
  func `a body that is not JSON is refused for every type`(body: String) {
    #expect(shapeError(body, as: Transfer.self)?.kind == .notJSON)
    #expect(shapeError(body, as: [String: Int].self, unknownMembers: .ignored)?.location == ["body"])
  }

  @Test(.tiers(.security)) func `a member with a similar-looking name is unknown`() throws {
    struct Temperature: Decodable { let K: Int? }
    #expect(try decode(#"{"K":300}"#, as: Temperature.self).K == 300)
    #expect(try decode("{\"\u{212A}\":300}", as: Temperature.self, unknownMembers: .ignored).K == nil)
    #expect(try decode("{\"\u{212A}\":1,\"K\":2}", as: Temperature.self, unknownMembers: .ignored).K == 2)
    #expect(shapeError("{\"\u{212A}\":300}", as: Temperature.self)?.kind == .unknown)
    #expect(shapeError("{\"K\":1,\"\u{212A}\":300}", as: Temperature.self)?.kind == .unknown)
  }
}

@Suite(.tiers(.unit))
struct BrokenBodyTests {
  @Test func `a body that is not JSON is reported with the body as its place`() {
    let error = #expect(throws: ShapeError.self) { try Request(.post, "/", body: [0x7B]).decode([String: Int].self) }
    #expect(error?.location == ["body"])
    #expect(error?.kind == .notJSON)
  }
}
