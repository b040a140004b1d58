internal import Glibc
internal import Postgres
internal import Support
internal import Testing

/// A single statement that was aborted in favour of another session is run once more.
@Suite(.tiers(.database))
struct RepeatTests {
  /// `attempt(state, failures)` fails this many times with that state, and returns the number of the successful
  /// attempt. A sequence counts rolled-back attempts as well.
  private static let attempt = """
    CREATE SEQUENCE attempts;
    CREATE TABLE effects (attempt bigint);
    CREATE FUNCTION attempt(state text, failures bigint) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
      number bigint := nextval('attempts');
    BEGIN
      INSERT INTO effects VALUES (number);
      IF number <= failures THEN RAISE EXCEPTION 'made up' USING ERRCODE = state; END IF;
      RETURN number;
    END $$
    """

  private func withAttempts(_ body: (borrowing Connection) throws -> Void) throws {
    try withEmptyDatabase { name in
      let connection = try TestCluster.connection(database: name)
      try connection.perform(Self.attempt)
      connection.limit(to: ample)
      try body(connection)
    }
  }

  @Test(arguments: ["40001", "40P01", "55P03"])
  func `a statement that was aborted once succeeds at the second attempt`(state: String) throws {
    try withAttempts { connection in
      let number = try connection.value("SELECT attempt(\(state), 1)", as: Int.self)
      let effects = try connection.rows("SELECT attempt FROM effects") { try $0.value(0, as: Int.self) }
      #expect(number == 2)
      #expect(effects == [2])
    }
  }

  @Test func `so does a statement that is planned anew`() throws {
    try withAttempts { connection in
      var sql: SQL = "SELECT attempt('40P01', 1)"
      sql.isPlannedAnew = true
      let number = try connection.value(sql, as: Int.self)
      #expect(number == 2)
    }
  }

  @Test(arguments: ["40001", "40P01", "55P03"])
  func `a statement that is aborted twice is given up`(state: String) throws {
    try withAttempts { connection in
      let error = #expect(throws: PostgresError.self) { try connection.run("SELECT attempt(\(state), 9)") }
      let attempts = try connection.value("SELECT last_value FROM attempts", as: Int.self)
      #expect(error?.sqlstate == state)
      #expect(attempts == 2)
    }
  }

  @Test(arguments: ["23505", "22012", "P0001", "57014", "53200", "58P01"])
  func `any other failure is final`(state: String) throws {
    try withAttempts { connection in
      #expect(throws: PostgresError.self) { try connection.run("SELECT attempt(\(state), 9)") }
      let attempts = try connection.value("SELECT last_value FROM attempts", as: Int.self)
      #expect(attempts == 1)
    }
  }

  @Test func `a statement inside a transaction is never repeated alone`() throws {
    try withAttempts { connection in
      try connection.perform("BEGIN")
      let error = #expect(throws: PostgresError.self) { try connection.run("SELECT attempt('40P01', 1)") }
      try connection.perform("ROLLBACK")
      let attempts = try connection.value("SELECT last_value FROM attempts", as: Int.self)
      #expect(error?.sqlstate == "40P01")
      #expect(attempts == 1)
    }
  }

  @Test(.tiers(.concurrency)) func `two single statements in a real deadlock both succeed in the end`() throws {
    try withEmptyDatabase { name in
      var settings = TestCluster.settings(user: TestCluster.superuser, database: name)
      settings.conninfo += " options='-c deadlock_timeout=20ms'"
      settings.lockTimeoutMilliseconds = 0
      settings.statementTimeoutMilliseconds = 0
      let conductor = try Connection.open(settings, deadline: ample)
      // Each locks its own row, waits for the advisory lock, and then needs the other's row.
      try conductor.perform(
        """
        CREATE SEQUENCE attempts;
        CREATE TABLE pair (id int PRIMARY KEY, n int);
        INSERT INTO pair VALUES (0, 0), (1, 0);
        CREATE FUNCTION cross_over(mine int) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM nextval('attempts');
          UPDATE pair SET n = n + 1 WHERE id = mine;
          PERFORM pg_advisory_xact_lock_shared(7);
          UPDATE pair SET n = n + 1 WHERE id = 1 - mine;
        END $$;
        SELECT pg_advisory_lock(7)
        """)
      let crossing = (0...1).map { [settings] mine in
        Job {
          let connection = try Connection.open(settings, deadline: ample)
          connection.limit(to: ample)
          return try connection.run("SELECT cross_over(\(mine)::int)")
        }
      }
      try eventually("both hold one row and wait") {
        try conductor.value("SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
      }
      try conductor.perform("SELECT pg_advisory_unlock(7)")
      for crossing in crossing { _ = try crossing.value() }
      let totals = try conductor.rows("SELECT n FROM pair") { try $0.value(0, as: Int.self) }
      let attempts = try conductor.value("SELECT last_value FROM attempts", as: Int.self)
      #expect(totals == [2, 2])
      #expect(attempts == 3)
    }
  }

  /// The first attempt waits for a moment only, the second for as long as it takes.
  private static let patience = """
    CREATE SEQUENCE attempts;
    CREATE TABLE one (n int);
    INSERT INTO one VALUES (0);
    CREATE FUNCTION patiently(first text, later text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM set_config('lock_timeout', CASE nextval('attempts') WHEN 1 THEN first ELSE later END, true);
      UPDATE one SET n = n + 1;
    END $$
    """

  @Test(.tiers(.concurrency)) func `a lock that was held too long is tried once more, and then taken`() throws {
    try withEmptyDatabase { name in
      let holder = try TestCluster.connection(database: name)
      try holder.perform(Self.patience)
      try holder.perform("BEGIN; LOCK TABLE one")
      let waiting = Job {
        let connection = try TestCluster.connection(database: name)
        connection.limit(to: ample)
        return try connection.run("SELECT patiently('10ms', '0')")
      }
      let witness = try TestCluster.connection(database: name)
      try eventually("it asks for the second time") {
        try witness.value("SELECT last_value = 2 FROM attempts", as: Bool.self)
      }
      try holder.perform("COMMIT")
      _ = try waiting.value()
      let n = try witness.value("SELECT n FROM one", as: Int.self)
      #expect(n == 1)
    }
  }

  @Test(.tiers(.concurrency)) func `a lock that stays held is tried twice`() throws {
    try withEmptyDatabase { name in
      let holder = try TestCluster.connection(database: name)
      try holder.perform(Self.patience)
      try holder.perform("BEGIN; LOCK TABLE one")
      let connection = try TestCluster.connection(database: name)
      connection.limit(to: ample)
      let error = #expect(throws: PostgresError.self) { try connection.run("SELECT patiently('10ms', '20ms')") }
      let attempts = try connection.value("SELECT last_value FROM attempts", as: Int.self)
      #expect(error?.sqlstate == "55P03")
      #expect(attempts == 2)
    }
  }

  @Test(arguments: [(1000, 1000, true), (2000, 1000, true), (200, 1000, false), (1000, 0, false)])
  func `a server that finds deadlocks too late is reported`(deadlock: Int, lock: Int, complains: Bool) throws {
    var settings = TestCluster.settings(user: TestCluster.superuser)
    settings.conninfo += " options='-c deadlock_timeout=\(deadlock)ms'"
    settings.lockTimeoutMilliseconds = lock
    let connection = try Connection.open(settings, deadline: ample)
    let sentence = try connection.unfitSetting()
    #expect((sentence != nil) == complains)
    #expect(sentence?.contains("\(deadlock) ms") ?? true)
  }
}
