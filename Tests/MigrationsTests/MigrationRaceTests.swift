internal import Migrations
internal import Postgres
internal import Support
internal import Testing

/// Many migrators that start at the same moment, like the workers of a new release.
@Suite(.tiers(.database, .concurrency))
struct MigrationRaceTests {
  private let counted = [
    Step(name: "a", up: "CREATE TABLE a (id int); INSERT INTO a VALUES (1);", down: "DROP TABLE a;"),
    Step(name: "b", up: "CREATE TABLE b AS SELECT count(*) FROM a; INSERT INTO a VALUES (2);", down: "DROP TABLE b;"),
    Step(name: "c", up: "INSERT INTO a VALUES (3);"),
  ]

  @Test func `ten concurrent migrators apply each migration once`() throws {
    try withEmptyDatabase { [counted] name in
      let counts = try onThreads(10) { _ in try migrator(counted, on: name).up() }
      let connection = try TestCluster.connection(database: name)
      let rows = try connection.rows("SELECT id FROM a ORDER BY id") { try $0.value(0, as: Int.self) }
      #expect(counts.reduce(0, +) == 3)
      #expect(rows == [1, 2, 3])
      #expect(try Sight(of: name).applied == [1, 2, 3])
    }
  }

  @Test func `ten concurrent migrators take back no more than there is`() throws {
    try withEmptyDatabase { [counted] name in
      try migrator(counted, on: name).up()
      let counts = try onThreads(10) { _ in try migrator(counted, on: name).down(1) }
      #expect(counts.reduce(0, +) == 3)
      #expect(try Sight(of: name) == Sight(tables: [], applied: []))
    }
  }

  @Test func `ten concurrent baselines record each migration once`() throws {
    try withEmptyDatabase { [counted] name in
      let counts = try onThreads(10) { _ in try migrator(counted, on: name).baseline() }
      #expect(counts.reduce(0, +) == 3)
      #expect(try Sight(of: name) == Sight(tables: [], applied: [1, 2, 3]))
    }
  }
}
