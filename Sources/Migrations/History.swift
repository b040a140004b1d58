internal import Postgres

/// A migration that a database has seen.
package struct AppliedMigration: Sendable, Equatable {
  package let version: Int
  package let name: String
  package let checksum: String
  package let appliedAt: String

  var title: String { "\(Migration.padded(version))_\(name)" }
}

enum History {
  static func prepare(_ connection: borrowing Connection) throws {
    guard try !exists(connection) else { return }
    try connection.perform(
      """
      CREATE TABLE schema_migrations (
        version    integer PRIMARY KEY,
        name       text NOT NULL,
        checksum   text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )
      """)
  }

  static func exists(_ connection: borrowing Connection) throws -> Bool {
    try connection.value("SELECT to_regclass('schema_migrations') IS NOT NULL")
  }

  static func all(_ connection: borrowing Connection) throws -> [AppliedMigration] {
    guard try exists(connection) else { return [] }
    return try connection.rows(
      """
      SELECT version, name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS applied
      FROM schema_migrations ORDER BY version
      """
    ) { row in
      try AppliedMigration(
        version: row.value("version"), name: row.value("name"), checksum: row.value("checksum"),
        appliedAt: row.value("applied"))
    }
  }

  static func add(_ migration: Migration, _ connection: borrowing Connection) throws {
    try connection.run(
      """
      INSERT INTO schema_migrations (version, name, checksum)
      VALUES (\(migration.version), \(migration.name), encode(sha256(convert_to(\(migration.up.text), 'UTF8')), 'hex'))
      """)
  }

  static func remove(_ migration: Migration, _ connection: borrowing Connection) throws {
    try connection.run("DELETE FROM schema_migrations WHERE version = \(migration.version)")
  }

  static func checksum(_ migration: Migration, _ connection: borrowing Connection) throws -> String {
    try connection.value("SELECT encode(sha256(convert_to(\(migration.up.text), 'UTF8')), 'hex')")
  }
}
