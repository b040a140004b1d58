package import Postgres
internal import FoundationEssentials
internal import Glibc

/// The temporary cluster that bin/test starts. Tests sign in with the program's roles.
package enum TestCluster {
  package static let owner = "tuckshop_owner"
  package static let app = "tuckshop_app"
  package static let auth = "tuckshop_auth"
  package static let ops = "tuckshop_ops"
  package static let superuser = "postgres"

  /// The directory of the cluster's socket. Without it there is nothing to test against, which is an error.
  package static var host: String {
    guard let host = ProcessInfo.processInfo.environment["TUCKSHOP_TEST_PGHOST"] else {
      fatalError("TUCKSHOP_TEST_PGHOST is not set: run the tests with bin/test")
    }
    return host
  }

  package static func settings(user: String = owner, database: String = "tuckshop") -> ConnectionSettings {
    var settings = ConnectionSettings()
    settings.conninfo = "host=\(host) dbname=\(database) user=\(user)"
    settings.applicationName = "tuckshop tests"
    return settings
  }

  package static func connection(user: String = owner, database: String = "tuckshop") throws -> Connection {
    try Connection.open(settings(user: user, database: database), deadline: .after(milliseconds: 10_000))
  }
}

/// The root directory of the project.
package var projectRoot: String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}

package var projectMigrations: String { projectRoot + "/migrations" }

private struct Undo: Error {}

/// A connection inside a transaction that is always rolled back. No other session sees its effects.
package func withDatabase(user: String = TestCluster.owner, _ body: (borrowing Connection) throws -> Void) throws {
  let connection = try TestCluster.connection(user: user)
  do {
    try connection.transaction { connection in
      try body(connection)
      // Deferred constraints are checked at commit, which never comes.
      try connection.perform("SET CONSTRAINTS ALL IMMEDIATE")
      throw Undo()
    }
  } catch is Undo {}
}

/// A database of its own, cloned from the migrated template: for tests of concurrency and of commits.
package func withFreshDatabase<T>(_ body: (_ name: String) throws -> T) throws -> T {
  try withDatabase(from: "tuckshop_template", body)
}

/// The same without any table.
package func withEmptyDatabase<T>(_ body: (_ name: String) throws -> T) throws -> T {
  try withDatabase(from: "template0", body)
}

private func withDatabase<T>(from template: String, _ body: (_ name: String) throws -> T) throws -> T {
  let name = "fresh_" + UUID().uuidString.filter { $0 != "-" }.lowercased()
  var settings = TestCluster.settings(user: TestCluster.superuser, database: "postgres")
  settings.statementTimeoutMilliseconds = 0
  settings.lockTimeoutMilliseconds = 0
  let admin = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
  admin.limit(to: .after(milliseconds: 600_000))
  try admin.perform("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY = FILE_COPY OWNER \(TestCluster.owner)")
  defer { try? admin.perform("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
  return try body(name)
}
