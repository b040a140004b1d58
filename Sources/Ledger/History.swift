package import FoundationEssentials
package import Postgres

/// The changes of a balance, newest first, in pages. The next page begins behind the moment of the last entry, which no
/// other entry of the account shares.
package enum History {
  package enum Kind: String, Sendable, CaseIterable {
    case grant, transfer, purchase, refund
    case undo = "undo_transfer"

    /// Of all movements of this kind; nil if they go both ways.
    fileprivate var direction: Direction? {
      switch self {
      case .grant, .refund: .incoming
      case .purchase: .outgoing
      case .transfer, .undo: nil
      }
    }
  }

  /// As the owner sees it: coins come in or go out.
  package enum Direction: String, Sendable, CaseIterable {
    case incoming = "in"
    case outgoing = "out"
  }

  package struct Filter: Sendable {
    package var before: Int?
    package var limit = 50
    package var kind: Kind?
    package var direction: Direction?
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
    package let counterpartName: String?
    package let item: String?
    package let quantity: Int?
    package let message: String?
    /// Of a transfer: it was taken back.
    package let isUndone: Bool
    /// The admin who gave the coins, or the one of the staff who took an order back; nil if it was a command, or the
    /// owner.
    package let maker: String?
  }

  package static func read(
    _ filter: Filter, of owner: UUID, on connection: borrowing Connection
  ) throws -> CursorPage<Entry> {
    // A selective filter may have to read more entries than a page shows, but reads no more than this at a time. Then
    // the page is short, and still has a cursor.
    let scanned = filter.isSelective ? 5000 : filter.limit + 1
    var unreadFrom: Int?
    // Looked up by itself, because for a known account the planner sees how long its history is. Otherwise it may read and
    // sort the whole history of an account that is much longer than most.
    let account: Int? = try connection.row("SELECT id FROM purses WHERE owner = \(owner)") { try $0.value(0) }
    guard let account else { return CursorPage(entries: [], next: nil) }
    let found = try connection.rows(
      """
      WITH scanned AS MATERIALIZED (
        \(filter.source(account, scanned))
      ), shown AS MATERIALIZED (
        SELECT s.*, o.kind, o.quantity, o.note, o.item_id,
               CASE WHEN o.kind = 'grant' OR o.kind = 'refund' AND o.actor <> o.owner THEN o.actor END AS maker,
               o.kind = 'transfer' AND EXISTS (
                 SELECT FROM operations u WHERE u.key = o.id AND u.owner = o.owner AND u.kind = 'undo_transfer'
                   AND u.outcome = 'done') AS is_undone
        FROM scanned s CROSS JOIN LATERAL (SELECT * FROM operations o WHERE o.id = s.operation LIMIT 1) o
        WHERE (\(filter.kind?.rawValue)::text IS NULL OR o.kind::text = \(filter.kind?.rawValue))
          AND (\(filter.counterpart)::text IS NULL OR \(filter.counterpart) = (
            SELECT u.username FROM accounts c JOIN users u ON u.id = c.owner WHERE c.id = s.other))
        ORDER BY s.at DESC LIMIT \(filter.limit + 1)
      )
      SELECT s.operation, \(raw: SQL.timestamp("s.at")) AS moment, s.kind, s.change, s.balance, u.username, u.full_name,
             (SELECT i.code FROM items i WHERE i.id = s.item_id) AS code, s.quantity, s.note, s.is_undone,
             (SELECT m.username FROM users m WHERE m.id = s.maker) AS maker,
             (extract(epoch FROM s.at) * 1000000)::bigint AS cursor,
             (extract(epoch FROM last.unread_from) * 1000000)::bigint AS unread_from
      FROM (SELECT CASE WHEN count(*) = \(scanned) THEN min(at) END AS unread_from FROM scanned) last
      LEFT JOIN shown s ON true
      LEFT JOIN LATERAL (
        SELECT u.username, u.full_name FROM accounts c JOIN users u ON u.id = c.owner WHERE c.id = s.other LIMIT 1
      ) u ON true
      ORDER BY s.at DESC
      """
    ) { row -> (entry: Entry, cursor: Int)? in
      // This is also in the one row of a page without entries.
      unreadFrom = try row.value("unread_from")
      guard let cursor = try row.value("cursor", as: Int?.self) else { return nil }
      return (try Entry(row), cursor)
    }.compactMap { $0 }
    let page = found.prefix(filter.limit)
    let next = found.count > filter.limit ? page.last?.cursor : filter.isSelective ? unreadFrom : nil
    return CursorPage(entries: page.map(\.entry), next: next)
  }
}

extension History.Entry {
  fileprivate init(_ row: Row) throws {
    id = try row.value("operation")
    at = try row.value("moment")
    kind = try row.value("kind")
    change = try row.value("change")
    balance = try row.value("balance")
    counterpart = try row.value("username")
    counterpartName = try row.value("full_name")
    item = try row.value("code")
    quantity = try row.value("quantity")
    message = try row.value("note")
    isUndone = try row.value("is_undone")
    maker = try row.value("maker")
  }
}

extension History.Filter {
  /// The postings of the account, from the index of one side or of both.
  fileprivate func source(_ account: Int, _ most: Int) -> SQL {
    let earliest: SQL = "coalesce(\(from?.text)::timestamptz, '-infinity')"
    let latest: SQL = """
      least(coalesce(to_timestamp(\(before)::bigint / 1000000)
              + \(before)::bigint % 1000000 * interval '1 microsecond' - interval '1 microsecond', 'infinity'),
            coalesce(\(to?.text)::timestamptz, 'infinity'))
      """
    let outgoing: SQL = """
      SELECT p.operation, p.at, -p.amount AS change, p.debit_balance AS balance, p.credit AS other FROM postings p
      WHERE p.debit = \(account) AND p.debit >= 1000 AND p.at BETWEEN \(earliest) AND \(latest)
      ORDER BY p.at DESC LIMIT \(most)
      """
    let incoming: SQL = """
      SELECT p.operation, p.at, p.amount AS change, p.credit_balance AS balance, p.debit AS other FROM postings p
      WHERE p.credit = \(account) AND p.credit >= 1000 AND p.at BETWEEN \(earliest) AND \(latest)
      ORDER BY p.at DESC LIMIT \(most)
      """
    switch direction ?? kind?.direction {
    case .incoming: return incoming
    case .outgoing: return outgoing
    case nil: return "(\(outgoing)) UNION ALL (\(incoming)) ORDER BY at DESC LIMIT \(most)"
    }
  }
}
