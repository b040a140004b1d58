import FoundationEssentials
import Postgres
import Support
import Testing

/// The commands of `tuckshop migrate` other than `up`, run as a process against a database and files of its own.
@Suite(.tiers(.e2e, .database))
struct MigrateCommandTests {
  @Test func `a migration is created, applied, taken back, and recorded as applied`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      var desk = desk
      let folder = desk.directory / "migrations"
      try FileManager.default.copyItem(atPath: projectMigrations, toPath: folder)
      desk.settings["TUCKSHOP_MIGRATIONS"] = folder
      let before = try desk.count("schema_migrations")
      func expectState(_ added: Int, tables: Int) throws {
        #expect(try desk.count("schema_migrations") == before + added)
        #expect(try desk.count("pg_class WHERE relname = 'tried'") == tables)
      }

      let made = try desk.run("migrate", "new", "try_it")
      let files = made.log.split(separator: "\n").map(String.init)
      #expect(made.status == 0)
      #expect(files.map { $0.hasPrefix(folder + "/") && $0.contains("_try_it.") } == [true, true])
      for (file, text) in zip(files, ["CREATE TABLE tried ();\n", "DROP TABLE tried;\n"]) {
        try Data(text.utf8).write(to: URL(filePath: file))
      }
      for (words, added, tables) in [
        (["up", "--dry-run"], 0, 0), (["up"], 1, 1), (["down", "--dry-run"], 1, 1), (["down"], 0, 0),
        (["baseline", "--dry-run"], 0, 0), (["baseline"], 1, 0),
      ] {
        let done = try words.count == 1 ? desk.run("migrate", words[0]) : desk.run("migrate", words[0], words[1])
        #expect(done.status == 0, "\(words): \(done.log)")
        try expectState(added, tables: tables)
      }
      #expect(try desk.run("migrate", "verify").log == "database and files agree\n")
    }
  }
}
