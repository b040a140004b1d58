import API
import HTTP
import Notation
import Postgres
import Support
import Testing

/// Failures before a handler runs, in the error dialect of the path.
@Suite(.tiers(.api))
struct AnswersTests {
  /// The expected answer to one failure: status and text in merch, status and code in the inventory and as a problem.
  struct Case: Sendable {
    let failure: RequestFailure
    let merch: Int
    let inventory: Int
    let problem: Int
    let code: String
    let title: String
    var header: [String] = []
  }

  private static let shape = ShapeError(["body", "items", "0"], "Field required", .missing)

  static let cases = [
    Case(failure: .unknownPath, merch: 404, inventory: 404, problem: 404, code: "not_found", title: "Not Found"),
    Case(
      failure: .wrongMethod(allow: "GET, HEAD"), merch: 405, inventory: 405, problem: 405, code: "method_not_allowed",
      title: "Method Not Allowed", header: ["Allow", "GET, HEAD"]),
    Case(
      failure: .malformedPath, merch: 400, inventory: 400, problem: 400, code: "malformed_path", title: "Bad Request"),
    Case(
      failure: .bodyTooLarge(limitBytes: 65_536), merch: 400, inventory: 413, problem: 413, code: "body_too_large",
      title: "Content Too Large"),
    Case(
      failure: .bodyIncomplete, merch: 400, inventory: 400, problem: 400, code: "body_incomplete", title: "Bad Request"),
    Case(
      failure: .queuedTooLong, merch: 503, inventory: 503, problem: 503, code: "overloaded",
      title: "Service Unavailable", header: ["Retry-After", "1"]),
    Case(
      failure: .shape(shape), merch: 400, inventory: 400, problem: 422, code: "invalid_request",
      title: "Unprocessable Content"),
  ]

  let booted = try! Booted(database: .nowhere)

  private func expectHeader(_ answer: Answer, _ due: Case) {
    #expect(answer.header("Allow") == (due.header.first == "Allow" ? due.header[1] : nil))
    #expect(answer.header("Retry-After") == (due.header.first == "Retry-After" ? due.header[1] : nil))
  }

  @Test(arguments: cases) func `merch answers with one text`(due: Case) throws {
    let answer = booted.ask(.get, "/api/info", failure: due.failure)
    #expect(answer.status == due.merch)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(Array(answer.members.keys) == ["errors"])
    guard case .string(let text) = answer.members["errors"] else {
      Issue.record("no text")
      return
    }
    #expect(!text.isEmpty)
    expectHeader(answer, due)
  }

  @Test(arguments: cases) func `the inventory answers with a code and a message`(due: Case) throws {
    let answer = booted.ask(.get, "/inventory", failure: due.failure)
    #expect(answer.status == due.inventory)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(Set(answer.members.keys) == ["error", "message"])
    #expect(answer.members["error"] == .string(due.code))
    expectHeader(answer, due)
  }

  @Test(arguments: cases) func `everywhere else the answer is a problem document`(due: Case) throws {
    let answer = booted.ask(.get, "/api/v1/users", failure: due.failure)
    #expect(answer.status == due.problem)
    #expect(answer.header("Content-Type") == "application/problem+json")
    #expect(Set(answer.members.keys) == ["type", "title", "status", "detail", "code", "request_id"])
    #expect(answer.members["type"] == "about:blank")
    #expect(answer.members["title"] == .string(due.title))
    #expect(answer.members["status"] == .integer(due.problem))
    #expect(answer.members["code"] == .string(due.code))
    #expect(answer.members["request_id"] == "r-1")
    expectHeader(answer, due)
  }

  @Test func `a wrong shape is answered with a list of places`() throws {
    let answer = booted.ask(.get, "/api/v1/users", failure: .shape(Self.shape))
    let place = try #require(answer.members["detail"]?.elements.first)
    #expect(answer.members["detail"]?.elements.count == 1)
    #expect(place.members == ["loc": .array(["body", "items", "0"]), "msg": "Field required", "type": "missing"])
  }

  @Test func `every wrong member is named, place by place and in one line`() {
    let shape = ShapeError(Self.shape.complaints + ShapeError(["query", "page"], "too far", .malformed).complaints)
    let places = booted.ask(.get, "/api/v1/users", failure: .shape(shape)).members["detail"]?.elements ?? []
    #expect(places.map { $0.members["loc"] } == [["body", "items", "0"], ["query", "page"]])
    #expect(places.map { $0.members["type"] } == ["missing", "value_error"])
    let line = "body.items.0: Field required; query.page: too far"
    #expect(booted.ask(.get, "/api/info", failure: .shape(shape)).members == ["errors": .string(line)])
  }

  @Test func `a wrong shape is one line of text in the other dialects`() {
    let merch = booted.ask(.get, "/api/info", failure: .shape(Self.shape))
    let inventory = booted.ask(.get, "/inventory", failure: .shape(Self.shape))
    #expect(merch.members["errors"] == "body.items.0: Field required")
    #expect(inventory.members["message"] == "body.items.0: Field required")
  }

  @Test(arguments: [
    ("/api/info/x", ["errors"]), ("/api/buy/x/y", ["errors"]), ("/inventory/x/y/z", ["error", "message"]),
    ("/nowhere", ["code", "detail", "request_id", "status", "title", "type"]),
    ("/api/authx", ["errors"]), ("/api/nowhere/x", ["errors"]), ("/api/inventory/x/y/z", ["error", "message"]),
    ("/admin/inventory/x", ["error", "message"]),
    ("/admin", ["code", "detail", "request_id", "status", "title", "type"]),
    ("/api/v1/nowhere", ["code", "detail", "request_id", "status", "title", "type"]),
  ])
  func `an unknown path is 404 in its dialect`(path: String, members: [String]) {
    for method in Method.allCases.map(Optional.some) + [nil] {
      let answer = booted.ask(method, path)
      #expect(answer.status == 404)
      #expect(answer.members.keys.sorted() == members)
    }
  }

  @Test(.tiers(.security)) func `an answer quotes nothing from the request except names of members`() throws {
    let answer = booted.ask(.get, "/nowhere/<script>?q=<script>")
    #expect(!answer.text.contains("script"))
    let odd = booted.ask(.get, "/inventory", failure: .shape(ShapeError(["body", "\"},\n</a>"], "no", .unknown)))
    #expect(odd.members["message"] == "body.\"},\n</a>: no")
  }
}
