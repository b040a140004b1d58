internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct ConnectionTests {
  @Test(arguments: [
    ("lock_timeout", "1234ms"), ("statement_timeout", "2345ms"), ("idle_in_transaction_session_timeout", "3456ms"),
    ("application_name", "a shop's test"), ("client_encoding", "UTF8"), ("TimeZone", "UTC"), ("DateStyle", "ISO, MDY"),
  ])
  func `a session gets its limits when it opens`(setting: String, value: String) throws {
    var settings = TestCluster.settings()
    settings.lockTimeoutMilliseconds = 1234
    settings.statementTimeoutMilliseconds = 2345
    settings.idleInTransactionTimeoutMilliseconds = 3456
    settings.applicationName = "a shop's test"
    let connection = try Connection.open(settings, deadline: ample)
    let told: String = try connection.value("SELECT current_setting(\(setting))")
    #expect(told == value)
  }

  @Test func `the operator's options come after ours and win`() throws {
    var settings = TestCluster.settings()
    settings.conninfo += " options='-c lock_timeout=77ms'"
    let connection = try Connection.open(settings, deadline: ample)
    let lock: String = try connection.value("SHOW lock_timeout")
    let statement: String = try connection.value("SHOW statement_timeout")
    #expect(lock == "77ms")
    #expect(statement == "3s")
  }

  @Test func `a busy or failed session, or one in a transaction, is not idle`() throws {
    let connection = try TestCluster.connection()
    let fresh = connection.isIdle
    try connection.perform("BEGIN")
    let begun = connection.isIdle
    _ = try? connection.perform("SELECT 1/0")
    let failed = connection.isIdle
    let alive = connection.isAlive
    try connection.perform("ROLLBACK")
    let over = connection.isIdle
    #expect([fresh, begun, failed, over] == [true, false, false, true])
    #expect(alive)
  }

  @Test func `a terminated session is not alive`() throws {
    let other = try TestCluster.connection()
    let connection = try TestCluster.connection()
    let before = connection.isAlive
    try terminate(connection.processIdentifier, on: other)
    let after = connection.isAlive
    #expect(before)
    #expect(!after)
  }

  @Test func `a notice is not an error, and does not end the session`() throws {
    let connection = try TestCluster.connection()
    try connection.perform("DO $$ BEGIN RAISE WARNING 'only a word'; END $$")
    try connection.perform("LISTEN something; NOTIFY something")
    let idle = connection.isIdle
    #expect(idle)
  }

  @Test func `a session ends with its connection`() throws {
    let key = Int.random(in: 1 << 40..<1 << 60)
    func borrow() throws {
      let connection = try TestCluster.connection()
      try connection.run("SELECT pg_advisory_lock(\(key))")
    }
    try borrow()
    var settings = TestCluster.settings()
    settings.lockTimeoutMilliseconds = 20_000
    settings.statementTimeoutMilliseconds = 0
    let next = try Connection.open(settings, deadline: ample)
    next.limit(to: ample)
    // A session that still held the lock would block this one for ever.
    try next.run("SELECT pg_advisory_lock(\(key))")
  }

  @Test(arguments: ["dbname=no_such_database", "user=no_such_role"])
  func `a server's refusal is a connection error`(part: String) throws {
    var settings = TestCluster.settings()
    settings.conninfo += " " + part
    let error = #expect(throws: PostgresError.self) { _ = try Connection.open(settings, deadline: ample) }
    #expect(error?.reason == .connection)
    #expect(error?.message.contains("no_such") == true)
    #expect(error?.message.contains("\n") == false)
  }

  @Test func `settings that cannot be parsed are not quoted, because they may contain a password`() throws {
    var settings = ConnectionSettings()
    settings.conninfo = "host=x password='geheim"
    let error = #expect(throws: PostgresError.self) { _ = try Connection.open(settings, deadline: ample) }
    #expect("\(error!)" == "connection · the connection settings cannot be parsed: check TUCKSHOP_DATABASE_URL")
  }

  @Test func `a refused port is an error at once`() throws {
    try withClosedPort { port in
      var settings = ConnectionSettings()
      settings.conninfo = "host=127.0.0.1 port=\(port) dbname=x user=x"
      let error = #expect(throws: PostgresError.self) { _ = try Connection.open(settings, deadline: ample) }
      #expect(error?.reason == .connection)
    }
  }
}
