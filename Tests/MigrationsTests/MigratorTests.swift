internal import Migrations
internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct MigratorTests {
  private let three: [Step] = [.table("a"), .table("b"), .table("c")]

  @Test func `up applies missing migrations, in order and once`() throws {
    try withEmptyDatabase { name in
      var said: [String] = []
      let migrator = try migrator(three, on: name) { said.append($0) }
      let first = try migrator.up()
      let second = try migrator.up()
      #expect([first, second] == [3, 0])
      #expect(said == ["applied 0001_a", "applied 0002_b", "applied 0003_c"])
      #expect(try Sight(of: name) == Sight(tables: ["a", "b", "c"], applied: [1, 2, 3]))
    }
  }

  @Test func `a later migration is applied on top of the earlier ones`() throws {
    try withEmptyDatabase { name in
      try migrator([three[0]], on: name).up()
      let count = try migrator(three, on: name).up()
      #expect(count == 2)
      #expect(try Sight(of: name).applied == [1, 2, 3])
    }
  }

  @Test func `down takes back the latest ones, newest first`() throws {
    try withEmptyDatabase { name in
      var said: [String] = []
      let migrator = try migrator(three, on: name) { said.append($0) }
      try migrator.up()
      said = []
      let count = try migrator.down(2)
      #expect(count == 2)
      #expect(said == ["took back 0003_c", "took back 0002_b"])
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1]))
      let again = try migrator.up()
      #expect(again == 2)
    }
  }

  @Test func `down ends where nothing is left to take back`() throws {
    try withEmptyDatabase { name in
      let migrator = try migrator(three, on: name)
      let before = try migrator.down(1)
      try migrator.up()
      let all = try migrator.down(100)
      #expect([before, all] == [0, 3])
      #expect(try Sight(of: name) == Sight(tables: [], applied: []))
    }
  }

  @Test func `status lists the applied migrations and their times`() throws {
    try withEmptyDatabase { name in
      let untouched = try migrator(three, on: name).status()
      try migrator(Array(three.prefix(2)), on: name).up()
      let status = try migrator(three, on: name).status()
      #expect(untouched.map(\.appliedAt) == [nil, nil, nil])
      #expect(status.map(\.migration.title) == ["0001_a", "0002_b", "0003_c"])
      #expect(status.map { $0.appliedAt != nil } == [true, true, false])
      #expect(status[0].appliedAt?.wholeMatch(of: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/) != nil)
    }
  }

  @Test func `baseline records everything and runs nothing`() throws {
    try withEmptyDatabase { name in
      try migrator([three[0]], on: name).up()
      var said: [String] = []
      let migrator = try migrator(three, on: name) { said.append($0) }
      let count = try migrator.baseline()
      let rest = try migrator.up()
      let differences = try migrator.differences()
      #expect([count, rest] == [2, 0])
      #expect(said == ["noted 0002_b", "noted 0003_c"])
      #expect(differences.isEmpty)
      #expect(try Sight(of: name) == Sight(tables: ["a"], applied: [1, 2, 3]))
    }
  }

  @Test func `a dry run prints its plan and changes nothing`() throws {
    try withEmptyDatabase { name in
      var said: [String] = []
      let migrator = try migrator(three, on: name) { said.append($0) }
      let empty = try Sight(of: name)
      let counts = try [migrator.up(dryRun: true), migrator.baseline(dryRun: true), migrator.down(1, dryRun: true)]
      #expect(counts == [3, 3, 0])
      #expect(said.prefix(2) == ["would apply 0001_a", "would apply 0002_b"])
      #expect(said.last == "would note as applied 0003_c")
      #expect(try Sight(of: name) == empty)

      try migrator.up()
      said = []
      let full = try Sight(of: name)
      let back = try migrator.down(2, dryRun: true)
      #expect(back == 2)
      #expect(said == ["would take back 0003_c", "would take back 0002_b"])
      #expect(try Sight(of: name) == full)
    }
  }

  @Test func `the lock is released, even after an error`() throws {
    try withEmptyDatabase { name in
      let good = try migrator(three, on: name)
      try good.up()
      let locks = try Sight(of: name).locks
      try #require(locks == 0)
      let bad = try migrator(three + [Step(up: "SELEC 1")], on: name)
      #expect(throws: MigrationError.self) { try bad.up() }
      #expect(try Sight(of: name).locks == 0)
    }
  }

  @Test func `the project's own migrations go up, down and up again`() throws {
    try withEmptyDatabase { name in
      let all = try Migration.all(in: projectMigrations)
      let connection = try TestCluster.connection(database: name)
      let migrator = Migrator(all, on: connection)
      let counts = try [migrator.up(), migrator.down(all.count), migrator.up()]
      let differences = try migrator.differences()
      #expect(counts == [all.count, all.count, all.count])
      #expect(differences.isEmpty)
    }
  }

  @Test(.tiers(.unit)) func `a migration may take long, but never blocks others behind a lock for long`() {
    var base = ConnectionSettings()
    base.conninfo = "host=somewhere"
    base.password = "word"
    let settings = Migrator.settings(base)
    #expect(settings.statementTimeoutMilliseconds == 0)
    #expect(settings.idleInTransactionTimeoutMilliseconds == 0)
    #expect((1...10_000).contains(settings.lockTimeoutMilliseconds))
    #expect([settings.conninfo, settings.password] == ["host=somewhere", "word"])
  }
}
