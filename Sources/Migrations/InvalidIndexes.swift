internal import Postgres

/// A failed CREATE INDEX CONCURRENTLY leaves an invalid index: every write maintains it, no query uses it, and
/// IF NOT EXISTS takes it for the valid one.
enum InvalidIndexes {
  /// A sentence for each.
  static func sentences(_ connection: borrowing Connection) throws -> [String] {
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
}
