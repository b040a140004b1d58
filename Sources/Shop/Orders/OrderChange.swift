package import Audit
package import FoundationEssentials
internal import Ledger
package import Postgres

/// A step in the life of an order. A repeated step changes nothing and gets the same answer.
package enum OrderChange: String, Sendable {
  case ready
  case handOver = "handed_over"
  case cancel = "cancelled"
  case takeBack = "returned"

  /// The owner may cancel an order that nobody has prepared yet.
  package static func cancelOwn(
    _ order: UUID, by editor: Editor, on connection: borrowing Connection
  ) throws -> Order {
    try connection.transaction { connection in
      let (outcome, isChanged) = try connection.onlyRow(
        """
        SELECT outcome, changed FROM cancel_own_order(\(UUID.timeOrdered().operation), \(order), \(editor.id),
                                                      \(editor.requestID), \(editor.reason))
        """
      ) { (try $0.value(0, as: String.self), try $0.value(1, as: Bool.self)) }
      if let refusal = try OrderRefusal(outcome: outcome) { throw refusal }
      if isChanged { try editor.note("order.cancel", each: [order], on: connection) }
      return try Order.find(order, of: editor.id, on: connection)
    }
  }

  package func make(_ order: UUID, by editor: Editor, on connection: borrowing Connection) throws -> Order {
    try connection.transaction { connection in
      if let refusal = try perform([order], by: editor, on: connection)[0] { throw refusal }
      return try Order.find(order, of: nil, on: connection)
    }
  }

  /// Each order for itself: a refusal of one does not hinder the others. The result is in the order of `orders`.
  package func makeAll(
    _ orders: [UUID], by editor: Editor, on connection: borrowing Connection
  ) throws -> [OrderRefusal?] {
    try connection.transaction { try perform(orders, by: editor, on: $0) }
  }

  /// In the order of ids, so that two calls never wait for each other. Only true changes go into the audit trail.
  private func perform(
    _ orders: [UUID], by editor: Editor, on connection: borrowing Connection
  ) throws -> [OrderRefusal?] {
    let distinct = Array(Set(orders))
    let list =
      "["
      + distinct.map { #"{"id":"\#($0.text)","operation":"\#(UUID.timeOrdered().operation.text)"}"# }
      .joined(separator: ",") + "]"
    let outcomes = try connection.rows(
      """
      SELECT l.id, c.outcome, c.changed
      FROM (
        SELECT l.id, l.operation FROM jsonb_to_recordset(\(list)::jsonb) AS l (id uuid, operation uuid) ORDER BY l.id
      ) l, LATERAL change_order_by_staff(
        l.operation, l.id, \(editor.id), \(editor.requestID), \(rawValue)::text::order_status, \(editor.reason)) c
      """
    ) { row in
      (
        id: try row.value(0, as: UUID.self), refusal: try OrderRefusal(outcome: row.value(1)),
        changed: try row.value(2, as: Bool.self)
      )
    }
    let changed = outcomes.filter(\.changed).map(\.id)
    if !changed.isEmpty { try editor.note("order.\(action)", each: changed, on: connection) }
    let refusals = Dictionary(uniqueKeysWithValues: outcomes.map { ($0.id, $0.refusal) })
    return orders.map { refusals[$0] ?? nil }
  }

  private var action: String {
    switch self {
    case .ready: "ready"
    case .handOver: "hand_over"
    case .cancel: "cancel"
    case .takeBack: "return"
    }
  }
}
