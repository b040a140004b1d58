package import Postgres

/// The catalogue as a list.
package enum ItemList {
  package enum Order: String, Sendable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case code, name, price
  }

  package struct Page: Sendable {
    package var number = 1
    package var limit = 20
    package var search: String?
    package var `class`: String?
    package var type: String?
    package var isActive = true
    package var order = Order.createdAt
    package var isDescending = false
    package init() {}
  }

  package static func read(_ page: Page, on connection: borrowing Connection) throws -> NumberedPage<Item> {
    let direction = page.isDescending ? "DESC" : "ASC"
    return try connection.page(
      """
      WITH found AS MATERIALIZED (
        SELECT id, \(raw: page.order.rawValue) AS place FROM catalogue
        WHERE is_active = \(page.isActive)
          AND (\(page.class)::text IS NULL OR class = \(page.class))
          AND (\(page.type)::text IS NULL OR type = \(page.type))
          AND (\(page.search)::text IS NULL OR strpos(
            -- Without it, the collation of `code` would hold for the whole text, and it knows only English letters.
            lower((code || E'\\n' || name || E'\\n' || description) COLLATE "default"), lower(\(page.search))) > 0)
      ), page AS (
        SELECT id, row_number() OVER (ORDER BY place \(raw: direction) NULLS LAST, id \(raw: direction)) AS place
        FROM found ORDER BY 2 LIMIT \(page.limit) OFFSET \((page.number - 1) * page.limit)
      )
      SELECT c.id, c.document, (SELECT count(*) FROM found) AS total
      FROM (SELECT 1) AS one LEFT JOIN page ON true LEFT JOIN catalogue c USING (id) ORDER BY page.place
      """
    ) { try Item(row: $0) }
  }
}
