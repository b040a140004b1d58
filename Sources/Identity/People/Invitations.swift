package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres
internal import Tokens

/// Links by which somebody may register, once. Only the digest of a link's token is kept.
package enum Invitations {
  package enum State: String, Sendable { case open, used, ended, expired }

  package struct Entry: Sendable, Equatable {
    package let id: UUID
    package let email: String?
    package let role: Role
    package let state: State
    package let createdAt: String
    package let expiresAt: String
    package let createdBy: String?
    package let usedBy: String?

    fileprivate static let columns = """
      i.id, i.email, i.role, \(SQL.timestamp("i.created_at")) AS created_at, \(SQL.timestamp("i.expires_at")) AS expires_at,
      (SELECT u.username FROM users u WHERE u.id = i.created_by) AS maker,
      (SELECT u.username FROM users u WHERE u.id = i.used_by) AS newcomer,
      CASE WHEN i.used_by IS NOT NULL THEN 'used' WHEN i.closed_at IS NOT NULL OR NOT still_admits(i.created_by) THEN 'ended'
           WHEN i.expires_at <= clock_timestamp() THEN 'expired' ELSE 'open' END AS state
      """

    fileprivate init(row: Row) throws {
      id = try row.value("id")
      email = try row.value("email")
      role = try row.value("role")
      // A state that a newer schema may have is closed to this binary.
      state = State(rawValue: try row.value("state")) ?? .ended
      createdAt = try row.value("created_at")
      expiresAt = try row.value("expires_at")
      createdBy = try row.value("maker")
      usedBy = try row.value("newcomer")
    }

    fileprivate var record: JSON {
      [
        "id": .string(id.text), "email": email.map(JSON.string) ?? .null, "role": .string(role.rawValue),
        "expires_at": .string(expiresAt),
      ]
    }
  }

  package static let longestSeconds = 90 * 86_400

  /// The token is in the answer and nowhere else.
  package static func create(
    email: EmailAddress?, role: Role, seconds: Int, _ rules: JoiningRules, by editor: Editor,
    on connection: borrowing Connection
  ) throws -> (entry: Entry, token: String) {
    try rules.requireInvitations()
    let (id, token) = (UUID.timeOrdered(), OpaqueToken())
    return try connection.transaction { connection in
      try connection.run(
        "SELECT FROM invite(\(editor.id), \(id), \(token.digest), \(email?.text), \(role.rawValue), \(seconds))")
      let entry = try connection.onlyRow("SELECT \(raw: Entry.columns) FROM invitations i WHERE i.id = \(id)") {
        try Entry(row: $0)
      }
      try editor.note("invitation.create", id.text, after: entry.record, on: connection)
      return (entry, token.text)
    }
  }

  /// The newest first.
  package static func list(number: Int, limit: Int, on connection: borrowing Connection) throws -> NumberedPage<Entry> {
    try connection.page(
      """
      SELECT t.total, e.* FROM (SELECT count(*) AS total FROM invitations) t LEFT JOIN LATERAL (
        SELECT \(raw: Entry.columns) FROM invitations i ORDER BY i.id DESC LIMIT \(limit) OFFSET \((number - 1) * limit)
      ) e ON true
      """
    ) { try Entry(row: $0) }
  }

  /// Ending it twice is the same as once.
  package static func end(_ id: UUID, by editor: Editor, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      let before = try connection.row("SELECT \(raw: Entry.columns) FROM invitations i WHERE i.id = \(id)") {
        try Entry(row: $0)
      }
      guard let before else { throw PeopleRefusal.unknownInvitation }
      guard before.state != .used else { throw PeopleRefusal.invitationUsed }
      let ended = try connection.run("SELECT FROM end_invitation(\(editor.id), \(id)) e WHERE e.id IS NOT NULL")
      guard ended == 1 || before.state != .open else { throw PeopleRefusal.invitationUsed }
      if ended == 1 { try editor.note("invitation.end", id.text, before: before.record, on: connection) }
    }
  }

  /// Whether it lets this address in now. Saves the hash for one that does not.
  static func admits(_ token: OpaqueToken, _ email: String?, on connection: borrowing Connection) throws -> Bool {
    try connection.value(
      """
      SELECT EXISTS (SELECT FROM invitations WHERE digest = \(token.digest) AND closed_at IS NULL
        AND expires_at > clock_timestamp() AND lower(coalesce(email, \(email))) = lower(\(email)) AND still_admits(created_by))
      """)
  }
}
