internal import Postgres
internal import Support
internal import Testing

/// Sessions that end while a borrower still needs them.
@Suite(.tiers(.database, .faults))
struct SessionLossTests {
  private let lender = makeLender()

  @Test func `a session terminated while idle is replaced unnoticed`() throws {
    let admin = try TestCluster.connection()
    let first = try lender.lend(until: ample) { try $0.backend }
    try terminate(first, on: admin)
    var runs = 0
    let second = try lender.lend(until: ample) { connection in
      runs += 1
      return try connection.backend
    }
    #expect(first != second)
    #expect(runs == 1)
    #expect(lender.opened == 2)
    #expect(lender.failures == 0)
  }

  @Test func `the idle tick replaces a terminated session before the next borrower`() throws {
    let admin = try TestCluster.connection()
    let first = try lender.lend(until: ample) { try $0.backend }
    lender.tend()
    #expect(lender.opened == 1)
    try terminate(first, on: admin)
    // A tick tries only briefly, which may be too short on a busy machine.
    for _ in 1...1000 where lender.opened < 2 { lender.tend() }
    #expect(lender.opened == 2)
    _ = try lender.lend(until: ample) { try $0.backend }
    #expect(lender.opened == 2)
  }

  @Test func `the idle tick tries once and reports only to onFailure`() throws {
    let away = try Doorstep()
    let lender = makeLender(away.settings())
    var complaints: [PostgresError] = []
    lender.onFailure = { complaints.append($0) }
    lender.tend()
    #expect(lender.failures == 1)
    #expect(complaints.map(\.reason) == [.connection])
  }

  @Test(arguments: [true, false])
  func `a borrower whose session was terminated is repeated only if it is repeatable`(repeatable: Bool) throws {
    var runs = 0
    var backends: Set<Int> = []
    let outcome = Result {
      try lender.lend(until: ample, repeatable: repeatable) { connection in
        runs += 1
        backends.insert(connection.processIdentifier)
        if runs == 1 { try connection.breakOff() }
        return try connection.value("SELECT 7", as: Int.self)
      }
    }
    if repeatable {
      #expect(try outcome.get() == 7)
      #expect(backends.count == 2)
    } else {
      let error = #expect(throws: PostgresError.self) { try outcome.get() }
      #expect(error?.sqlstate == "57P01")
      #expect(error?.reason == .connection)
      #expect(error?.outcomeUnknown == true)
    }
    #expect(runs == (repeatable ? 2 : 1))
  }

  @Test func `a borrower is repeated once and no more`() throws {
    var runs = 0
    #expect(throws: PostgresError.self) {
      try lender.lend(until: ample, repeatable: true) { connection in
        runs += 1
        try connection.breakOff()
      }
    }
    #expect(runs == 2)
    let next = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
    #expect(next == 1)
  }

  @Test func `a waiting session that is terminated from outside is repeated on another`() throws {
    let key = Int.random(in: 1 << 40..<1 << 60)
    let holder = try TestCluster.connection()
    try holder.run("SELECT pg_advisory_lock(\(key))")
    let borrowed = Gate(for: 2)
    let waiting = Job {
      var settings = TestCluster.settings()
      settings.lockTimeoutMilliseconds = 0
      settings.statementTimeoutMilliseconds = 0
      let lender = makeLender(settings)
      var runs = 0
      return try lender.lend(until: ample, repeatable: true) { connection in
        runs += 1
        if runs == 1 {
          try connection.run("SET application_name = 'waiting \(raw: "\(key)")'")
          borrowed.pass()
        }
        try connection.run("SELECT pg_advisory_lock(\(key))")
        return runs
      }
    }
    borrowed.pass()
    let victim: Int = try holder.value(
      "SELECT pid FROM pg_stat_activity WHERE application_name = \("waiting \(key)")")
    try terminate(victim, on: holder)
    try holder.run("SELECT pg_advisory_unlock(\(key))")
    #expect(try waiting.value() == 2)
  }

  @Test func `a transaction that lost its session leaves nothing behind and is not restarted by itself`() throws {
    try withEmptyDatabase { name in
      let lender = makeLender(TestCluster.settings(database: name))
      try lender.lend(until: ample) { try $0.perform("CREATE TABLE noted (n int)") }
      var attempts = 0
      #expect(throws: PostgresError.self) {
        try lender.lend(until: ample) { connection in
          try connection.transaction { connection in
            attempts += 1
            try connection.run("INSERT INTO noted VALUES (1)")
            try connection.breakOff()
          }
        }
      }
      let rows = try lender.lend(until: ample) { try $0.value("SELECT count(*) FROM noted", as: Int.self) }
      #expect(attempts == 1)
      #expect(rows == 0)
    }
  }

  @Test func `a session that the server ended for idling in a transaction is replaced`() throws {
    var settings = TestCluster.settings()
    settings.idleInTransactionTimeoutMilliseconds = 20
    let connection = try Connection.open(settings, deadline: ample)
    let other = try TestCluster.connection()
    other.limit(to: ample)
    // Waits, without reading a clock, until the server has ended the session that holds the lock.
    let key = Int.random(in: 1 << 40..<1 << 60)
    try connection.perform("BEGIN; SELECT pg_advisory_lock(\(key))")
    try other.perform("SET lock_timeout = 0; SET statement_timeout = 0")
    try other.run("SELECT pg_advisory_lock(\(key))")
    let error = #expect(throws: PostgresError.self) { try connection.run("SELECT 1") }
    #expect(error?.endsSession == true)
  }
}
