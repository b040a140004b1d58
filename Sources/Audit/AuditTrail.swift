package import FoundationEssentials
package import Postgres

/// The recorded changes, newest first.
package enum AuditTrail {
  package struct Filter: Sendable {
    /// Only entries older than this one.
    package var before: Int?
    package var limit = 50
    package var actor: UUID?
    package var subject: String?
    package var action: String?
    package init() {}
  }

  package static func read(
    _ filter: Filter, on connection: borrowing Connection
  ) throws -> CursorPage<DatabaseJSON> {
    try connection.page(
      """
      SELECT id AS cursor, (
          SELECT row_to_json(e) FROM (
            SELECT id, \(raw: SQL.timestamp("at")) AS at, actor_id, actor, action, subject_id, before, after, reason,
              request_id) e) AS entry
      FROM audit
      WHERE (\(filter.before)::bigint IS NULL OR id < \(filter.before)::bigint)
        AND (\(filter.actor)::uuid IS NULL OR actor_id = \(filter.actor)::uuid)
        AND (\(filter.subject)::text IS NULL OR subject_id = \(filter.subject))
        AND (\(filter.action)::text IS NULL OR action = \(filter.action))
      ORDER BY id DESC LIMIT \(filter.limit + 1)
      """, limit: filter.limit
    ) { DatabaseJSON(compacting: try $0.value("entry")) }
  }
}
