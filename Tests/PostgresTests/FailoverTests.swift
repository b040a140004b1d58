internal import Glibc
internal import Postgres
internal import Support
internal import Testing

/// Servers that stop, freeze and change roles. Each test has servers of its own.
@Suite(.tiers(.database, .faults))
struct FailoverTests {
  private func settings(_ servers: [PrivateServer], _ rest: String = "") -> ConnectionSettings {
    var settings = ConnectionSettings()
    let hosts = servers.map(\.directory).joined(separator: ",")
    settings.conninfo = "host=\(hosts) port=\(PrivateServer.port) user=postgres dbname=postgres \(rest)"
    settings.statementTimeoutMilliseconds = 20_000
    return settings
  }

  @Test func `the writable server is used, even after a standby was promoted`() throws {
    let primary = try PrivateServer(lines: ["synchronous_standby_names = '*'", "synchronous_commit = remote_apply"])
    let standby = try PrivateServer(following: primary)
    let lender = makeLender(settings([standby, primary], "target_session_attrs=read-write"))
    // Returns only when the standby has it too.
    try lender.lend(until: ample) { try $0.perform("CREATE TABLE kept AS SELECT 1 AS n") }
    #expect([lender.failures, lender.opened] == [0, 1])

    let admin = try Connection.open(settings([standby]), deadline: ample)
    admin.limit(to: ample)
    primary.stop()
    let promoted: Bool = try admin.value("SELECT pg_promote()")
    let rows = try lender.lend(until: ample) { connection in
      try connection.run("INSERT INTO kept VALUES (2)")
      return try connection.value("SELECT count(*) FROM kept", as: Int.self)
    }
    #expect(promoted)
    #expect(rows == 2)
    #expect([lender.failures, lender.opened] == [0, 2])
  }

  @Test func `a lender gives up a standby that it took for the primary`() throws {
    let primary = try PrivateServer()
    let standby = try PrivateServer(following: primary)
    let lender = makeLender(settings([standby]))
    let first = try lender.lend(until: ample) { try $0.backend }
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: ample) { try $0.perform("CREATE TABLE kept (n int)") }
    }
    let second = try lender.lend(until: ample) { try $0.backend }
    #expect(error?.sqlstate == "25006")
    #expect(first != second)
  }

  @Test func `a repeatable borrower waits for a server that restarts`() throws {
    let server = try PrivateServer()
    let lender = makeLender(settings([server]))
    let first = try lender.lend(until: ample) { try $0.backend }
    var runs = 0
    var rising: Job<Void>?
    let second = try lender.lend(until: ample, repeatable: true) { connection in
      runs += 1
      if runs == 1 {
        server.stop()
        rising = Job { try server.start() }
      }
      return try connection.backend
    }
    try rising?.value()
    #expect(first != second)
    #expect(runs == 2)
    #expect(lender.opened == 2)
  }

  @Test func `a restart while the session is idle goes unnoticed`() throws {
    let server = try PrivateServer()
    let lender = makeLender(settings([server]))
    try lender.lend(until: ample) { _ = try $0.run("SELECT 1 AS marked") }
    server.stop()
    try server.start()
    var runs = 0
    try lender.lend(until: ample) { connection in
      runs += 1
      try connection.run("SELECT 1 AS marked")
    }
    #expect(runs == 1)
    #expect([lender.failures, lender.opened] == [0, 2])
  }

  @Test func `a frozen session ends at the deadline, and the next borrower gets another`() throws {
    let server = try PrivateServer()
    let lender = makeLender(settings([server]))
    let frozen = try lender.lend(until: ample) { try $0.backend }
    kill(pid_t(frozen), SIGSTOP)
    defer { kill(pid_t(frozen), SIGCONT) }
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: .after(milliseconds: 100)) { try $0.run("SELECT 1") }
    }
    let next = try lender.lend(until: ample) { try $0.backend }
    #expect(error?.reason == .deadline)
    #expect(error?.outcomeUnknown == true)
    #expect(next != frozen)
  }
}
