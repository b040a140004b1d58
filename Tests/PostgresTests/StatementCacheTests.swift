internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct StatementCacheTests {
  private func prepared(_ connection: borrowing Connection, like pattern: String = "%") throws -> Int {
    try connection.value("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE \(pattern)")
  }

  @Test func `a statement is prepared once, whatever its values`() throws {
    let connection = try TestCluster.connection()
    for number in 1...5 { try connection.run("SELECT \(number)::int AS marked") }
    let count = try prepared(connection, like: "%marked%")
    #expect(count == 1)
  }

  @Test func `an unprepared statement is never prepared, and planned for its values each time`() throws {
    let connection = try TestCluster.connection()
    func plan(of number: Int) throws -> [String] {
      var sql: SQL = "EXPLAIN SELECT \(number)::int AS marked WHERE \(number)::int > 0"
      sql.isPlannedAnew = true
      return try connection.rows(sql) { try $0.value(0) }
    }
    for number in 1...8 { _ = try plan(of: number) }
    let (some, none) = (try plan(of: 9), try plan(of: 0))
    let count = try prepared(connection, like: "%marked%")
    #expect(count == 0)
    #expect(!some.joined().contains("One-Time Filter"))
    #expect(none.joined().contains("One-Time Filter: false"))
  }

  @Test func `every session prepares for itself`() throws {
    let first = try TestCluster.connection()
    let second = try TestCluster.connection()
    try first.run("SELECT 1 AS marked")
    let there = try prepared(second, like: "%marked")
    try second.run("SELECT 1 AS marked")
    let later = try prepared(second, like: "%marked")
    #expect([there, later] == [0, 1])
  }

  @Test func `no more than 256 statements are kept, and the oldest goes first`() throws {
    let connection = try TestCluster.connection()
    for number in 1...300 { try connection.run("SELECT \(raw: "\(number)") AS marked") }
    let all = try prepared(connection)
    let oldest = try prepared(connection, like: "SELECT 1 AS marked")
    let newest = try prepared(connection, like: "SELECT 300 AS marked")
    #expect(all == 256)
    #expect(oldest == 0)
    #expect(newest == 1)
    // An evicted statement is simply prepared again.
    let again: Int = try connection.value("SELECT 1 AS marked")
    #expect(again == 1)
  }

  @Test func `a statement that PostgreSQL refused is not remembered`() throws {
    let connection = try TestCluster.connection()
    for _ in 1...2 {
      let error = #expect(throws: PostgresError.self) { try connection.run("SELECT * FROM marked_later") }
      #expect(error?.sqlstate == "42P01")
    }
    try connection.perform("CREATE TEMP TABLE marked_later (n int)")
    let rows = try connection.run("SELECT * FROM marked_later")
    #expect(rows == 0)
  }

  @Test func `statements deallocated behind our back are prepared anew`() throws {
    let connection = try TestCluster.connection()
    for _ in 1...3 {
      let value: Int = try connection.value("SELECT 1 AS marked")
      #expect(value == 1)
      try connection.perform("DEALLOCATE ALL")
    }
  }

  @Test func `statements deallocated during a transaction restart it`() throws {
    let connection = try TestCluster.connection()
    try connection.run("SELECT 1 AS marked")
    try connection.perform("DEALLOCATE ALL")
    var attempts = 0
    let value = try connection.transaction { connection in
      attempts += 1
      return try connection.value("SELECT 1 AS marked", as: Int.self)
    }
    #expect(value == 1)
    #expect(attempts == 2)
  }

  @Test func `a result with changed columns is planned anew`() throws {
    let connection = try TestCluster.connection()
    try connection.perform("CREATE TEMP TABLE shaped AS SELECT 1 AS a")
    let columns: SQL = "SELECT * FROM shaped"
    let first = try connection.row(columns) { try $0.value(0, as: Int.self) }
    try connection.perform("ALTER TABLE shaped ADD COLUMN b text DEFAULT 'new'")
    let second = try connection.row(columns) { try $0.value(1, as: String.self) }
    #expect(first == 1)
    #expect(second == "new")
  }

  @Test func `a result with changed columns restarts a transaction`() throws {
    let connection = try TestCluster.connection()
    try connection.perform("CREATE TEMP TABLE shaped AS SELECT 1 AS a")
    try connection.run("SELECT * FROM shaped")
    try connection.perform("ALTER TABLE shaped ADD COLUMN b text DEFAULT 'new'")
    var attempts = 0
    let value = try connection.transaction { connection in
      attempts += 1
      try connection.run("INSERT INTO shaped (a) VALUES (2)")
      return try connection.row("SELECT * FROM shaped") { try $0.value(1, as: String.self) }
    }
    let rows: Int = try connection.value("SELECT count(*) FROM shaped")
    #expect(value == "new")
    #expect(attempts == 2)
    #expect(rows == 2)
  }

  @Test func `the limit of 256 also holds after statements were planned anew within transactions`() throws {
    let connection = try TestCluster.connection()
    for number in 1...250 { try connection.run("SELECT \(raw: "\(number)") AS marked") }
    try connection.perform("CREATE TEMP TABLE shaped AS SELECT 1 AS a")
    try connection.run("SELECT * FROM shaped")
    try connection.perform("ALTER TABLE shaped ADD COLUMN b text")
    _ = try connection.transaction { connection in try connection.run("SELECT * FROM shaped") }
    for number in 1...250 { try connection.run("SELECT \(raw: "\(number)") AS marked") }
    let all = try prepared(connection)
    #expect(all <= 256)
  }
}
