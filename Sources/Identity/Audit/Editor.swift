package import FoundationEssentials
package import Notation
package import Postgres

/// Who makes a change, and what for. Every change an admin makes is noted in the transaction that makes it.
package struct Editor: Sendable {
  package let id: UUID?
  package let requestID: String?
  package var reason: String?

  package init(_ caller: Caller, requestID: String, reason: String? = nil) {
    id = caller.id
    self.requestID = requestID
    self.reason = reason
  }

  /// Nobody who has signed in: somebody at the machine itself, or a worker that appoints the first admin. Which of them
  /// it is, the database tells by the role.
  package static let commandLine = Editor()

  private init() {
    id = nil
    requestID = nil
  }

  package func note(
    _ action: String, _ subject: String, before: JSON? = nil, after: JSON? = nil,
    on connection: borrowing Connection
  ) throws {
    try note(action, subject, before: before?.bytes, after: after?.bytes, on: connection)
  }

  /// With documents that are JSON already.
  package func note(
    _ action: String, _ subject: String, before: [UInt8]? = nil, after: [UInt8]? = nil,
    on connection: borrowing Connection
  ) throws {
    try connection.run(
      """
      SELECT FROM note_change(\(id), \(action), \(subject), \(before?.asText)::jsonb, \(after?.asText)::jsonb, \(reason),
                              \(requestID))
      """)
  }

  /// The same about many who are new, in one statement.
  func note(_ action: String, _ newcomers: [User], on connection: borrowing Connection) throws {
    let list = JSON.array(newcomers.map(\.json))
    try connection.run(
      """
      SELECT note_change(\(id), \(action), value->>'id', NULL, value, \(reason), \(requestID))
      FROM jsonb_array_elements(\(list.bytes.asText)::jsonb)
      """)
  }
}

extension [UInt8] {
  fileprivate var asText: String { String(decoding: self, as: UTF8.self) }
}
