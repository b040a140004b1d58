internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct DeadlineTests {
  @Test func `a past deadline leaves no time`() {
    let past = Deadline.after(milliseconds: -5)
    #expect(past.hasPassed)
    #expect(past.remainingMilliseconds == 0)
    #expect(past < .after(milliseconds: 60_000))
  }

  @Test func `a future deadline is rounded up, and never beyond the limit`() {
    let later = Deadline.after(milliseconds: 60_000)
    #expect(!later.hasPassed)
    #expect((1...60_000).contains(later.remainingMilliseconds))
    #expect(min(later, .now) < later)
  }
}

@Suite(.tiers(.database))
struct TimeoutTests {
  @Test func `a statement past its deadline is cancelled with an unknown outcome`() throws {
    let connection = try TestCluster.connection()
    connection.limit(to: .after(milliseconds: 50))
    let error = #expect(throws: PostgresError.self) { try connection.run("SELECT pg_sleep(\(60))") }
    #expect(error?.reason == .deadline)
    #expect(error?.outcomeUnknown == true)
    #expect(error?.endsSession == true)
    #expect(error?.sql == "SELECT pg_sleep($1)")
    let idle = connection.isIdle
    #expect(!idle)
  }

  @Test func `a session past its deadline is not lent again`() throws {
    let lender = makeLender()
    let first = try lender.lend(until: ample) { try $0.backend }
    var runs = 0
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: .after(milliseconds: 50), repeatable: true) { connection in
        runs += 1
        try connection.run("SELECT pg_sleep(60)")
      }
    }
    let second = try lender.lend(until: ample) { try $0.backend }
    #expect(error?.reason == .deadline)
    #expect(runs == 1)
    #expect(first != second)
  }

  @Test func `each borrower has a deadline of its own`() throws {
    let lender = makeLender()
    _ = try lender.lend(until: ample) { try $0.backend }
    _ = try? lender.lend(until: .after(milliseconds: 0)) { _ in }
    let value = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
    #expect(value == 1)
    #expect(lender.opened == 1)
  }

  @Test func `the server's statement timeout arrives as 57014 and keeps the session`() throws {
    var settings = TestCluster.settings()
    settings.statementTimeoutMilliseconds = 50
    let lender = makeLender(settings)
    let first = try lender.lend(until: ample) { try $0.backend }
    let error = #expect(throws: PostgresError.self) {
      try lender.lend(until: ample) { try $0.run("SELECT pg_sleep(60)") }
    }
    let second = try lender.lend(until: ample) { try $0.backend }
    #expect(error?.sqlstate == "57014")
    #expect(error?.reason == .server)
    #expect(error?.isUnavailable == true)
    #expect(first == second)
  }

  @Test func `the server's lock timeout arrives as 55P03 and keeps the session`() throws {
    let key = Int.random(in: 1 << 40..<1 << 60)
    let holder = try TestCluster.connection()
    try holder.run("SELECT pg_advisory_lock(\(key))")
    var settings = TestCluster.settings()
    settings.lockTimeoutMilliseconds = 50
    settings.statementTimeoutMilliseconds = 0
    let connection = try Connection.open(settings, deadline: ample)
    let error = #expect(throws: PostgresError.self) { try connection.run("SELECT pg_advisory_lock(\(key))") }
    #expect(error?.sqlstate == "55P03")
    #expect(error?.isTransient == true)
    let idle = connection.isIdle
    #expect(idle)
  }
}
