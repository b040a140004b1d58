package import FoundationEssentials
package import Postgres

/// Items that are set aside under an id of the client's, until they are given back, used up, or their time is over.
package enum Reservation {
  /// Gives back what is overdue first, so that it can be reserved again.
  package static func setAside(
    _ lines: [Line], for seconds: Int?, _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try expireDue(of: intent.owner, on: connection)
    return try make(lines, for: seconds, intent, by: actor, on: connection)
  }

  package static func make(
    _ lines: [Line], for seconds: Int?, _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      """
      reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID), \(lines.json)::jsonb,
              \(seconds)::bigint)
      """, on: connection)
  }

  /// Returns the items to where they came from.
  package static func giveBack(
    _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      "return_reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID))", on: connection)
  }

  /// The items are used up or handed over, and leave the ledger.
  package static func consume(
    _ intent: Intent, by actor: UUID, on connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    try Inventory.receipt(
      "consume_reserve(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID))", on: connection)
  }

  /// Gives back everything that is overdue, of one owner or of all. Concurrent calls give each reservation back once.
  package static func expireDue(of owner: UUID?, on connection: borrowing Connection) throws {
    while try expireOne(of: owner, on: connection) {}
  }

  /// Gives back the reservation that is overdue the longest; false if there is none.
  package static func expireOne(of owner: UUID? = nil, on connection: borrowing Connection) throws -> Bool {
    try connection.value("SELECT expire_reservation(\(UUID.timeOrdered().operation), \(owner))")
  }

  /// Nil if there is none. `owner` is nil for callers who may see every reservation.
  package static func find(_ key: UUID, of owner: UUID?, on connection: borrowing Connection) throws -> DatabaseJSON? {
    let overdueOwner: UUID? = try connection.row(
      """
      SELECT owner FROM reservations
      WHERE key = \(key) AND status = 'active' AND expires_at <= clock_timestamp() ORDER BY made_at DESC LIMIT 1
      """
    ) { try $0.value(0) }
    if let overdueOwner { try expireDue(of: overdueOwner, on: connection) }
    return try connection.row(
      """
      SELECT row_to_json(d) FROM (
        SELECT true AS reservation_exists, \(members)
        FROM reservations r
        WHERE r.key = \(key) AND (\(owner)::uuid IS NULL OR r.owner = \(owner)::uuid)
        ORDER BY r.made_at DESC LIMIT 1
      ) d
      """
    ) { try $0.value(0) }
  }

  /// The most that `open` lists.
  package static let mostOpen = 100

  /// An owner's open reservations, newest first.
  package static func open(of owner: UUID, on connection: borrowing Connection) throws -> [DatabaseJSON] {
    try expireDue(of: owner, on: connection)
    return try connection.rows(
      """
      SELECT (SELECT row_to_json(d) FROM (SELECT \(members)) d)
      FROM (
        SELECT * FROM reservations WHERE owner = \(owner) AND status = 'active'
        ORDER BY made_at DESC, key DESC LIMIT \(mostOpen)
      ) r ORDER BY r.made_at DESC, r.key DESC
      """
    ) { try $0.value(0) }
  }

  /// The members of a document about the reservation `r`.
  private static var members: SQL {
    """
    r.key AS operation_id, r.owner AS user_id,
    ARRAY(
      SELECT json_strip_nulls(row_to_json(line)) FROM (
        SELECT i.code AS item_code, c.code AS collection_code, q.code AS quality_level_code, p.amount AS quantity
        FROM postings p JOIN assets s ON s.id = p.asset JOIN items i ON i.id = s.item_id
        LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
        WHERE p.operation = r.operation ORDER BY p.ordinal
      ) line) AS reserved_items,
    \(raw: SQL.timestamp("r.made_at")) AS reservation_date, \(raw: SQL.timestamp("r.expires_at")) AS expires_at, r.status
    """
  }
}
