package import FoundationEssentials
package import Postgres

/// The sessions of a user, as the user sees and ends them.
package enum OwnSessions {
  package struct Entry: Sendable, Equatable {
    package let id: UUID
    package let createdAt: String
    /// When its tokens were exchanged last.
    package let lastSeenAt: String
    package let address: String?
    package let userAgent: String?
  }

  /// The newest first. There are at most `Sessions.mostOfOneUser`.
  package static func list(of user: UUID, on connection: borrowing Connection) throws -> [Entry] {
    try connection.rows(
      """
      SELECT id, \(raw: SQL.timestamp("created_at")) AS created_at, \(raw: SQL.timestamp("exchanged_at")) AS last_seen_at,
             address, user_agent
      FROM sessions WHERE user_id = \(user) AND ended_at IS NULL AND expires_at > clock_timestamp() ORDER BY id DESC
      """
    ) { row in
      Entry(
        id: try row.value("id"), createdAt: try row.value("created_at"), lastSeenAt: try row.value("last_seen_at"),
        address: try row.value("address"), userAgent: try row.value("user_agent"))
    }
  }

  package static func end(_ session: UUID, of user: UUID, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      let isOwn = try connection.value(
        "SELECT EXISTS (SELECT FROM sessions WHERE id = \(session) AND user_id = \(user) AND ended_at IS NULL)",
        as: Bool.self)
      guard isOwn else { throw PeopleRefusal.unknownSession }
      try Revocations.end(session: session, on: connection)
    }
  }

  /// Ends everything of the user but the session, or the single token, of this caller.
  package static func endOthers(than caller: Caller, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      try Revocations.endTokens(
        of: caller.id, but: caller.isForeign ? nil : caller.session ?? caller.tokenID, on: connection)
    }
  }
}
