internal import Postgres
internal import Support
internal import Testing

/// The errors after which a transaction is retried.
@Suite(.tiers(.database))
struct RetryTests {
  @Test(arguments: ["40001", "40P01", "55P03"])
  func `a retryable error is tried three times and no more`(sqlstate: String) throws {
    let connection = try TestCluster.connection()
    var attempts = 0
    let error = #expect(throws: PostgresError.self) {
      try connection.transaction { connection in
        attempts += 1
        try connection.fail(sqlstate)
      }
    }
    #expect(error?.sqlstate == sqlstate)
    #expect(attempts == 3)
    let idle = connection.isIdle
    #expect(idle)
  }

  @Test(arguments: ["40001", "40P01", "55P03"])
  func `a later attempt that succeeds keeps nothing of the earlier ones`(sqlstate: String) throws {
    let connection = try TestCluster.connection()
    try connection.perform("CREATE TEMP TABLE tried (attempt int)")
    var attempts = 0
    try connection.transaction { connection in
      attempts += 1
      try connection.run("INSERT INTO tried VALUES (\(attempts))")
      if attempts < 3 { try connection.fail(sqlstate) }
    }
    let kept = try connection.rows("SELECT attempt FROM tried") { try $0.value(0, as: Int.self) }
    #expect(kept == [3])
  }

  @Test(arguments: ["23505", "22012", "P0001", "57014", "53200"])
  func `everything else is tried once`(sqlstate: String) throws {
    let connection = try TestCluster.connection()
    var attempts = 0
    #expect(throws: PostgresError.self) {
      try connection.transaction { connection in
        attempts += 1
        try connection.fail(sqlstate)
      }
    }
    #expect(attempts == 1)
  }

  @Test func `a COMMIT that fails like a deadlock is retried`() throws {
    let connection = try TestCluster.connection()
    try connection.perform(
      """
      CREATE TEMP SEQUENCE commits;
      CREATE TEMP TABLE tried (attempt int);
      CREATE FUNCTION pg_temp.refuse_first() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('commits') = 1 THEN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER last_word AFTER INSERT ON tried DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse_first()
      """)
    var attempts = 0
    try connection.transaction { connection in
      attempts += 1
      try connection.run("INSERT INTO tried VALUES (\(attempts))")
    }
    let kept = try connection.rows("SELECT attempt FROM tried") { try $0.value(0, as: Int.self) }
    #expect(kept == [2])
  }

  @Test func `nothing is retried past the deadline`() throws {
    let connection = try TestCluster.connection()
    var attempts = 0
    #expect(throws: PostgresError.self) {
      try connection.transaction { connection in
        attempts += 1
        defer { connection.limit(to: .after(milliseconds: 0)) }
        try connection.fail("40P01")
      }
    }
    #expect(attempts == 1)
  }

  @Test(.tiers(.concurrency)) func `two transactions in a real deadlock both commit in the end`() throws {
    try withEmptyDatabase { name in
      var settings = TestCluster.settings(user: TestCluster.superuser, database: name)
      settings.conninfo += " options='-c deadlock_timeout=20ms'"
      settings.lockTimeoutMilliseconds = 0
      settings.statementTimeoutMilliseconds = 0
      let setup = try Connection.open(settings, deadline: ample)
      try setup.perform("CREATE TABLE pair (id int PRIMARY KEY, n int); INSERT INTO pair VALUES (0, 0), (1, 0)")
      let bothHoldOne = Gate(for: 2)
      let attempts = try onThreads(2) { [settings] mine in
        let connection = try Connection.open(settings, deadline: ample)
        connection.limit(to: ample)
        var attempts = 0
        try connection.transaction { connection in
          attempts += 1
          // In opposite orders once; the retry locks them in order, as the ledger does.
          let order = attempts == 1 ? [mine, 1 - mine] : [0, 1]
          try connection.run("UPDATE pair SET n = n + 1 WHERE id = \(order[0])")
          if attempts == 1 { bothHoldOne.pass() }
          try connection.run("UPDATE pair SET n = n + 1 WHERE id = \(order[1])")
        }
        return attempts
      }
      let totals = try setup.rows("SELECT n FROM pair") { try $0.value(0, as: Int.self) }
      // On a busy machine PostgreSQL may end both.
      #expect(attempts.contains(2))
      #expect(totals == [2, 2])
    }
  }

  @Test(.tiers(.concurrency)) func `a lock that is not available is tried three times`() throws {
    try withEmptyDatabase { name in
      let holder = try TestCluster.connection(database: name)
      try holder.perform("CREATE TABLE one (n int)")
      try holder.perform("BEGIN; LOCK TABLE one")
      var settings = TestCluster.settings(database: name)
      settings.lockTimeoutMilliseconds = 30
      let connection = try Connection.open(settings, deadline: ample)
      connection.limit(to: ample)
      var attempts = 0
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          attempts += 1
          try connection.run("UPDATE one SET n = 1")
        }
      }
      #expect(error?.sqlstate == "55P03")
      #expect(attempts == 3)
    }
  }
}
