package import FoundationEssentials
package import Ledger
package import Postgres

/// Orders in the sequence of their ids, which is that of time, in pages.
package struct OrderList: Sendable {
  /// Nil for the orders of everybody.
  package var owner: UUID?
  package var user: String?
  package var status: Order.Status?
  package var item: String?
  package var from: Instant?
  package var to: Instant?
  /// Where the page before this one ended.
  package var cursor: UUID?
  package var isAscending = false
  package var limit = 50
  package init() {}

  package struct Page: Sendable {
    package let orders: [Order]
    package let next: UUID?
  }

  /// A selective filter may have to read more orders than a page shows, but reads no more than this at a time. Then the
  /// page is short, and still has a cursor.
  private static let mostRead = 5000
  /// Beyond the ends of a period as many may be read in vain.
  private static let mostBeside = 200

  package func read(on connection: borrowing Connection) throws -> Page {
    let most = isSelective ? Self.mostRead : limit + 1 + (from == nil && to == nil ? 0 : Self.mostBeside)
    let direction = isAscending ? "ASC" : "DESC"
    var unread: UUID?
    // The filters decide before the rest of an order is looked up.
    let found = try connection.rows(
      """
      WITH read AS MATERIALIZED (
        SELECT o.owner, o.id, o.status, o.asset FROM \(source(most)) o ORDER BY o.id \(raw: direction) LIMIT \(most)
      ), shown AS MATERIALIZED (
        SELECT read.owner, read.id
        FROM read CROSS JOIN LATERAL (SELECT p.at FROM operations p WHERE p.id = read.id LIMIT 1) p
        WHERE (\(status?.rawValue)::text IS NULL OR read.status::text = \(status?.rawValue))
          AND (\(item)::text IS NULL OR read.asset = ANY (ARRAY(
            SELECT s.id FROM items i JOIN assets s ON s.item_id = i.id WHERE i.code = \(item))))
          AND (\(from?.text)::timestamptz IS NULL OR p.at >= \(from?.text)::timestamptz)
          AND (\(to?.text)::timestamptz IS NULL OR p.at < \(to?.text)::timestamptz)
        ORDER BY read.id \(raw: direction) LIMIT \(limit + 1)
      ), lines AS (
        SELECT l.* FROM shown CROSS JOIN LATERAL (
          SELECT * FROM order_lines l WHERE l.owner = shown.owner AND l.id = shown.id LIMIT 1) l
      )
      SELECT \(Order.columns), last.unread
      FROM (SELECT CASE WHEN count(*) = \(most) THEN (array_agg(id ORDER BY id \(raw: direction)))[\(most)] END AS unread
            FROM read) last
      LEFT JOIN lines ON true ORDER BY lines.id \(raw: direction)
      """
    ) { row in
      unread = try row.value("unread")
      return try row.value("id", as: UUID?.self) == nil ? nil : Order(row)
    }.compactMap { $0 }
    let orders = Array(found.prefix(limit))
    return Page(orders: orders, next: found.count > limit ? orders.last?.id : unread)
  }

  package static let mostInTable = 50_000

  /// Page by page, so that no more than one is in memory.
  package func forEachPage(on connection: borrowing Connection, _ body: ([Order]) -> Void) throws {
    var list = self
    list.limit = 1000
    var count = 0
    repeat {
      let page = try list.read(on: connection)
      count += page.orders.count
      guard count <= Self.mostInTable else { throw OrderRefusal(.tooMany) }
      body(page.orders)
      list.cursor = page.next
    } while list.cursor != nil
  }

  private var isSelective: Bool { item != nil || (owner != nil || user != nil) && status != nil && status != .ready }

  /// By owner, by status, or by both where the status is that of orders to be fetched: each has an index that ends with
  /// the id. The plan finds the third only if the statement has its condition.
  private func source(_ most: Int) -> SQL {
    let direction = isAscending ? "ASC" : "DESC"
    let last: SQL = "\(bounds) ORDER BY o.id \(raw: direction) LIMIT \(most)"
    let ready = status == .ready ? "AND (o.status = 'ready') IS TRUE" : ""
    if let owner {
      return """
        (SELECT o.owner, o.id, o.status, o.asset FROM orders o WHERE o.owner = \(owner) \(raw: ready) \(last))
        """
    }
    if let user {
      return """
        (SELECT o.owner, o.id, o.status, o.asset FROM orders o
         WHERE o.owner = (SELECT u.id FROM users u WHERE u.username = \(user) AND u.deleted_at IS NULL)
         \(raw: ready) \(last))
        """
    }
    return """
      (SELECT o.owner, o.id, o.status, o.asset
       FROM unnest(CASE WHEN \(status?.rawValue)::text IS NULL THEN enum_range(NULL::order_status)
                   ELSE ARRAY[\(status?.rawValue)::text::order_status] END) AS wanted (status)
       CROSS JOIN LATERAL (SELECT o.owner, o.id, o.status, o.asset FROM orders o WHERE o.status = wanted.status \(last)) o)
      """
  }

  /// An id begins with the milliseconds at which its request arrived. The moment of the order is that of the database,
  /// so an hour more is read at both ends.
  private var bounds: SQL {
    var bounds: SQL = ""
    if let cursor { bounds = "\(bounds) AND o.id \(raw: isAscending ? ">" : "<") \(cursor)" }
    if let from { bounds = "\(bounds) AND o.id >= \(Self.id(at: "\(from.text)::timestamptz - interval '1 hour'"))" }
    if let to { bounds = "\(bounds) AND o.id < \(Self.id(at: "\(to.text)::timestamptz + interval '1 hour'"))" }
    return bounds
  }

  private static func id(at moment: SQL) -> SQL {
    "rpad(lpad(to_hex(greatest(extract(epoch FROM \(moment)) * 1000, 0)::bigint), 12, '0'), 32, '0')::uuid"
  }
}
