import API
import HTTP
import Notation
import Postgres
import Support
import Telemetry
import Testing

/// Routes that borrow the connection, against the real one.
@Suite(.tiers(.api))
struct LentTests {
  /// One route that runs a statement and answers with its number.
  private func booted(
    _ sql: SQL, repeatable: Bool = false, database: ConnectionSettings = TestCluster.settings(user: TestCluster.app),
    limits: Application.Limits = Application.Limits()
  ) throws -> Booted {
    var group = RouteGroup("/api/v1", .problem)
    group.add(
      .get, "/x",
      .withConnection(repeatable: repeatable) { _, _, connection in .json(.integer(try connection.value(sql))) })
    group.add(
      .get, "/backend",
      .withConnection(repeatable: repeatable) { _, _, connection in .json(.integer(connection.processIdentifier)) })
    return try Booted(routes() + [group], database: database, limits: limits)
  }

  @Test func `the connection outlives the request`() throws {
    let booted = try booted("SELECT 42")
    let backend = booted.ask(.get, "/api/v1/backend").text
    #expect(booted.ask(.get, "/api/v1/x").text == "42")
    #expect(booted.ask(.get, "/readyz").status == 200)
    #expect(booted.ask(.get, "/api/v1/backend").text == backend)
    #expect(booted.lender.opened == 1)
  }

  @Test(arguments: [
    ("SELECT 'seven'::int", 400, "invalid_value"), ("SELECT 2147483648::int", 400, "invalid_value"),
    ("SELEC 1", 500, "internal_error"), ("SELECT 1 FROM no_such_table", 500, "internal_error"),
    ("SELECT 1 WHERE false", 500, "internal_error"), ("SELECT 1/0", 500, "internal_error"),
  ])
  func `a failed statement is answered and leaves the connection usable for the next request`(
    sql: String, status: Int, code: String
  ) throws {
    let booted = try booted("\(raw: sql)")
    let backend = booted.ask(.get, "/api/v1/backend").text
    let answer = booted.ask(.get, "/api/v1/x")
    #expect(answer.status == status)
    #expect(answer.members["code"] == .string(code))
    #expect(!answer.text.contains("SELEC") && !answer.text.contains("no_such_table"))
    #expect(booted.ask(.get, "/api/v1/backend").text == backend)
    #expect(booted.lender.opened == 1)
  }

  @Test(.tiers(.faults)) func `a statement that takes too long is cancelled, and the connection stays`() throws {
    var database = TestCluster.settings(user: TestCluster.app)
    database.statementTimeoutMilliseconds = 20
    let booted = try booted("SELECT 1 FROM pg_sleep(60)", database: database)
    let answer = booted.ask(.get, "/api/v1/x")
    #expect(answer.status == 503)
    #expect(answer.header("Retry-After") == "1")
    #expect(booted.ask(.get, "/api/v1/backend").status == 200)
    #expect(booted.lender.opened == 1)
  }

  @Test(.tiers(.faults)) func `a request past its deadline is given up, together with its connection`() throws {
    var limits = Application.Limits()
    limits.requestMilliseconds = 200
    let booted = try booted("SELECT 1 FROM pg_sleep(60)", limits: limits)
    let backend = booted.ask(.get, "/api/v1/backend").text
    #expect(booted.ask(.get, "/api/v1/x").status == 503)
    let next = booted.ask(.get, "/api/v1/backend")
    #expect(next.status == 200)
    #expect(next.text != backend)
    #expect(booted.lender.opened == 2)
  }

  @Test(.tiers(.faults)) func `a session that ended between two requests is replaced unnoticed`() throws {
    let booted = try booted("SELECT 42")
    let backend = try #require(Int(booted.ask(.get, "/api/v1/backend").text))
    let admin = try TestCluster.connection(user: TestCluster.superuser)
    #expect(try admin.value("SELECT pg_terminate_backend(\(backend), 10000)", as: Bool.self))
    #expect(booted.ask(.get, "/api/v1/x").text == "42")
    #expect(booted.lender.opened == 2)
  }

  @Test(.tiers(.faults)) func `a session that ends during a request fails it, and is replaced for the next`() throws {
    let booted = try booted("SELECT 1 FROM pg_terminate_backend(pg_backend_pid(), 0)")
    #expect(booted.ask(.get, "/api/v1/x").status == 503)
    #expect(booted.ask(.get, "/api/v1/backend").status == 200)
    #expect(booted.lender.opened == 2)
  }

  @Test(.tiers(.faults)) func `an unreachable database is 503 with Retry-After, and the log has the cause`() throws {
    let booted = try booted("SELECT 42", database: .nowhere)
    let answer = booted.ask(.get, "/api/v1/x")
    #expect(answer.status == 503)
    #expect(answer.members["code"] == "unavailable")
    #expect(answer.header("Retry-After") == "1")
    #expect(!answer.text.contains("nonexistent"))
    let messages = try booted.logged().map { $0["message"] }
    #expect(messages.contains("PostgreSQL is away"))
    #expect(messages.contains("a request failed"))
  }

  @Test func `an idle worker connects before a request needs the connection`() throws {
    let booted = try booted("SELECT 42")
    booted.application.tick()
    booted.application.tick()
    #expect(booted.lender.opened == 1)
    #expect(booted.ask(.get, "/api/v1/x").text == "42")
    #expect(booted.lender.opened == 1)
  }

  @Test(.tiers(.faults)) func `an idle worker survives an unreachable database`() throws {
    let booted = try booted("SELECT 42", database: .nowhere)
    booted.application.tick()
    #expect(booted.lender.opened == 0)
    #expect(booted.ask(.get, "/livez").status == 200)
  }
}
