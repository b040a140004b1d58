package import FoundationEssentials
package import Postgres

/// The figures of a period of days (UTC), both ends included. They come from the same totals as the statistics, so a
/// report reads the rows of its period and no others, however old the shop is.
package struct Reports: Sendable {
  private let from: String
  private let to: String

  /// Days as `2026-01-31`.
  package init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// How coins moved on one day.
  package struct CoinDay: Sendable {
    package let day: String
    package let granted: Int
    package let spent: Int
    package let returned: Int
    package let sent: Int
    package let outstanding: Int
  }

  /// A variant as a report names it.
  package struct Variant: Sendable {
    package let id: UUID
    package let code: String
    package let name: String
    package let collection: String?
    package let qualityLevel: String?

    fileprivate static let columns = "i.id, i.code, i.name, c.code AS collection, q.code AS quality_level"
    fileprivate static let join: SQL = """
      JOIN items i ON i.id = s.item_id
      LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
      """

    fileprivate init(_ row: Row) throws {
      id = try row.value("id")
      code = try row.value("code")
      name = try row.value("name")
      collection = try row.value("collection")
      qualityLevel = try row.value("quality_level")
    }
  }

  package struct PurchaseLine: Sendable {
    package let variant: Variant
    package let purchases: Int
    package let quantity: Int
    package let coins: Int
    package let returned: Int
  }

  package struct PurchaseDay: Sendable {
    package let day: String
    package let purchases: Int
    package let quantity: Int
    package let coins: Int
  }

  package struct StockLine: Sendable {
    package let variant: Variant
    /// Nil: any number.
    package let stock: Int?
    package let lowStockAt: Int?
    package let isBelow: Bool
    package let sold: Int
  }

  /// One row for each day. A day without a movement has the coins of the last day before it that has one.
  package func coins(on connection: borrowing Connection) throws -> [CoinDay] {
    try connection.rows(
      """
      WITH later AS MATERIALIZED (
        SELECT day, sum(granted) AS granted, sum(spent) AS spent, sum(returned) AS returned, sum(sent) AS sent,
               sum(change) AS change
        FROM coins_after(\(raw: Statistics.rest)) GROUP BY day
      )
      SELECT d.day::text AS day, (coalesce(t.granted, 0) + coalesce(l.granted, 0))::bigint AS granted,
             (coalesce(t.spent, 0) + coalesce(l.spent, 0))::bigint AS spent,
             (coalesce(t.returned, 0) + coalesce(l.returned, 0))::bigint AS returned,
             (coalesce(t.sent, 0) + coalesce(l.sent, 0))::bigint AS sent,
             (coalesce(last.outstanding, 0)
               + coalesce((SELECT sum(l.change) FROM later l WHERE l.day <= d.day), 0))::bigint AS outstanding
      FROM \(days) d
      LEFT JOIN LATERAL (SELECT * FROM coin_totals t WHERE t.day <= d.day ORDER BY t.day DESC LIMIT 1) last ON true
      LEFT JOIN LATERAL (SELECT last.* WHERE last.day = d.day) t ON true
      LEFT JOIN later l ON l.day = d.day ORDER BY d.day
      """
    ) { row in
      CoinDay(
        day: try row.value("day"), granted: try row.value("granted"), spent: try row.value("spent"),
        returned: try row.value("returned"), sent: try row.value("sent"), outstanding: try row.value("outstanding"))
    }
  }

  /// By variant, the most bought first, and by day. One statement, so that both have the same sum.
  package func purchases(
    on connection: borrowing Connection
  ) throws -> (lines: [PurchaseLine], days: [PurchaseDay]) {
    var lines: [PurchaseLine] = []
    var days: [PurchaseDay] = []
    _ = try connection.rows(
      """
      WITH bought AS (
        \(Statistics.bought(from: from, to: to)) UNION ALL SELECT day, NULL, 0, 0, 0, 0, 0 FROM \(self.days) d
      ), summed AS (
        SELECT day, asset, sum(purchases)::bigint AS purchases, sum(quantity)::bigint AS quantity,
               sum(coins)::bigint AS coins, sum(returned)::bigint AS returned
        FROM bought GROUP BY GROUPING SETS ((day), (asset)) HAVING GROUPING(asset) = 1 OR asset IS NOT NULL
      )
      SELECT t.day::text AS day, t.purchases, t.quantity, t.coins, t.returned, \(raw: Variant.columns)
      FROM summed t LEFT JOIN (assets s \(Variant.join)) ON s.id = t.asset
      ORDER BY t.day, t.quantity DESC, t.coins DESC, i.code, s.place
      """
    ) { row in
      let (purchases, quantity, coins): (Int, Int, Int) = (
        try row.value("purchases"), try row.value("quantity"), try row.value("coins")
      )
      if let day = try row.value("day", as: String?.self) {
        days.append(PurchaseDay(day: day, purchases: purchases, quantity: quantity, coins: coins))
      } else {
        lines.append(
          PurchaseLine(
            variant: try Variant(row), purchases: purchases, quantity: quantity, coins: coins,
            returned: try row.value("returned")))
      }
    }
    return (lines, days)
  }

  /// The variants on sale now, those at their mark or below it first.
  package func stock(on connection: borrowing Connection) throws -> [StockLine] {
    try connection.rows(
      """
      WITH sold AS (
        SELECT asset, sum(quantity - returned)::bigint AS quantity
        FROM (\(Statistics.bought(from: from, to: to))) bought GROUP BY asset
      )
      SELECT \(raw: Variant.columns), held.stock, i.low_stock_at, below.is_below, coalesce(sold.quantity, 0) AS sold
      FROM assets s \(Variant.join)
      CROSS JOIN LATERAL (SELECT stock_of(s) AS stock) held
      CROSS JOIN LATERAL (SELECT coalesce(held.stock <= i.low_stock_at, false) AS is_below) below
      LEFT JOIN sold ON sold.asset = s.id
      WHERE s.sale IN ('alone', 'listed') AND i.price IS NOT NULL AND i.is_active AND i.retired_at IS NULL
      ORDER BY below.is_below DESC, i.code, s.place
      """
    ) { row in
      StockLine(
        variant: try Variant(row), stock: try row.value("stock"), lowStockAt: try row.value("low_stock_at"),
        isBelow: try row.value("is_below"), sold: try row.value("sold"))
    }
  }

  private var days: SQL {
    "(SELECT \(from)::date + n AS day FROM generate_series(0, \(to)::date - \(from)::date) n)"
  }
}
