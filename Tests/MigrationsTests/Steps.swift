internal import FoundationEssentials
internal import Migrations
internal import Postgres
internal import Support

/// One pair of files: up and down.
struct Step {
  var name = "step"
  var up: String
  var down = "SELECT 1;"

  static func table(_ name: String) -> Step {
    Step(name: name, up: "CREATE TABLE \(name) (id int);", down: "DROP TABLE \(name);")
  }
}

/// A directory with these files in it, deleted afterwards.
@discardableResult
func withFolder<T>(_ files: [String: String], _ body: (_ directory: String) throws -> T) throws -> T {
  let directory = FileManager.default.temporaryDirectory.appending(path: "tuckshop-migrations-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  for (name, text) in files { try Data(text.utf8).write(to: directory.appending(path: name)) }
  return try body(directory.path)
}

/// The steps as migrations 0001, 0002 and so on, read from files as the program does.
func migrations(_ steps: [Step]) throws -> [Migration] {
  var files: [String: String] = [:]
  for (index, step) in steps.enumerated() {
    let number = String(index + 1)
    let title = String(repeating: "0", count: 4 - number.count) + number + "_" + step.name
    files["\(title).up.sql"] = step.up
    files["\(title).down.sql"] = step.down
  }
  return try withFolder(files) { try Migration.all(in: $0) }
}

func migrator(
  _ steps: [Step], on database: String, lockTimeoutMilliseconds: Int? = nil,
  report: @escaping (String) -> Void = { _ in }
) throws -> Migrator {
  var settings = Migrator.settings(TestCluster.settings(database: database))
  settings.lockTimeoutMilliseconds = lockTimeoutMilliseconds ?? settings.lockTimeoutMilliseconds
  let connection = try Connection.open(settings, deadline: .after(milliseconds: 30_000))
  return Migrator(try migrations(steps), on: connection, report: report)
}

/// Another session's view of a database.
struct Sight: Equatable {
  var tables: [String] = []
  /// Nil if not even the table exists.
  var applied: [Int]?
  var locks = 0

  init(of database: String) throws {
    let connection = try TestCluster.connection(database: database)
    tables = try connection.rows(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ) { try $0.value(0) }
    if tables.contains("schema_migrations") {
      applied = try connection.rows("SELECT version FROM schema_migrations ORDER BY 1") { try $0.value(0) }
    }
    tables.removeAll { $0 == "schema_migrations" }
    locks = try connection.value(
      """
      SELECT count(*) FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """)
  }

  init(tables: [String], applied: [Int]?) {
    self.tables = tables
    self.applied = applied
  }
}
