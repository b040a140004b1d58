package import FoundationEssentials
internal import Notation
package import Postgres

/// Active users who are not machines, many at once.
package enum Roll {
  package struct Entry: Sendable {
    package let id: UUID
    package let username: String
  }

  package static func everybody(on connection: borrowing Connection) throws -> [Entry] {
    try connection.rows(
      "SELECT id, username FROM users WHERE deleted_at IS NULL AND is_active AND role <> 'service' ORDER BY id"
    ) { Entry(id: try $0.value(0), username: try $0.value(1)) }
  }

  /// The users among these names.
  package static func entries(named names: [String], on connection: borrowing Connection) throws -> [Entry] {
    let list = JSON.array(names.map(JSON.string)).bytes
    return try connection.rows(
      """
      SELECT id, username FROM users
      WHERE username IN (SELECT jsonb_array_elements_text(\(String(decoding: list, as: UTF8.self))::jsonb))
        AND deleted_at IS NULL AND is_active
      """
    ) { Entry(id: try $0.value(0), username: try $0.value(1)) }
  }
}
