internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct LenderTests {
  @Test func `nothing is opened before the first borrower`() {
    let lender = makeLender()
    #expect(lender.opened == 0)
  }

  @Test func `a thousand borrowers share one session`() throws {
    let lender = makeLender()
    var backends: Set<Int> = []
    for _ in 1...1000 { backends.insert(try lender.lend(until: ample) { try $0.backend }) }
    #expect(backends.count == 1)
    #expect(lender.opened == 1)
    #expect(lender.failures == 0)
  }

  @Test func `a statement is prepared once for all borrowers`() throws {
    let lender = makeLender()
    for _ in 1...3 { try lender.lend(until: ample) { _ = try $0.run("SELECT 1 AS marked") } }
    let count = try lender.lend(until: ample) { connection in
      try connection.value(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS marked'", as: Int.self)
    }
    #expect(count == 1)
  }

  @Test func `a borrower's result is passed on, and so is its error`() throws {
    let lender = makeLender()
    let value = try lender.lend(until: ample) { try $0.value("SELECT 'word'", as: String.self) }
    #expect(value == "word")
    #expect(throws: Odd("own")) { try lender.lend(until: ample) { _ in throw Odd("own") } }
    #expect(throws: PostgresError.self) { try lender.lend(until: ample) { try $0.run("SELECT 1/0") } }
    _ = try lender.lend(until: ample) { try $0.backend }
    #expect(lender.opened == 1)
  }

  @Test(arguments: ["BEGIN", "BEGIN; SELECT 1", "BEGIN; CREATE TEMP TABLE left_behind (n int)"])
  func `a session left in a transaction is not taken back`(statements: String) throws {
    let lender = makeLender()
    let first = try lender.lend(until: ample) { connection in
      try connection.perform(statements)
      return connection.processIdentifier
    }
    let second = try lender.lend(until: ample) { connection in
      let idle = connection.isIdle
      #expect(idle)
      return connection.processIdentifier
    }
    #expect(first != second)
    #expect(lender.opened == 2)
  }

  @Test func `a session left in a failed transaction is not taken back`() throws {
    let lender = makeLender()
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: ample) { connection in
        try connection.perform("BEGIN")
        try connection.run("SELECT 1/0")
      }
    }
    let next = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
    #expect(error?.sqlstate == "22012")
    #expect(next == 1)
    #expect(lender.opened == 2)
  }

  @Test func `a read-only session is closed, because its server is no longer the primary`() throws {
    let lender = makeLender()
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: ample) { connection in
        try connection.perform("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        try connection.run("CREATE TABLE written_to_a_standby (n int)")
      }
    }
    let readOnly = try lender.lend(until: ample) { try $0.value("SHOW transaction_read_only", as: String.self) }
    #expect(error?.sqlstate == "25006")
    #expect(error?.outcomeUnknown == false)
    #expect(readOnly == "off")
    #expect(lender.opened == 2)
  }

  @Test func `a repeatable borrower is not repeated for its own error`() throws {
    let lender = makeLender()
    var runs = 0
    #expect(throws: PostgresError.self) {
      try lender.lend(until: ample, repeatable: true) { connection in
        runs += 1
        try connection.run("SELECT 1/0")
      }
    }
    #expect(runs == 1)
    #expect(lender.opened == 1)
  }

  @Test func `a nested borrower gets a session of its own`() throws {
    let lender = makeLender()
    let pair = try lender.lend(until: ample) { outer in
      [try outer.backend, try lender.lend(until: ample) { try $0.backend }]
    }
    #expect(Set(pair).count == 2)
    _ = try lender.lend(until: ample) { try $0.backend }
    #expect(lender.opened == 2)
  }
}
