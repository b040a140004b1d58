// Knows how a change is recorded: its author, its reason, and the documents before and after it. Refuses to know what
// is changed, and which changes are allowed.

package import FoundationEssentials
package import Notation
package import Postgres

/// The author of a change and the reason for it. A verb that changes something records it here, inside its transaction.
package struct Editor: Sendable {
  package let id: UUID?
  package let requestID: String?
  package let reason: String?

  /// A command on the machine itself, or a worker that appoints the first admin. The database tells them apart by role.
  package static let commandLine = Editor(id: nil, requestID: nil, reason: nil)

  /// A worker by itself: nobody who calls it makes the change.
  package static func worker(requestID: String?, reason: String) -> Editor {
    Editor(id: nil, requestID: requestID, reason: reason)
  }

  package func note(
    _ action: String, _ subject: String, before: JSON? = nil, after: JSON? = nil, on connection: borrowing Connection
  ) throws {
    try note(
      action, subject, before: before.map { DatabaseJSON($0.bytes) }, after: after.map { DatabaseJSON($0.bytes) },
      on: connection)
  }

  package func note(
    _ action: String, _ subject: String, before: DatabaseJSON? = nil, after: DatabaseJSON? = nil,
    on connection: borrowing Connection
  ) throws {
    try connection.run(
      """
      SELECT FROM note_change(\(id), \(action), \(subject), \(before?.bytes.asText)::jsonb, \(after?.bytes.asText)::jsonb, \(reason),
                              \(requestID))
      """)
  }

  /// Records the same change of many subjects, in one statement.
  package func note(_ action: String, each subjects: [UUID], on connection: borrowing Connection) throws {
    let list = "{" + subjects.map(\.text).joined(separator: ",") + "}"
    try connection.run(
      """
      SELECT note_change(\(id), \(action), subject, NULL, NULL, \(reason), \(requestID))
      FROM unnest(\(list)::text[]) AS subject
      """)
  }

  /// Records many new documents, each with a member `id`, in one statement.
  package func note(_ action: String, all new: [JSON], on connection: borrowing Connection) throws {
    try connection.run(
      """
      SELECT note_change(\(id), \(action), value->>'id', NULL, value, \(reason), \(requestID))
      FROM jsonb_array_elements(\(JSON.array(new).bytes.asText)::jsonb)
      """)
  }
}

extension Editor {
  package init(_ id: UUID, requestID: String? = nil, reason: String? = nil) {
    self.init(id: id, requestID: requestID, reason: reason)
  }
}

extension [UInt8] {
  fileprivate var asText: String { String(decoding: self, as: UTF8.self) }
}
