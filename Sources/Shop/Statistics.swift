package import FoundationEssentials
package import Postgres

/// Purchases and transfers between two days (UTC), both included: totals, plus the few operations that the totals do
/// not have yet. The cost of a figure does not grow with the shop's age.
package struct Statistics: Sendable {
  private let from: String
  private let to: String

  /// Days as `2026-01-31`.
  package init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// Adds the next operations to the totals, at most `most`; false if there is nothing to add. `before` is an id so old
  /// that every operation with an earlier one has begun to be written, or never will be.
  package static func rollUp(before: UUID, most: Int, on connection: borrowing Connection) throws -> Bool {
    try connection.value("SELECT roll_up(\(before), \(most))")
  }

  /// The range of operations that the totals do not have yet. The limit only matters while the totals fall behind, and
  /// then the figures do too.
  static let rest = "(SELECT taken_up_to FROM rollup), 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100000"

  package static func coinsInCirculation(on connection: borrowing Connection) throws -> Int {
    try connection.value(
      """
      SELECT (coalesce((SELECT t.outstanding FROM coin_totals t ORDER BY t.day DESC LIMIT 1), 0)
        + coalesce(sum(l.change), 0))::bigint FROM coins_after(\(raw: rest)) l
      """)
  }

  /// By item and day, without those cancelled or returned since, a JSON array.
  package func purchases(on connection: borrowing Connection) throws -> DatabaseJSON {
    try connection.value(
      """
      SELECT array_to_json(coalesce(array_agg(row_to_json(p) ORDER BY p.day, p.item), '{}'))::text FROM (
        SELECT t.day, i.code AS item, sum(t.quantity - t.returned) AS quantity, sum(t.coins - t.returned_coins) AS coins
        FROM (\(Self.bought(from: from, to: to))) t JOIN assets s ON s.id = t.asset JOIN items i ON i.id = s.item_id
        GROUP BY 1, 2 HAVING sum(t.quantity - t.returned) <> 0 OR sum(t.coins - t.returned_coins) <> 0
      ) p
      """)
  }

  /// The purchases of a period by day and variant: rows of the totals, and the operations that they do not have yet.
  static func bought(from: String, to: String) -> SQL {
    """
    SELECT day, asset, purchases, quantity, coins, returned, returned_coins FROM purchase_totals
    WHERE day BETWEEN \(from)::date AND \(to)::date
    UNION ALL
    SELECT day, asset, purchases, quantity, coins, returned, returned_coins FROM purchases_after(\(raw: rest))
    WHERE day BETWEEN \(from)::date AND \(to)::date
    """
  }

  /// The variants on sale of which no more pieces are left than their item's mark, a JSON array.
  package static func lowStock(on connection: borrowing Connection) throws -> DatabaseJSON {
    try connection.value(
      """
      SELECT concat('[', string_agg(concat('{"id":"', i.id, '","code":', to_json(i.code),
          ',"collection":' || to_json(c.code)::text, ',"quality_level":' || to_json(q.code)::text,
          ',"stock":', held.stock, ',"low_stock_at":', i.low_stock_at, '}'), ',' ORDER BY i.code, s.place), ']')
      FROM items i JOIN assets s ON s.item_id = i.id AND s.sale IN ('alone', 'listed') AND s.stock_limited
      CROSS JOIN LATERAL (SELECT stock_of(s) AS stock) AS held
      LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
      WHERE i.low_stock_at IS NOT NULL AND i.is_active AND i.retired_at IS NULL AND held.stock <= i.low_stock_at
      """)
  }

  package enum Side: String, Sendable {
    case givers = "given"
    case receivers = "received"

    fileprivate var person: String { self == .givers ? "giver" : "receiver" }
  }

  /// The users that gave or got the most in transfers that were not undone, a JSON array. Whole months are already
  /// summed, and the present month up to today. The rest of the period at both ends is summed day by day. Deleted users
  /// are left out before the best are counted, so that there is no gap.
  package func top(_ side: Side, _ count: Int, on connection: borrowing Connection) throws -> DatabaseJSON {
    var sql: SQL = """
      WITH months AS MATERIALIZED (
        SELECT date_trunc('month', \(from)::timestamp + interval '1 month' - interval '1 day')::date AS first,
               date_trunc('month', \(to)::timestamp + CASE WHEN \(to)::date < (now() AT TIME ZONE 'UTC')::date
                 THEN interval '1 day' ELSE interval '1 month' END)::date AS next
      ), parts AS (
        SELECT t.person, t.coins, t.transfers FROM transfer_totals t, months m
        WHERE t.side = \(side.rawValue) AND t.span = 'month' AND t.first_day >= m.first AND t.first_day < m.next
        UNION ALL
        SELECT t.person, t.coins, t.transfers FROM transfer_totals t, months m
        WHERE t.side = \(side.rawValue) AND t.span = 'day'
          AND t.first_day >= \(from)::date AND t.first_day < least(m.first, \(to)::date + 1)
        UNION ALL
        SELECT t.person, t.coins, t.transfers FROM transfer_totals t, months m
        WHERE t.side = \(side.rawValue) AND t.span = 'day'
          AND t.first_day >= greatest(m.first, m.next) AND t.first_day <= \(to)::date
        UNION ALL
        SELECT \(raw: side.person), coins, transfers FROM transfers_after(\(raw: Self.rest))
        WHERE day BETWEEN \(from)::date AND \(to)::date
      )
      SELECT array_to_json(coalesce(array_agg(row_to_json(t) ORDER BY t.coins DESC, t.username), '{}'))::text
      FROM (
        SELECT u.username, s.coins, s.transfers
        FROM (
          SELECT person, sum(coins) AS coins, sum(transfers) AS transfers FROM parts GROUP BY 1
          HAVING sum(transfers) > 0 ORDER BY coins DESC, person OFFSET 0
        ) s JOIN users u ON u.id = s.person AND u.deleted_at IS NULL
        ORDER BY s.coins DESC, s.person LIMIT \(count)
      ) t
      """
    // On one day few users give something, and in a year perhaps all of them.
    sql.isPlannedAnew = true
    return try connection.value(sql)
  }
}

/// The names of the users that gave the most in the present day, week, month or year (UTC), in the order of rank.
package enum Leaderboard {
  package enum Period: String, Sendable, CaseIterable {
    case day, week, month, year
  }

  /// Reads the totals, which are some seconds old. They are already in the order of rank, so the cost does not depend
  /// on the number of users.
  package static func givers(
    _ period: Period, _ count: Int, on connection: borrowing Connection
  ) throws -> DatabaseJSON {
    try connection.value(
      """
      SELECT array_to_json(coalesce(array_agg(t.username ORDER BY t.coins DESC, t.username), '{}'))::text FROM (
        SELECT u.username, t.coins
        FROM transfer_totals t JOIN users u ON u.id = t.person AND u.deleted_at IS NULL
        WHERE t.side = 'given' AND t.span = \(period.rawValue) AND t.coins > 0
          AND t.first_day = date_trunc(\(period.rawValue), now() AT TIME ZONE 'UTC')::date
        ORDER BY t.coins DESC, t.person LIMIT \(count)
      ) t
      """)
  }
}
