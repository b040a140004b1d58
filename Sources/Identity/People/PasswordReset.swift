package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres
package import Tokens

/// A link by which a user chooses a new password, once. An admin makes it; only the digest of its token is kept.
package enum PasswordReset {
  package static let lifetimeSeconds = 86_400

  /// A new link ends the one before it.
  package static func offer(
    to user: UUID, by editor: Editor, on connection: borrowing Connection
  ) throws -> (token: String, expiresAt: String) {
    let token = OpaqueToken()
    return try connection.transaction { connection in
      _ = try User.find(user, on: connection)
      let expiresAt = try connection.value(
        """
        SELECT \(raw: SQL.timestamp("until")) FROM offer_reset(\(editor.id), \(user), \(token.digest), \(lifetimeSeconds)) until
        """, as: String.self)
      try editor.note(
        "user.reset_link", user.text, after: ["expires_at": .string(expiresAt)], on: connection)
      return (token.text, expiresAt)
    }
  }

  /// Sets the new password and ends every session of the user.
  package static func take(
    _ text: String, _ password: String, with passwords: Passwords, _ hashing: Hashing, requestID: String?,
    on connection: borrowing Connection
  ) throws {
    guard let token = OpaqueToken(text), try isGood(token, on: connection) else { throw PeopleRefusal.resetRefused }
    let place = hashing.place()
    defer { withExtendedLifetime(place) {} }
    guard let hash = place?.atTurn({ passwords.hash(password) }) else { throw PeopleRefusal.noTimeToHash }
    try connection.transaction { connection in
      let user = try connection.row(
        "SELECT \(raw: User.columns) FROM take_reset(\(token.digest), \(hash)) p WHERE p.id IS NOT NULL"
      ) { try User(row: $0) }
      guard let user else { throw PeopleRefusal.resetRefused }
      try Revocations.endTokens(of: user.id, on: connection)
      try KnownNetworks.forget(of: user.id, on: connection)
      try Editor(user.id, requestID: requestID, reason: "reset link").note(
        "user.password", user.id.text, after: ["password": "changed"], on: connection)
    }
  }

  private static func isGood(_ token: OpaqueToken, on connection: borrowing Connection) throws -> Bool {
    try connection.value(
      """
      SELECT EXISTS (SELECT FROM password_resets
        WHERE digest = \(token.digest) AND expires_at > clock_timestamp() AND still_admits(created_by))
      """)
  }
}
