package import FoundationEssentials
internal import Notation
package import Postgres

/// Who changed what and why, newest first.
package struct AuditTrail: Sendable {
  package struct Filter: Sendable {
    /// Only what is older than this entry.
    package var before: Int?
    package var limit = 50
    package var actor: UUID?
    package var subject: String?
    package var action: String?
    package init() {}
  }

  /// Each entry as the JSON text PostgreSQL made of it.
  package let entries: [[UInt8]]
  /// What to ask for `before` to read on; nil at the end.
  package let next: Int?

  package static func read(_ filter: Filter, on connection: borrowing Connection) throws -> AuditTrail {
    let found = try connection.rows(
      """
      SELECT id, (
          SELECT row_to_json(e) FROM (
            SELECT id, \(raw: SQL.timestamp("at")) AS at, actor_id, actor, action, subject_id, before, after, reason,
              request_id) e)
      FROM audit
      WHERE (\(filter.before)::bigint IS NULL OR id < \(filter.before)::bigint)
        AND (\(filter.actor)::uuid IS NULL OR actor_id = \(filter.actor)::uuid)
        AND (\(filter.subject)::text IS NULL OR subject_id = \(filter.subject))
        AND (\(filter.action)::text IS NULL OR action = \(filter.action))
      ORDER BY id DESC LIMIT \(filter.limit + 1)
      """
    ) { (id: try $0.value(0, as: Int.self), text: JSON.compact(try $0.value(1))) }
    let page = found.prefix(filter.limit)
    return AuditTrail(entries: page.map(\.text), next: found.count > filter.limit ? page.last?.id : nil)
  }
}
