internal import Migrations
internal import Postgres
internal import Support
internal import Testing

/// The migrations recorded in a database, compared with the files.
@Suite(.tiers(.database))
struct HistoryTests {
  private let two: [Step] = [.table("a"), .table("b")]

  @Test func `verify finds nothing if database and files agree`() throws {
    try withEmptyDatabase { name in
      let migrator = try migrator(two, on: name)
      try migrator.up()
      let differences = try migrator.differences()
      #expect(differences.isEmpty)
    }
  }

  @Test func `the database records the SHA-256 of the up file`() throws {
    try withEmptyDatabase { name in
      try migrator([Step(name: "one", up: "SELECT 'ж';")], on: name).up()
      let connection = try TestCluster.connection(database: name)
      let row = try connection.row("SELECT version, name, checksum FROM schema_migrations") {
        "\(try $0.value(0, as: Int.self)) \(try $0.value(1, as: String.self)) \(try $0.value(2, as: String.self))"
      }
      // printf "SELECT 'ж';" | sha256sum
      #expect(row == "1 one 0d6e75c4a6efdc5231ef3573ecc80d90eb085a899683fd4552976585a0b5c963")
    }
  }

  @Test func `verify names the file that was changed after it was applied`() throws {
    try withEmptyDatabase { name in
      try migrator(two, on: name).up()
      var changed = two
      changed[1].up += "\n-- an afterthought"
      let differences = try migrator(changed, on: name).differences()
      #expect(differences.count == 1)
      #expect(differences.first?.hasPrefix("0002_b.up.sql was changed after it was applied on ") == true)
    }
  }

  @Test func `a down file may be corrected later`() throws {
    try withEmptyDatabase { name in
      try migrator(two, on: name).up()
      var mended = two
      mended[1].down = "DROP TABLE IF EXISTS b;"
      let migrator = try migrator(mended, on: name)
      let differences = try migrator.differences()
      let count = try migrator.down(1)
      #expect(differences.isEmpty)
      #expect(count == 1)
    }
  }

  @Test func `verify names renamed, missing and unapplied files`() throws {
    try withEmptyDatabase { name in
      try migrator(two + [.table("c")], on: name).up()
      let renamed = try migrator([two[0], Step(name: "other", up: two[1].up)], on: name).differences()
      #expect(
        renamed == [
          "0002_other was applied under the name 0002_b", "0003_c is applied, but its file is missing",
        ])
      let longer = try migrator(two + [.table("c"), .table("d")], on: name).differences()
      #expect(longer == ["0004_d is not applied"])
    }
  }

  @Test func `on a database without a history verify names every file`() throws {
    try withEmptyDatabase { name in
      let differences = try migrator(two, on: name).differences()
      #expect(differences == ["0001_a is not applied", "0002_b is not applied"])
      #expect(try Sight(of: name) == Sight(tables: [], applied: nil))
    }
  }

  @Test func `nothing is applied after a file was changed`() throws {
    try withEmptyDatabase { name in
      try migrator(two, on: name).up()
      var changed = two + [.table("c")]
      changed[0].up += " "
      for verb in ["up", "down", "baseline"] {
        let migrator = try migrator(changed, on: name)
        let error = #expect(throws: MigrationError.self) {
          switch verb {
          case "up": try migrator.up()
          case "down": try migrator.down(1)
          default: try migrator.baseline()
          }
        }
        #expect(error?.description.hasPrefix("0001_a.up.sql was changed after it was applied") == true)
      }
      #expect(try Sight(of: name) == Sight(tables: ["a", "b"], applied: [1, 2]))
    }
  }

  @Test func `a hole in the history is named`() throws {
    try withEmptyDatabase { name in
      try migrator(two, on: name).up()
      try TestCluster.connection(database: name).run("DELETE FROM schema_migrations WHERE version = 1")
      let migrator = try migrator(two, on: name)
      #expect(throws: MigrationError("0002_b is applied, but number 0001 is not")) { try migrator.up() }
    }
  }

  @Test func `an older program tolerates a newer database`() throws {
    try withEmptyDatabase { name in
      try migrator(two + [.table("c")], on: name).up()
      let older = try migrator(two, on: name)
      let count = try older.up()
      let status = try older.status()
      #expect(count == 0)
      #expect(status.count { $0.appliedAt != nil } == 2)
    }
  }

  @Test func `an older program takes nothing back that a newer migration follows`() throws {
    try withEmptyDatabase { name in
      try migrator(two + [.table("c")], on: name).up()
      let older = try migrator(two, on: name)
      #expect(throws: MigrationError.self) { try older.down(1) }
      #expect(throws: MigrationError.self) { try older.down(1, dryRun: true) }
      #expect(try Sight(of: name) == Sight(tables: ["a", "b", "c"], applied: [1, 2, 3]))
    }
  }
}
