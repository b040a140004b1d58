package import FoundationEssentials
package import Postgres

/// Things set aside under the caller's id, until they are given back, used up, or their time is over.
package enum Reservation {
  package static func make(
    _ lines: [Line], for seconds: Int?, _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      """
      reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID), \(lines.json)::jsonb,
              \(seconds)::bigint)
      """, on: connection)
  }

  /// Back to where the things came from.
  package static func giveBack(
    _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      "return_reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID))", on: connection)
  }

  /// Used up, or handed over: they leave the ledger.
  package static func consume(
    _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      "consume_reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID))", on: connection)
  }

  /// Gives back what is overdue: of one owner, or of everybody. Whoever comes first does it, and nobody does it twice.
  /// Each gets an operation of its own, which `newID` names.
  package static func expireDue(
    of owner: UUID?, naming newID: () -> UUID, on connection: borrowing Connection
  ) throws {
    while try expireOne(of: owner, naming: newID, on: connection) {}
  }

  /// The one that is overdue the longest; false if there is none.
  package static func expireOne(
    of owner: UUID? = nil, naming newID: () -> UUID, on connection: borrowing Connection
  ) throws -> Bool {
    try connection.value("SELECT expire_reservation(\(newID().operation), \(owner))")
  }

  /// Whose reservation of that id is overdue; nil if none is.
  package static func overdueOwner(of key: UUID, on connection: borrowing Connection) throws -> UUID? {
    try connection.row(
      """
      SELECT owner FROM reservations
      WHERE key = \(key) AND status = 'active' AND expires_at <= clock_timestamp() ORDER BY made_at DESC LIMIT 1
      """
    ) { try $0.value(0) }
  }

  /// As JSON text; nil if there is none. `owner` is nil for those who may see everybody's.
  package static func find(
    _ key: UUID, of owner: UUID?, on connection: borrowing Connection
  ) throws -> [UInt8]? {
    try connection.row(
      """
      SELECT row_to_json(d) FROM (
        SELECT true AS reservation_exists, r.key AS operation_id, r.owner AS user_id,
          ARRAY(
            SELECT json_strip_nulls(row_to_json(line)) FROM (
              SELECT i.code AS item_code, c.code AS collection_code, q.code AS quality_level_code, p.amount AS quantity
              FROM postings p JOIN assets s ON s.id = p.asset JOIN items i ON i.id = s.item_id
              LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
              WHERE p.operation = r.operation ORDER BY p.ordinal
            ) line) AS reserved_items,
          \(raw: SQL.timestamp("r.made_at")) AS reservation_date, \(raw: SQL.timestamp("r.expires_at")) AS expires_at,
          r.status
        FROM reservations r
        WHERE r.key = \(key) AND (\(owner)::uuid IS NULL OR r.owner = \(owner)::uuid)
        ORDER BY r.made_at DESC LIMIT 1
      ) d
      """
    ) { try $0.value(0) }
  }
}
