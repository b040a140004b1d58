internal import Migrations
internal import Postgres
internal import Support
internal import Testing

/// A failed migration reports its place and leaves nothing behind.
@Suite(.tiers(.database))
struct MigrationErrorTests {
  @Test(arguments: [
    ("CREATE TABLE b (id int);\n\n  SELEC 1;", "3:3", "syntax error at or near \"SELEC\" (42601)"),
    ("SELECT 1;\nSELECT\n  nope;", "3:3", "column \"nope\" does not exist (42703)"),
    ("SELECT 'ж😀e\u{301}', nope;", "1:16", "column \"nope\" does not exist (42703)"),
    ("-- ж\n/* 😀; */ SELECT 1; SELECT '😀' || nope;", "2:34", "column \"nope\" does not exist (42703)"),
    ("SELECT 1;\r\nSELEC 2;\r\n", "2:1", "syntax error at or near \"SELEC\" (42601)"),
    ("SELECT 1;\nSELECT (", "2:9", "syntax error at end of input (42601)"),
    ("SELECT 1;\nSELECT 'abc;\n", "2:8", "unterminated quoted string at or near \"'abc;\n\" (42601)"),
    ("SELECT 1;\n\tCREATE TABLE a (id int);", "2:2", "relation \"a\" already exists (42P07)"),
    ("SELECT 1;\n-- why\n  DO $$ BEGIN\n RAISE 'told'; END $$;", "3:3", "told (P0001)"),
    (
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELEC 1 $$;", "2:3",
      "syntax error at or near \"SELEC\" (42601)"
    ),
  ])
  func `an error names its file, line and column`(text: String, place: String, message: String) throws {
    try withEmptyDatabase { name in
      let migrator = try migrator([.table("a"), Step(name: "wrong", up: text)], on: name)
      #expect(throws: MigrationError("0002_wrong.up.sql:\(place): \(message)")) { try migrator.up() }
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
    }
  }

  @Test(arguments: [
    ("SELECT 1;\nSELECT 2;\n  SELECT 1 / n FROM (VALUES (0)) v(n);\nSELECT 3;", "3:3", "22012"),
    ("INSERT INTO a VALUES (1);\nINSERT INTO a\n  VALUES (99999999999);", "2:1", "22003"),
    ("CREATE TABLE c (n int CHECK (n > 0));\n\nINSERT INTO c VALUES (0);", "3:1", "23514"),
  ])
  func `an error at run time names the line of its statement`(text: String, place: String, sqlstate: String) throws {
    try withEmptyDatabase { name in
      let migrator = try migrator([.table("a"), Step(name: "wrong", up: text)], on: name)
      let error = #expect(throws: MigrationError.self) { try migrator.up() }
      #expect(error?.description.hasPrefix("0002_wrong.up.sql:\(place): ") == true)
      #expect(error?.description.hasSuffix("(\(sqlstate))") == true)
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
    }
  }

  @Test func `a failed migration is applied once it is corrected`() throws {
    try withEmptyDatabase { name in
      let broken = Step(name: "b", up: "CREATE TABLE b (id int); ALTER TABLE a ADD COLUMN n int; SELECT 1/0;")
      let mended = Step(name: "b", up: "CREATE TABLE b (id int); ALTER TABLE a ADD COLUMN n int;")
      let first = try migrator([.table("a"), broken, .table("c")], on: name)
      #expect(throws: MigrationError.self) { try first.up() }
      let count = try migrator([.table("a"), mended, .table("c")], on: name).up()
      #expect(count == 2)
      #expect(try Sight(of: name) == Sight(tables: ["a", "b", "c"], applied: [1, 2, 3]))
    }
  }

  @Test func `a failed down file leaves its migration applied`() throws {
    try withEmptyDatabase { name in
      let step = Step(name: "b", up: "CREATE TABLE b ();", down: "DROP TABLE b;\nDROP TABLE nope;")
      let migrator = try migrator([.table("a"), step], on: name)
      try migrator.up()
      #expect(throws: MigrationError("0002_b.down.sql:2:1: table \"nope\" does not exist (42P01)")) {
        try migrator.down(2)
      }
      #expect(try Sight(of: name) == Sight(tables: ["a", "b"], applied: [1, 2]))
    }
  }

  @Test(arguments: [
    "BEGIN", "begin", "START TRANSACTION", "COMMIT", "End", "ROLLBACK", "abort", "PREPARE TRANSACTION 'x'",
    "COMMIT /* ; */ AND CHAIN", "ROLLBACK TO SAVEPOINT s",
  ])
  func `transaction control is refused before anything is run`(statement: String) throws {
    try withEmptyDatabase { name in
      let step = Step(name: "b", up: "CREATE TABLE b ();\n  /* now */ \(statement);\nSELECT 1;", down: "\(statement)")
      let migrator = try migrator([.table("a"), step], on: name)
      let error = #expect(throws: MigrationError.self) { try migrator.up() }
      let word = statement.prefix { $0 != " " }.uppercased()
      #expect(error?.description.hasPrefix("0002_b.up.sql:2:13: \(word) does not belong in a migration") == true)
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
      try migrator.baseline()
      let back = #expect(throws: MigrationError.self) { try migrator.down(1) }
      #expect(back?.description.hasPrefix("0002_b.down.sql:1:1: ") == true)
    }
  }

  @Test func `a COPY from the client, as in a dump, is an error and does not hang`() throws {
    try withEmptyDatabase { name in
      let dump = Step(name: "b", up: "CREATE TABLE b ();\n  COPY a FROM stdin;\n1\n\\.\n")
      let error = #expect(throws: MigrationError.self) { try migrator([.table("a"), dump], on: name).up() }
      #expect(error?.description.hasPrefix("0002_b.up.sql:2:3: COPY ") == true)
      // The session was unusable and ended; the next one waits for that and continues.
      let count = try migrator([.table("a"), .table("b")], on: name).up()
      #expect(count == 1)
    }
  }

  @Test func `a lock that is not available is tried three times and reported as such`() throws {
    try withEmptyDatabase { name in
      try migrator([.table("a")], on: name).up()
      let holder = try TestCluster.connection(database: name)
      try holder.perform("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")
      let step = Step(name: "b", up: "CREATE TABLE b (); ALTER TABLE a ADD COLUMN n int;")
      let migrator = try migrator([.table("a"), step], on: name, lockTimeoutMilliseconds: 20)
      let error = #expect(throws: PostgresError.self) { try migrator.up() }
      #expect(error?.sqlstate == "55P03")
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
      try holder.perform("ROLLBACK")
      let count = try migrator.up()
      #expect(count == 1)
    }
  }

  @Test(.tiers(.faults)) func `a session lost in the middle leaves nothing, and the next one can continue`() throws {
    try withEmptyDatabase { name in
      let lost = Step(name: "b", up: "CREATE TABLE b ();\nSELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60);")
      let first = try migrator([.table("a"), lost], on: name)
      let error = #expect(throws: PostgresError.self) { try first.up() }
      #expect(error?.endsSession == true)
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
      let count = try migrator([.table("a"), .table("b")], on: name).up()
      #expect(count == 1)
    }
  }
}
