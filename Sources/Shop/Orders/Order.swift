package import FoundationEssentials
package import Postgres

/// Something that was bought, on its way to the buyer.
package struct Order: Sendable {
  package enum Status: String, Sendable, CaseIterable {
    case ordered, ready
    case handedOver = "handed_over"
    case cancelled, returned
  }

  package let id: UUID
  package let user: String
  package let item: String
  package let name: String
  package let quantity: Int
  package let collection: String?
  package let qualityLevel: String?
  package let price: Int
  package let total: Int
  /// As the database spells it, which may be newer than this binary.
  package let status: String
  package let orderedAt: String
  package let readyAt: String?
  package let handedOverAt: String?
  package let cancelledAt: String?
  package let returnedAt: String?
  package let note: String?

  static var columns: SQL {
    """
    id, username, item, name, quantity, collection, quality_level, price, total, status::text AS status,
    \(raw: SQL.timestamp("ordered_at")) AS ordered_at, \(raw: SQL.timestamp("ready_at")) AS ready_at,
    \(raw: SQL.timestamp("handed_over_at")) AS handed_over_at, \(raw: SQL.timestamp("cancelled_at")) AS cancelled_at,
    \(raw: SQL.timestamp("returned_at")) AS returned_at, note
    """
  }

  init(_ row: Row) throws {
    id = try row.value("id")
    user = try row.value("username")
    item = try row.value("item")
    name = try row.value("name")
    quantity = try row.value("quantity")
    collection = try row.value("collection")
    qualityLevel = try row.value("quality_level")
    price = try row.value("price")
    total = try row.value("total")
    status = try row.value("status")
    orderedAt = try row.value("ordered_at")
    readyAt = try row.value("ready_at")
    handedOverAt = try row.value("handed_over_at")
    cancelledAt = try row.value("cancelled_at")
    returnedAt = try row.value("returned_at")
    note = try row.value("note")
  }

  /// `owner` is nil for callers who may see every order.
  package static func find(_ id: UUID, of owner: UUID?, on connection: borrowing Connection) throws -> Order {
    let found = try connection.row(
      """
      SELECT \(columns) FROM order_lines
      WHERE id = \(id) AND owner = (SELECT o.owner FROM operations o WHERE o.id = \(id))
        AND (\(owner)::uuid IS NULL OR owner = \(owner)::uuid)
      """
    ) { try Order($0) }
    guard let found else { throw OrderRefusal(.unknownOrder) }
    return found
  }
}

/// A rule that refuses a change of an order.
package struct OrderRefusal: Error, Sendable {
  /// As the functions of the ledger spell it. The list is closed.
  package enum Word: String, Sendable {
    case unknownOrder = "unknown_order"
    case isOrdered = "order_is_ordered"
    case isReady = "order_is_ready"
    case isHandedOver = "order_is_handed_over"
    case isCancelled = "order_is_cancelled"
    case isReturned = "order_is_returned"
    case reasonMissing = "reason_missing"
    case goodsGone = "goods_gone"
    case overflow
    /// More than one table may have.
    case tooMany = "too_many_orders"
  }

  package let word: Word

  init(_ word: Word) { self.word = word }

  /// Nil if the order is as it was asked to be.
  init?(outcome: String) throws {
    if outcome == "done" { return nil }
    guard let word = Word(rawValue: outcome) else {
      throw PostgresError(
        reason: .mismatch, message: "a change of an order ended with \(outcome), which this binary does not know")
    }
    self.word = word
  }
}
