package import FoundationEssentials
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
      SELECT id, json_build_object(
          'id', id, 'at', \(raw: SQL.timestamp("at")), 'actor_id', actor_id, 'actor', actor, 'action', action,
          'subject_id', subject_id, 'before', before, 'after', after, 'reason', reason, 'request_id', request_id)
      FROM audit
      WHERE (\(filter.before)::bigint IS NULL OR id < \(filter.before)::bigint)
        AND (\(filter.actor)::uuid IS NULL OR actor_id = \(filter.actor)::uuid)
        AND (\(filter.subject)::text IS NULL OR subject_id = \(filter.subject))
        AND (\(filter.action)::text IS NULL OR action = \(filter.action))
      ORDER BY id DESC LIMIT \(filter.limit + 1)
      """
    ) { (id: try $0.value(0, as: Int.self), text: try $0.value(1, as: [UInt8].self)) }
    let page = found.prefix(filter.limit)
    return AuditTrail(entries: page.map(\.text), next: found.count > filter.limit ? page.last?.id : nil)
  }
}
