package import Postgres

/// What happened in the shop between two days (UTC), both included. Operations are stored in the order of time, so
/// the index on their time finds a period without reading the rest.
package struct Statistics: Sendable {
  private let from: String
  private let to: String

  /// Days as `2026-01-31`.
  package init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  private var period: SQL {
    """
    o.outcome = 'done' AND o.at >= \(from)::date::timestamp AT TIME ZONE 'UTC'
      AND o.at < (\(to)::date + 1)::timestamp AT TIME ZONE 'UTC'
    """
  }

  /// What all users have together, at this moment.
  package static func coinsInCirculation(on connection: borrowing Connection) throws -> Int {
    try connection.value(
      """
      SELECT coalesce(sum(balance), 0)::bigint FROM accounts
      WHERE asset = 1 AND section = 'main' AND owner IS NOT NULL
      """)
  }

  /// By item and day, a JSON array.
  package func purchases(on connection: borrowing Connection) throws -> [UInt8] {
    try connection.value(
      """
      SELECT array_to_json(coalesce(array_agg(row_to_json(p) ORDER BY p.day, p.item), '{}'))::text FROM (
        SELECT (o.at AT TIME ZONE 'UTC')::date AS day, i.code AS item, sum(o.quantity) AS quantity, sum(o.amount) AS coins
        FROM operations o JOIN items i ON i.id = o.item_id WHERE o.kind = 'purchase' AND \(period) GROUP BY 1, 2
      ) p
      """)
  }

  package enum Side: String, Sendable {
    case givers = "owner"
    case receivers = "counterpart"
  }

  /// Who gave or got the most in transfers that were not taken back, a JSON array.
  package func top(_ side: Side, _ count: Int, on connection: borrowing Connection) throws -> [UInt8] {
    try connection.value(
      """
      SELECT array_to_json(coalesce(array_agg(row_to_json(t) ORDER BY t.coins DESC, t.username), '{}'))::text
      FROM (\(ranks(side, count))) t
      """)
  }

  /// The same, but for names: an array in the order of rank.
  package func names(_ side: Side, _ count: Int, on connection: borrowing Connection) throws -> [UInt8] {
    try connection.value(
      """
      SELECT array_to_json(coalesce(array_agg(t.username ORDER BY t.coins DESC, t.username), '{}'))::text
      FROM (\(ranks(side, count))) t
      """)
  }

  /// Whoever has been deleted is left out before the best are counted, so that there is no gap.
  private func ranks(_ side: Side, _ count: Int) -> SQL {
    """
    SELECT u.username, s.coins, s.transfers FROM (
      SELECT o.\(raw: side.rawValue) AS id, sum(o.amount) AS coins, count(*) AS transfers
      FROM operations o
      WHERE o.kind = 'transfer' AND \(period)
        AND NOT EXISTS (
          SELECT FROM operations r WHERE r.key = o.id AND r.owner = o.owner AND r.kind = 'undo_transfer')
      GROUP BY 1
    ) s JOIN users u ON u.id = s.id WHERE u.deleted_at IS NULL
    ORDER BY s.coins DESC, u.username LIMIT \(count)
    """
  }
}
