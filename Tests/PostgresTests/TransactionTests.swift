internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct TransactionTests {
  /// A table that only this session sees, outside any transaction.
  private func withTable(_ body: (borrowing Connection) throws -> Void) throws {
    let connection = try TestCluster.connection()
    try connection.perform("CREATE TEMP TABLE noted (word text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
    try body(connection)
  }

  private func note(_ word: String, _ connection: borrowing Connection) throws {
    try connection.run("INSERT INTO noted VALUES (\(word))")
  }

  private func words(_ connection: borrowing Connection) throws -> [String] {
    try connection.rows("SELECT word FROM noted ORDER BY word") { try $0.value(0) }
  }

  @Test func `a transaction keeps its effects and returns its value`() throws {
    try withTable { connection in
      let value = try connection.transaction { connection in
        try note("kept", connection)
        return 7
      }
      let kept = try words(connection)
      #expect(value == 7)
      #expect(kept == ["kept"])
    }
  }

  @Test func `an error takes everything back and is passed on`() throws {
    try withTable { connection in
      #expect(throws: Odd()) {
        try connection.transaction { connection in
          try note("lost", connection)
          throw Odd()
        }
      }
      let kept = try words(connection)
      #expect(kept.isEmpty)
    }
  }

  @Test func `an error of PostgreSQL takes everything back and names its statement`() throws {
    try withTable { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          try note("lost", connection)
          try connection.run("SELECT 1 / \(0)::int")
        }
      }
      let kept = try words(connection)
      #expect(error?.sqlstate == "22012")
      #expect(error?.sql == "SELECT 1 / $1::int")
      #expect(kept.isEmpty)
    }
  }

  @Test func `the first error wins over a second one and over a rollback that fails`() throws {
    let connection = try TestCluster.connection()
    #expect(throws: Odd("first")) {
      try connection.transaction { connection in
        do { try connection.breakOff() } catch { throw Odd("first") }
      }
    }
    let idle = connection.isIdle
    #expect(!idle)
  }

  @Test func `an error that the body swallowed does not pass for a commit`() throws {
    try withTable { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          try note("lost", connection)
          _ = try? connection.run("SELECT 1/0")
        }
      }
      let kept = try words(connection)
      #expect(error?.sqlstate == "25P02")
      #expect(error?.outcomeUnknown == false)
      #expect(kept.isEmpty)
    }
  }

  @Test func `a deferred constraint that refuses the COMMIT is an error with a known outcome`() throws {
    try withTable { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          try note("twice", connection)
          try note("twice", connection)
        }
      }
      let kept = try words(connection)
      #expect(error?.sqlstate == "23505")
      #expect(error?.sql == "COMMIT")
      #expect(error?.outcomeUnknown == false)
      #expect(kept.isEmpty)
    }
  }

  @Test(.tiers(.faults)) func `a COMMIT whose answer is lost has an unknown outcome and is not repeated`() throws {
    try withTable { connection in
      // The constraint is checked during the COMMIT, and ends the session at that moment.
      try connection.perform(
        """
        CREATE FUNCTION pg_temp.break_off() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER last_word AFTER INSERT ON noted DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION pg_temp.break_off()
        """)
      var attempts = 0
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          attempts += 1
          try note("perhaps", connection)
        }
      }
      #expect(error?.sql == "COMMIT")
      #expect(error?.outcomeUnknown == true)
      #expect(error?.endsSession == true)
      #expect(attempts == 1)
    }
  }
}
