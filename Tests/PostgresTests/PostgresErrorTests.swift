internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct PostgresErrorJudgementTests {
  private func error(_ sqlstate: String, _ reason: PostgresError.Reason = .server) -> PostgresError {
    PostgresError(reason: reason, sqlstate: sqlstate, message: "told")
  }

  @Test(arguments: ["08000", "08006", "57P01", "57P02", "57P03", "25006", "58P01"])
  func `these states end the session`(sqlstate: String) {
    #expect(error(sqlstate).endsSession)
    #expect(error(sqlstate).isUnavailable)
    #expect(!error(sqlstate).isTransient)
  }

  @Test(arguments: ["40001", "40P01", "55P03"])
  func `these states are retryable`(sqlstate: String) {
    #expect(error(sqlstate).isTransient)
    #expect(error(sqlstate).isUnavailable)
    #expect(!error(sqlstate).endsSession)
  }

  @Test(arguments: ["22021", "22P02", "22P05", "22003"])
  func `these states are the caller's mistake`(sqlstate: String) {
    #expect(error(sqlstate).isBadInput)
    #expect(!error(sqlstate).isUnavailable)
  }

  @Test(arguments: ["57014", "53300", "53100"])
  func `these states keep the session, and the caller may retry`(sqlstate: String) {
    #expect(error(sqlstate).isUnavailable)
    #expect(!error(sqlstate).endsSession)
    #expect(!error(sqlstate).isTransient)
  }

  @Test(arguments: ["23505", "42601", "P0001", "22012", ""])
  func `all other states belong to no group`(sqlstate: String) {
    let other = error(sqlstate)
    #expect(!other.isUnavailable && !other.isTransient && !other.isBadInput && !other.endsSession)
  }

  @Test(arguments: [
    (PostgresError.Reason.connection, true, false), (.deadline, true, false), (.refused, false, true),
    (.mismatch, false, false), (.server, false, false),
  ])
  func `the reason counts before the state`(reason: PostgresError.Reason, ends: Bool, isBadInput: Bool) {
    #expect(error("", reason).endsSession == ends)
    #expect(error("", reason).isBadInput == isBadInput)
  }

  @Test func `the innermost statement keeps its name`() {
    let twice = error("23505").during("INSERT").during("COMMIT")
    #expect(twice.sql == "INSERT")
    #expect("\(twice)" == "server · 23505 · told · in: INSERT")
  }
}

@Suite(.tiers(.database, .security))
struct PostgresErrorTests {
  /// Every kind of statement whose error message could quote a value.
  static let quoting: [(sql: String, sqlstate: String)] = [
    ("SELECT $1::int", "22P02"), ("SELECT $1::uuid", "22P02"), ("SELECT $1::jsonb", "22P02"),
    ("SELECT $1::date", "22007"), ("SELECT $1::timestamptz", "22007"), ("SELECT $1::inet", "22P02"),
    ("SELECT to_number($1, '99')", "22P02"), ("SELECT 'x' ~ ('(' || $1)", "2201B"),
    ("SELECT convert_from(convert_to($1, 'UTF8') || '\\xff', 'UTF8')", "22021"),
    ("INSERT INTO guarded (word) VALUES ($1)", "23505"), ("INSERT INTO guarded (checked) VALUES ($1)", "23514"),
    ("INSERT INTO guarded (referring) VALUES ($1)", "23503"), ("INSERT INTO guarded (short) VALUES ($1)", "22001"),
    ("INSERT INTO guarded (checked, word) VALUES ($1, NULL)", "23502"),
  ]

  private static let hidden = "geheim-0815"

  private func complaint(about statement: String) throws -> PostgresError? {
    let pieces = statement.components(around: "$1")
    let hidden = Self.hidden
    let sql: SQL = "\(raw: pieces.0)\(hidden)\(raw: pieces.1)"
    let connection = try TestCluster.connection()
    try connection.perform(
      """
      CREATE TEMP TABLE referred (word text PRIMARY KEY);
      CREATE TEMP TABLE guarded (
        word text NOT NULL DEFAULT random()::text CONSTRAINT guarded_word UNIQUE,
        checked text CONSTRAINT guarded_checked CHECK (length(checked) < 3),
        referring text CONSTRAINT guarded_referring REFERENCES referred, short varchar(3));
      INSERT INTO guarded (word) VALUES ('\(hidden)');
      """)
    return #expect(throws: PostgresError.self) { try connection.run(sql) }
  }

  @Test(arguments: quoting)
  func `an error never contains a bound value`(statement: String, sqlstate: String) throws {
    let error = try #require(try complaint(about: statement))
    #expect(error.sqlstate == sqlstate)
    var dumped = ""
    dump(error, to: &dumped)
    for text in ["\(error)", error.message, "\(String(reflecting: error))", dumped] {
      #expect(!text.contains("geheim"))
    }
    #expect(error.sql == statement)
  }

  @Test(arguments: ["SELECT $1::regclass", "SELECT to_tsquery($1 || ' x')", "SELECT set_config($1, '', true)"])
  func `an error outside class 22 contains no bound value either`(statement: String) throws {
    let error = try #require(try complaint(about: statement))
    #expect(!"\(error)".contains("geheim"))
  }

  @Test(arguments: [
    ("INSERT INTO guarded (word) VALUES ($1)", "guarded_word"),
    ("INSERT INTO guarded (checked) VALUES ($1)", "guarded_checked"),
    ("INSERT INTO guarded (referring) VALUES ($1)", "guarded_referring"),
  ])
  func `a violated constraint is named`(statement: String, constraint: String) throws {
    let error = try complaint(about: statement)
    #expect(error?.constraint == constraint)
    #expect(error?.reason == .server)
    #expect(error?.outcomeUnknown == false)
  }

  @Test func `a syntax error has its position in characters`() throws {
    let connection = try TestCluster.connection()
    let error = #expect(throws: PostgresError.self) { try connection.run("SELECT 'ж😀', FROM WHERE") }
    #expect(error?.sqlstate == "42601")
    #expect(error?.position == 14)
    #expect(error?.constraint == nil)
  }

  @Test func `of two errors the first one wins`() throws {
    let connection = try TestCluster.connection()
    let error = #expect(throws: PostgresError.self) { try connection.perform("SELECT 1/0; SELECT 'x'::int") }
    #expect(error?.sqlstate == "22012")
  }

  @Test(arguments: ["COPY (SELECT 1) TO STDOUT", "COPY pg_class FROM STDIN"])
  func `a COPY without its other half is an error and does not hang`(statement: String) throws {
    let connection = try TestCluster.connection(user: TestCluster.superuser)
    let error = #expect(throws: PostgresError.self) { try connection.perform(statement) }
    #expect(error?.reason == .mismatch)
    let idle = connection.isIdle
    #expect(!idle)
  }
}

extension String {
  fileprivate func components(around mark: String) -> (String, String) {
    guard let found = firstRange(of: mark) else { return (self, "") }
    return (String(self[..<found.lowerBound]), String(self[found.upperBound...]))
  }
}
