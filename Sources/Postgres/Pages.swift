/// One page of a list that is turned by numbers, and how many entries the whole list has.
package struct NumberedPage<Entry: Sendable>: Sendable {
  package let entries: [Entry]
  package let total: Int
}

/// One page of a list that is read on from a cursor.
package struct KeysetPage<Entry: Sendable, Cursor: Sendable>: Sendable {
  package let entries: [Entry]
  /// Where the next page begins; nil at the end.
  package let next: Cursor?

  package init(entries: [Entry], next: Cursor?) {
    self.entries = entries
    self.next = next
  }
}

package typealias CursorPage<Entry: Sendable> = KeysetPage<Entry, Int>

extension Connection {
  /// Every row has the column `total`. A page behind the end has one row all the same, whose `id` is null.
  package func page<Entry>(_ sql: SQL, _ read: (Row) throws -> Entry) throws -> NumberedPage<Entry> {
    var total = 0
    let entries = try rows(sql) { row -> Entry? in
      total = try row.value("total")
      return try row.value("id", as: String?.self) == nil ? nil : read(row)
    }
    return NumberedPage(entries: entries.compactMap { $0 }, total: total)
  }

  /// The statement asks for one row more than `limit`, which tells whether there is a next page. The column `cursor`
  /// of the last row on the page says where that begins.
  package func page<Entry>(
    _ sql: SQL, limit: Int, _ read: (Row) throws -> Entry
  ) throws -> CursorPage<Entry> {
    try page(sql, limit: limit, by: Int.self, read)
  }

  /// The same where the cursor is no number.
  package func page<Entry, Cursor: PostgresDecodable & Sendable>(
    _ sql: SQL, limit: Int, by type: Cursor.Type, _ read: (Row) throws -> Entry
  ) throws -> KeysetPage<Entry, Cursor> {
    let found = try rows(sql) { (entry: try read($0), cursor: try $0.value("cursor", as: Cursor.self)) }
    let page = found.prefix(limit)
    return KeysetPage(entries: page.map(\.entry), next: found.count > limit ? page.last?.cursor : nil)
  }
}
