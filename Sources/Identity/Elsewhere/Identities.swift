package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres

/// The identities by which a user signs in elsewhere.
package enum Identities {
  package struct Entry: Sendable, Equatable {
    /// Among the identities of the user.
    package let number: Int
    package let issuer: String
    package let subject: String
    package let linkedAt: String

    fileprivate static let columns = "number, issuer, subject, \(SQL.timestamp("linked_at")) AS linked_at"

    fileprivate init(row: Row) throws {
      number = try row.value("number")
      issuer = try row.value("issuer")
      subject = try row.value("subject")
      linkedAt = try row.value("linked_at")
    }

    fileprivate var record: JSON { ["issuer": .string(issuer), "subject": .string(subject)] }
  }

  package static func list(of user: UUID, on connection: borrowing Connection) throws -> [Entry] {
    _ = try User.find(user, on: connection)
    return try connection.rows(
      "SELECT \(raw: Entry.columns) FROM identities WHERE user_id = \(user) ORDER BY number"
    ) { try Entry(row: $0) }
  }

  /// An identity that another user has, also a deleted one, is refused.
  @discardableResult
  package static func link(
    _ issuer: String, _ subject: String, to user: UUID, by editor: Editor, on connection: borrowing Connection
  ) throws -> Entry {
    do {
      return try connection.transaction { connection in
        let number = try connection.value(
          "SELECT link_identity(\(editor.id), \(user), \(issuer), \(subject))", as: Int?.self)
        guard let number else { throw PeopleRefusal.unknownUser }
        let entry = try connection.onlyRow(
          "SELECT \(raw: Entry.columns) FROM identities WHERE user_id = \(user) AND number = \(number)"
        ) { try Entry(row: $0) }
        try editor.note("user.link", user.text, after: entry.record, on: connection)
        return entry
      }
    } catch let error as PostgresError where error.constraint == "identities_pkey" {
      throw PeopleRefusal.identityTaken
    }
  }

  /// At its next sign-in the identity is a new user. It may have signed in as this one, so their sessions end.
  package static func unlink(
    _ number: Int, of user: UUID, by editor: Editor, on connection: borrowing Connection
  ) throws {
    try connection.transaction { connection in
      _ = try User.find(user, on: connection)
      let gone = try connection.row(
        "SELECT \(raw: Entry.columns) FROM unlink_identity(\(editor.id), \(user), \(number)::integer)"
      ) { try Entry(row: $0) }
      guard let gone else { throw PeopleRefusal.unknownIdentity }
      try Revocations.endTokens(of: user, on: connection)
      try editor.note("user.unlink", user.text, before: gone.record, on: connection)
    }
  }
}
