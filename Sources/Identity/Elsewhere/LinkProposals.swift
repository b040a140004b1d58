package import Postgres

/// Identities that might belong to existing users. They are for a shop that used to find people by name: an admin looks
/// through them and links those that are right.
package enum LinkProposals {
  package struct Entry: Sendable, Equatable {
    package let username: String
    package let subject: String
    /// Somebody chose a password for the account, and might be somebody else.
    package let hasPassword: Bool
    /// The user who has the identity already, because they signed in since.
    package let holder: String?
  }

  /// A person of the issuer, from its own list.
  package struct Subject: Sendable {
    package let key: String
    package let username: String
    package let email: String

    package init(key: String, username: String, email: String) {
      self.key = key
      self.username = username
      self.email = email
    }
  }

  /// Users without a password and without an identity, by the name that they have: the trusted header gave it.
  package static func byName(_ issuer: String, on connection: borrowing Connection) throws -> [Entry] {
    try read(
      """
      SELECT u.username, u.username AS subject, false AS has_password, h.username AS holder
      FROM users u LEFT JOIN identities i ON i.issuer = \(issuer) AND i.subject = u.username
      LEFT JOIN users h ON h.id = i.user_id
      WHERE u.deleted_at IS NULL AND u.password_hash IS NULL
        AND NOT EXISTS (SELECT FROM identities own WHERE own.user_id = u.id) ORDER BY u.username
      """, on: connection)
  }

  /// The user whom each person's address names, else their name, unless the user has an identity of the issuer.
  package static func of(
    _ subjects: [Subject], _ issuer: String, on connection: borrowing Connection
  ) throws -> [Entry] {
    try subjects.flatMap { subject in
      try read(
        """
        SELECT u.username, \(subject.key) AS subject, u.password_hash IS NOT NULL AS has_password,
               (SELECT h.username FROM identities i JOIN users h ON h.id = i.user_id
                WHERE i.issuer = \(issuer) AND i.subject = \(subject.key)) AS holder
        FROM users u
        WHERE u.deleted_at IS NULL AND (lower(u.email) = lower(\(subject.email)) OR u.username = \(subject.username))
          AND NOT EXISTS (SELECT FROM identities own WHERE own.user_id = u.id AND own.issuer = \(issuer))
        ORDER BY lower(u.email) = lower(\(subject.email)) DESC NULLS LAST LIMIT 1
        """, on: connection)
    }
  }

  private static func read(_ sql: SQL, on connection: borrowing Connection) throws -> [Entry] {
    try connection.rows(sql) { row in
      Entry(
        username: try row.value("username"), subject: try row.value("subject"),
        hasPassword: try row.value("has_password"), holder: try row.value("holder"))
    }
  }
}
