internal import Dispatch
internal import Migrations
internal import Postgres
internal import Support
internal import Synchronization
internal import Testing

/// Migrations that have `-- migrate: no-transaction` in their first line.
@Suite(.tiers(.database))
struct OutsideTransactionTests {
  static let index = Step(
    name: "index", up: "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);",
    down: "-- migrate: no-transaction\nDROP INDEX CONCURRENTLY a_id;")

  private func indexes(_ database: String) throws -> [String] {
    try TestCluster.connection(database: database).rows(
      "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE c.relname = 'a_id' AND indisvalid"
    ) { try $0.value(0) }
  }

  @Test func `an index is created and dropped concurrently`() throws {
    try withEmptyDatabase { name in
      let migrator = try migrator([.table("a"), Self.index], on: name)
      let up = try migrator.up()
      #expect(up == 2)
      #expect(try indexes(name) == ["a_id"])
      let down = try migrator.down(1)
      #expect(down == 1)
      #expect(try indexes(name).isEmpty)
      #expect(try Sight(of: name).applied == [1])
    }
  }

  @Test func `without the marker PostgreSQL refuses it, and the place is named`() throws {
    try withEmptyDatabase { name in
      let step = Step(name: "index", up: "\nCREATE INDEX CONCURRENTLY a_id ON a (id);")
      let migrator = try migrator([.table("a"), step], on: name)
      let error = #expect(throws: MigrationError.self) { try migrator.up() }
      #expect(error?.description.hasPrefix("0002_index.up.sql:2:1: ") == true)
      #expect(error?.description.hasSuffix("(25001)") == true)
    }
  }

  @Test(arguments: ["", "SELECT 1; SELECT 2;", "CREATE TABLE b (); CREATE TABLE c ();"])
  func `anything but one statement is refused, since it could not be all or nothing`(text: String) throws {
    try withEmptyDatabase { name in
      let step = Step(name: "many", up: "-- migrate: no-transaction\n\(text)")
      let migrator = try migrator([.table("a"), step], on: name)
      #expect(
        throws: MigrationError("0002_many.up.sql: outside a transaction only one statement can be all or nothing")
      ) { try migrator.up() }
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
    }
  }

  @Test func `a failed one is not recorded as applied`() throws {
    try withEmptyDatabase { name in
      let step = Step(name: "index", up: "-- migrate: no-transaction\n\nCREATE INDEX CONCURRENTLY ON nope (id);")
      let migrator = try migrator([.table("a"), step], on: name)
      #expect(throws: MigrationError("0002_index.up.sql:3:1: relation \"nope\" does not exist (42P01)")) {
        try migrator.up()
      }
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
    }
  }

  /// Creating an index waits for every transaction that could still see the table without it. If the other migrator
  /// waited inside PostgreSQL for the lock, the two would wait for each other.
  @Test(.tiers(.concurrency)) func `an index is created while another migrator waits for the lock`() throws {
    try withEmptyDatabase { name in
      let steps = [Step.table("a"), Self.index]
      let isWaiting = DispatchSemaphore(value: 0)
      var cameToWait = false
      let other = Mutex<Job<Int>?>(nil)
      let first = try migrator(steps, on: name) { said in
        guard said == "applied 0001_a" else { return }
        // The lock is held now, and the index comes next.
        let job = Job {
          try migrator(steps, on: name) { said in
            if said == "waiting for another migration to finish" { isWaiting.signal() }
          }.up()
        }
        other.withLock { $0 = job }
        // The bound is for a broken program only, which would wait for ever.
        cameToWait = isWaiting.wait(timeout: .now() + 20) == .success
      }
      let mine = try first.up()
      let others = try other.withLock { $0 }?.value()
      #expect(cameToWait)
      #expect(mine == 2)
      #expect(others == 0)
      #expect(try indexes(name) == ["a_id"])
    }
  }
}
