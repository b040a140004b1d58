package import FoundationEssentials
package import Notation
package import Postgres

/// Who makes a change, and what for. Every change an admin makes is noted in the transaction that makes it.
package struct Editor: Sendable {
  package let id: UUID?
  package let name: String
  package let requestID: String?
  package var reason: String?

  package init(_ caller: Caller, requestID: String, reason: String? = nil) {
    id = caller.id
    name = caller.username
    self.requestID = requestID
    self.reason = reason
  }

  /// Somebody at the machine itself.
  package static let commandLine = Editor(name: "command line")

  private init(name: String) {
    id = nil
    self.name = name
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
      INSERT INTO audit (actor_id, actor, action, subject_id, before, after, reason, request_id)
      VALUES (\(id), \(name), \(action), \(subject), \(before?.asText)::jsonb, \(after?.asText)::jsonb, \(reason),
              \(requestID))
      """)
  }

  /// The same about many who are new, in one statement.
  func note(_ action: String, _ newcomers: [User], on connection: borrowing Connection) throws {
    let list = JSON.array(newcomers.map(\.json))
    try connection.run(
      """
      INSERT INTO audit (actor_id, actor, action, subject_id, after, reason, request_id)
      SELECT \(id), \(name), \(action), value->>'id', value, \(reason), \(requestID)
      FROM jsonb_array_elements(\(list.bytes.asText)::jsonb)
      """)
  }
}

extension [UInt8] {
  fileprivate var asText: String { String(decoding: self, as: UTF8.self) }
}
