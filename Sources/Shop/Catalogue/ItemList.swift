package import FoundationEssentials
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

/// A line of the catalogue for people to read.
package struct ItemLine: Sendable {
  package let code: String
  package let name: String
  package let price: Int?
  /// A number, or `unlimited`.
  package let stock: String
  /// As `s:5 m:unlimited winter_2025/l:0:paused`; `base` is the standard variant beside others.
  package let variants: String
  package let isActive: Bool

  /// All items by code, or one of them.
  package static func read(_ id: UUID? = nil, on connection: borrowing Connection) throws -> [ItemLine] {
    try connection.rows(
      """
      SELECT code, name, price, coalesce(document::json ->> 'stock', 'unlimited'), (
          SELECT coalesce(string_agg(concat(
              coalesce(nullif(concat_ws('/', v ->> 'collection', v ->> 'quality_level'), ''), 'base'),
              ':', coalesce(v ->> 'stock', 'unlimited'), CASE v ->> 'is_active' WHEN 'false' THEN ':paused' END
            ), ' ' ORDER BY n), '')
          FROM json_array_elements(document::json -> 'variants') WITH ORDINALITY AS listed (v, n)), is_active
      FROM catalogue WHERE \(id)::uuid IS NULL OR id = \(id)::uuid ORDER BY code
      """
    ) { row in
      ItemLine(
        code: try row.value(0), name: try row.value(1), price: try row.value(2), stock: try row.value(3),
        variants: try row.value(4), isActive: try row.value(5))
    }
  }
}
