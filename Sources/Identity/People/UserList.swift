package import Postgres

/// The list of users.
package enum UserList {
  package enum Order: String, Sendable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case username, email
    case fullName = "full_name"
    case role

    /// As its index has it; the others compare by the database's collation, which is by code point too.
    fileprivate var column: String {
      switch self {
      case .email, .fullName, .role: "\(rawValue) COLLATE \"C\""
      case .createdAt, .updatedAt, .username: rawValue
      }
    }
  }

  package struct Page: Sendable {
    package var number = 1
    package var limit = 20
    package var search: String?
    package var role: Role?
    package var isActive: Bool?
    package var order = Order.createdAt
    package var isDescending = true
    package init() {}
  }

  /// Counting and finding the page read indexes alone, so a late page costs little more than the first, and a page
  /// behind the end nothing.
  package static func read(_ page: Page, on connection: borrowing Connection) throws -> NumberedPage<User> {
    let direction = page.isDescending ? "DESC" : "ASC"
    let nulls = page.isDescending ? "NULLS FIRST" : "NULLS LAST"
    let order = "key \(direction) \(nulls), id \(direction)"
    // A text longer than any name is in none.
    let pattern = page.search.map { "%\(escaped($0.normalized(mostBytes: Username.mostBytes) ?? "\u{1}"))%" }
    var filter: SQL = pattern == nil ? "" : "AND searched LIKE lower(\(pattern))"
    if let role = page.role { filter = "\(filter) AND role COLLATE \"C\" = \(role.rawValue)" }
    if let isActive = page.isActive { filter = "\(filter) AND is_active = \(isActive)" }
    let offset = (page.number - 1) * page.limit
    var sql: SQL =
      """
      WITH total AS MATERIALIZED (SELECT count(*) AS n FROM users WHERE deleted_at IS NULL \(filter)),
      page AS MATERIALIZED (
        SELECT \(raw: page.order.column) AS key, id FROM users
        WHERE deleted_at IS NULL \(filter) AND (SELECT n FROM total) > \(offset)
        ORDER BY \(raw: order) LIMIT \(page.limit) OFFSET \(offset)
      )
      SELECT total.n AS total, u.* FROM total LEFT JOIN (SELECT \(raw: User.columns), key FROM page JOIN users USING (id)) u ON true
      ORDER BY \(raw: order)
      """
    // Short and long words, first and last pages each need a plan of their own.
    sql.isPlannedAnew = true
    return try connection.page(sql) { try User(row: $0) }
  }

  private static func escaped(_ search: String) -> String {
    var text = ""
    for scalar in search.unicodeScalars {
      if ["%", "_", "\\"].contains(scalar) { text.unicodeScalars.append("\\") }
      text.unicodeScalars.append(scalar)
    }
    return text
  }
}
