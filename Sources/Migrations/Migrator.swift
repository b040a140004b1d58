internal import Glibc
package import Postgres

/// Brings a database to the schema that a directory of migrations describes. Each migration runs once, even if several
/// programs start at the same moment; a failed one leaves nothing behind.
package struct Migrator: ~Copyable {
  package let migrations: [Migration]
  private let connection: Connection
  private let report: (String) -> Void

  /// Migrations may take long. Only waiting for a lock is limited, because other sessions queue behind it.
  package static func settings(_ base: ConnectionSettings) -> ConnectionSettings {
    var settings = base
    settings.applicationName = "tuckshop migrate"
    settings.statementTimeoutMilliseconds = 0
    settings.idleInTransactionTimeoutMilliseconds = 0
    settings.lockTimeoutMilliseconds = 5000
    return settings
  }

  package init(
    _ migrations: [Migration], on connection: consuming Connection, report: @escaping (String) -> Void = { _ in }
  ) {
    self.migrations = migrations
    self.connection = connection
    self.report = report
    self.connection.limit(to: .after(milliseconds: 7 * 24 * 3600 * 1000))
  }

  /// Applies what is missing; how many that were.
  @discardableResult
  package func up(dryRun: Bool = false) throws -> Int {
    if dryRun { return try list(pending(), as: "would apply") }
    return try locked {
      try refuseInvalidIndexes()
      try History.prepare(connection)
      let pending = try pending()
      for migration in pending { try apply(migration) }
      return pending.count
    }
  }

  /// Takes back the last `count`; how many that were.
  @discardableResult
  package func down(_ count: Int, dryRun: Bool = false) throws -> Int {
    if dryRun { return try list(last(count), as: "would take back") }
    return try locked {
      let last = try last(count)
      for migration in last { try revert(migration) }
      return last.count
    }
  }

  /// Notes every migration as applied without running it, for a database that has the schema already.
  @discardableResult
  package func baseline(dryRun: Bool = false) throws -> Int {
    if dryRun { return try list(pending(), as: "would note as applied") }
    return try locked {
      try History.prepare(connection)
      let pending = try pending()
      try connection.transaction { connection in
        for migration in pending { try History.add(migration, connection) }
      }
      for migration in pending { report("noted \(migration.title)") }
      return pending.count
    }
  }

  package func status() throws -> [(migration: Migration, appliedAt: String?)] {
    let applied = try History.all(connection)
    return migrations.map { migration in
      (migration, applied.first { $0.version == migration.version }?.appliedAt)
    }
  }

  /// A sentence for each invalid index, with its repair. A failed CREATE INDEX CONCURRENTLY leaves one: every write
  /// maintains it, no query uses it, and IF NOT EXISTS takes it for the valid one.
  package func invalidIndexes() throws -> [String] {
    try connection.rows(
      """
      SELECT format('%I.%I', n.nspname, i.relname), format('%I.%I', n.nspname, t.relname)
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_namespace n ON n.oid = i.relnamespace
      WHERE NOT x.indisvalid AND i.relkind = 'i' AND n.nspname NOT LIKE 'pg\\_%'
      ORDER BY 1
      """
    ) { row in
      let (index, table) = (try row.value(0, as: String.self), try row.value(1, as: String.self))
      return """
        the index \(index) of \(table) is invalid: building it failed, or is under way in another session. \
        If it failed, run DROP INDEX CONCURRENTLY \(index); and then tuckshop migrate up again
        """
    }
  }

  private func refuseInvalidIndexes() throws {
    let invalid = try invalidIndexes()
    guard invalid.isEmpty else { throw MigrationError(invalid.joined(separator: "\n")) }
  }

  /// All differences between the database and the files.
  package func differences() throws -> [String] {
    let applied = try History.all(connection)
    var found = try applied.compactMap { try difference($0) }
    for migration in migrations where !applied.contains(where: { $0.version == migration.version }) {
      found.append("\(migration.title) is not applied")
    }
    return found
  }

  private func difference(_ applied: AppliedMigration) throws -> String? {
    guard let migration = migrations.first(where: { $0.version == applied.version }) else {
      return "\(applied.title) is applied, but its file is missing"
    }
    guard migration.name == applied.name else {
      return "\(migration.title) was applied under the name \(applied.title)"
    }
    guard try History.checksum(migration, connection) == applied.checksum else {
      return "\(migration.up.name) was changed after it was applied on \(applied.appliedAt)"
    }
    return nil
  }

  /// The applied migrations that are in this directory. A newer program may have applied more: that is no error.
  private func known() throws -> [Migration] {
    let applied = try History.all(connection)
    for entry in applied where entry.version <= migrations.count {
      if let difference = try difference(entry) { throw MigrationError(difference) }
    }
    for (index, entry) in applied.enumerated() where entry.version != index + 1 {
      throw MigrationError("\(entry.title) is applied, but number \(Migration.padded(index + 1)) is not")
    }
    return migrations.filter { $0.version <= applied.count }
  }

  private func pending() throws -> [Migration] { Array(try migrations.dropFirst(known().count)) }

  /// Below a migration of a newer program, nothing can be taken back.
  private func last(_ count: Int) throws -> [Migration] {
    let known = try known()
    if let newer = try History.all(connection).dropFirst(known.count).first {
      throw MigrationError("\(newer.title) is applied, but its file is missing: nothing below it can be taken back")
    }
    return known.reversed().prefix(count).map { $0 }
  }

  private func list(_ migrations: [Migration], as verb: String) throws -> Int {
    for migration in migrations { report("\(verb) \(migration.title)") }
    return migrations.count
  }

  private func apply(_ migration: Migration) throws {
    let script = try checked(migration.up)
    if migration.up.runsOutsideTransaction {
      do {
        try run(script, of: migration.up, connection)
      } catch {
        // Outside a transaction, the work before the failure stays.
        let invalid = (try? invalidIndexes()) ?? []
        throw invalid.isEmpty ? error : MigrationError((["\(error)"] + invalid).joined(separator: "\n"))
      }
      // IF NOT EXISTS accepts an invalid index.
      try refuseInvalidIndexes()
      try History.add(migration, connection)
    } else {
      try connection.transaction { connection in
        try run(script, of: migration.up, connection)
        try History.add(migration, connection)
      }
    }
    report("applied \(migration.title)")
  }

  private func revert(_ migration: Migration) throws {
    let script = try checked(migration.down)
    if migration.down.runsOutsideTransaction {
      try run(script, of: migration.down, connection)
      try History.remove(migration, connection)
    } else {
      try connection.transaction { connection in
        try run(script, of: migration.down, connection)
        try History.remove(migration, connection)
      }
    }
    report("took back \(migration.title)")
  }

  private func checked(_ file: SQLFile) throws -> SQLScript {
    let script = SQLScript(file.text)
    if file.runsOutsideTransaction && script.statements.count != 1 {
      throw MigrationError("\(file.name): outside a transaction only one statement can be all or nothing")
    }
    for statement in script.statements
    where ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"].contains(statement.firstWord) {
      let place = script.location(offset: statement.offset)
      throw MigrationError(
        "\(file.name):\(place.line):\(place.column): \(statement.firstWord) does not belong in a migration, which is a transaction already"
      )
    }
    return script
  }

  private func run(_ script: SQLScript, of file: SQLFile, _ connection: borrowing Connection) throws {
    for statement in script.statements {
      do {
        try connection.perform(statement.text)
      } catch let error as PostgresError where !error.isTransient && !error.endsSession {
        let place = script.location(offset: statement.offset + (error.position ?? 1) - 1)
        throw MigrationError("\(file.name):\(place.line):\(place.column): \(error.message) (\(error.sqlstate))")
      }
    }
  }

  /// Holds the advisory lock around `body`. It polls: waiting inside PostgreSQL would hold a snapshot, and a CREATE INDEX
  /// CONCURRENTLY of the lock's owner would wait for that for ever.
  private func locked<T>(_ body: () throws -> T) throws -> T {
    let lock = 7_483_920_114
    var announced = false
    while try !connection.value("SELECT pg_try_advisory_lock(\(lock))", as: Bool.self) {
      if !announced { report("waiting for another migration to finish") }
      announced = true
      usleep(useconds_t.random(in: 20_000...60_000))
    }
    // If the session is gone, so is its lock.
    defer { _ = try? connection.value("SELECT pg_advisory_unlock(\(lock))", as: Bool.self) }
    return try body()
  }
}
