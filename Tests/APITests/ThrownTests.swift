import API
import HTTP
import Notation
import Postgres
import Support
import Testing

/// Errors that a handler throws, and the part of them that a client sees.
@Suite(.tiers(.api, .security))
struct ThrownTests {
  struct Leak: Error, CustomStringConvertible { let description = "a secret cause" }

  private static func server(_ state: String) -> PostgresError {
    PostgresError(reason: .server, sqlstate: state, message: "a secret cause").during("SELECT secret")
  }

  private func booted(throwing error: any Error) throws -> Booted {
    let groups = [(Dialect.inventory, "/inventory"), (.merch, "/api/info"), (.problem, "/api/v1/x")].map {
      dialect, path in
      var group = RouteGroup(path, dialect)
      group.add(.get, "", .plain { _, _ in throw error })
      return group
    }
    return try Booted(groups, database: .nowhere)
  }

  private func expect(_ error: any Error, _ status: Int, _ code: String) throws {
    let booted = try booted(throwing: error)
    let answers = ["/inventory", "/api/info", "/api/v1/x"].map { booted.ask(.get, $0) }
    #expect(answers.map(\.status) == [status, status, status], "\(error)")
    #expect(answers[0].members["error"] == .string(code))
    #expect(Array(answers[1].members.keys) == ["errors"])
    #expect(answers[2].members["code"] == .string(code))
    #expect(answers[2].members["error"] == (status == 500 ? "internal_error" : nil))
    for answer in answers {
      #expect(answer.header("Retry-After") == (status == 503 ? "1" : nil))
      for word in ["secret", "SELECT", "Leak", (error as? PostgresError)?.sqlstate ?? "SQLSTATE"] where !word.isEmpty {
        #expect(!answer.text.contains(word), "\(word) in \(answer.text)")
      }
    }
    let logged = try booted.logged()
    #expect(logged.count == (status >= 500 ? 3 : 0))
    for line in logged {
      #expect(line["level"] == (status == 500 ? "error" : "warning"))
      #expect(line["request_id"] == "r-1" && line["status"] == .string("\(status)"))
      #expect(line["cause"] == .string("\(error)"))
    }
    #expect(logged.map { $0["route"] } == (logged.isEmpty ? [] : ["/inventory", "/api/info", "/api/v1/x"]))
  }

  @Test(arguments: ["22021", "22P02", "22P05", "22003"])
  func `a value that no column can hold is the client's mistake`(state: String) throws {
    try expect(Self.server(state), 400, "invalid_value")
  }

  @Test func `so is a value that could not be sent to the database`() throws {
    try expect(PostgresError(reason: .refused, sqlstate: "22021", message: "a secret cause"), 400, "invalid_value")
  }

  @Test(arguments: [
    "08000", "08003", "08006", "57P01", "57P02", "57P03", "25006", "58P01", "40001", "40P01", "55P03", "57014", "53000",
    "53100", "53200", "53300", "53400",
  ])
  func `a temporary failure is 503 with Retry-After`(state: String) throws {
    try expect(Self.server(state), 503, "unavailable")
  }

  @Test(arguments: [PostgresError.Reason.connection, .deadline])
  func `so is an unreachable or slow server`(reason: PostgresError.Reason) throws {
    try expect(PostgresError(reason: reason, message: "a secret cause"), 503, "unavailable")
  }

  @Test(arguments: ["42601", "42P01", "42501", "23505", "23514", "22012", "0A000", "26000", "XX000", "P0001", "25P02"])
  func `any other database error is a plain 500`(state: String) throws {
    try expect(Self.server(state), 500, "internal_error")
  }

  @Test func `so is a result of another shape, and any unexpected error`() throws {
    try expect(PostgresError(reason: .mismatch, message: "a secret cause"), 500, "internal_error")
    try expect(Leak(), 500, "internal_error")
  }

  @Test func `a shape error found while reading is answered with its place`() throws {
    var group = RouteGroup("/api/v1", .problem)
    group.add(.post, "/x", .plain { request, _ in .text("\(try request.decode([String: Int].self))") })
    group.add(
      .get, "/x/{id}", .plain { request, _ in .text("\(try request.parameters.require("id", as: Int.self))") })
    group.add(
      .get, "/list", .plain { request, _ in .text("\(try request.query.optional("limit", as: Int.self) ?? 0)") })
    let booted = try Booted([group], database: .nowhere)
    func place(_ answer: Answer) -> JSON? { answer.members["detail"]?.elements.first?.members["loc"] }
    #expect(place(booted.ask(.post, "/api/v1/x", body: "{\"a\":\"b\"}")) == .array(["body", "a"]))
    #expect(place(booted.ask(.post, "/api/v1/x", body: "{")) == .array(["body"]))
    #expect(place(booted.ask(.get, "/api/v1/x/seven")) == .array(["path", "id"]))
    #expect(place(booted.ask(.get, "/api/v1/list?limit=ten")) == .array(["query", "limit"]))
    #expect(booted.ask(.get, "/api/v1/x/7").text == "7")
    #expect(try booted.logged().isEmpty)
  }
}
