package import FoundationEssentials
package import Postgres

/// The changes of a balance, newest first, in pages. The next page begins behind the moment of the last entry, which no
/// other entry of the account shares.
package enum History {
  package enum Kind: String, Sendable, CaseIterable {
    case grant, transfer, purchase, refund
    case undo = "undo_transfer"
  }

  package struct Filter: Sendable {
    package var before: Int?
    package var limit = 50
    package var kind: Kind?
    package var counterpart: String?
    package var from: Instant?
    package var to: Instant?
    package init() {}

    fileprivate var isSelective: Bool { kind != nil || counterpart != nil }
  }

  package struct Entry: Sendable {
    package let id: UUID
    package let at: String
    package let kind: String
    /// Negative for coins that left.
    package let change: Int
    package let balance: Int
    package let counterpart: String?
    package let item: String?
    package let quantity: Int?
    package let message: String?
  }

  package static func read(
    _ filter: Filter, of owner: UUID, on connection: borrowing Connection
  ) throws -> CursorPage<Entry> {
    // A selective filter may have to read more entries than a page shows, but reads no more than this at a time. Then
    // the page is short, and still has a cursor.
    let scanned = filter.isSelective ? 5000 : filter.limit + 1
    var unreadFrom: Int?
    let page = try connection.page(
      """
      WITH bounds AS (
        SELECT a.id AS account,
          least(coalesce(to_timestamp(\(filter.before)::bigint / 1000000)
                  + \(filter.before)::bigint % 1000000 * interval '1 microsecond' - interval '1 microsecond', 'infinity'),
                coalesce(\(filter.to?.text)::timestamptz, 'infinity')) AS latest,
          coalesce(\(filter.from?.text)::timestamptz, '-infinity') AS earliest
        FROM purses a WHERE a.owner = \(owner)
      ), scanned AS (
        SELECT s.*, CASE WHEN count(*) OVER () = \(scanned) THEN min(s.at) OVER () END AS unread_from
        FROM bounds CROSS JOIN LATERAL (
        (SELECT p.operation, p.at, -p.amount AS change, p.debit_balance AS balance, p.credit AS other FROM postings p
         WHERE p.debit = account AND p.debit >= 1000 AND p.at BETWEEN earliest AND latest
         ORDER BY p.at DESC LIMIT \(scanned))
        UNION ALL
        (SELECT p.operation, p.at, p.amount, p.credit_balance, p.debit FROM postings p
         WHERE p.credit = account AND p.credit >= 1000 AND p.at BETWEEN earliest AND latest
         ORDER BY p.at DESC LIMIT \(scanned))
        ORDER BY at DESC LIMIT \(scanned)) s
      )
      SELECT s.operation, \(raw: SQL.timestamp("s.at")) AS moment, o.kind, s.change, s.balance, u.username, i.code,
             o.quantity, o.note, (extract(epoch FROM s.at) * 1000000)::bigint AS cursor,
             (extract(epoch FROM s.unread_from) * 1000000)::bigint AS unread_from
      FROM scanned s
      JOIN operations o ON o.id = s.operation
      LEFT JOIN accounts c ON c.id = s.other LEFT JOIN users u ON u.id = c.owner LEFT JOIN items i ON i.id = o.item_id
      WHERE (\(filter.kind?.rawValue)::text IS NULL OR o.kind::text = \(filter.kind?.rawValue))
        AND (\(filter.counterpart)::text IS NULL OR u.username = \(filter.counterpart))
      ORDER BY s.at DESC LIMIT \(filter.limit + 1)
      """, limit: filter.limit
    ) { row in
      unreadFrom = try row.value("unread_from")
      return Entry(
        id: try row.value("operation"), at: try row.value("moment"), kind: try row.value("kind"),
        change: try row.value("change"), balance: try row.value("balance"), counterpart: try row.value("username"),
        item: try row.value("code"), quantity: try row.value("quantity"), message: try row.value("note"))
    }
    return CursorPage(entries: page.entries, next: page.next ?? (filter.isSelective ? unreadFrom : nil))
  }
}
