internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.database))
struct PageTests {
  private func numbered(_ page: Int, on connection: borrowing Connection) throws -> NumberedPage<Int> {
    try connection.page(
      """
      SELECT n AS id, total FROM (SELECT count(*) AS total FROM generate_series(1, 5)) AS t LEFT JOIN (
        SELECT n FROM generate_series(1, 5) AS n ORDER BY n LIMIT 2 OFFSET \((page - 1) * 2)
      ) AS page ON true
      """
    ) { try $0.value("id") }
  }

  @Test(arguments: [(1, [1, 2]), (3, [5]), (4, [])])
  func `a page by number has its entries and the length of the list, also behind the end`(
    number: Int, entries: [Int]
  ) throws {
    try withDatabase { connection in
      let page = try numbered(number, on: connection)
      #expect(page.entries == entries)
      #expect(page.total == 5)
    }
  }

  private func after(
    _ cursor: Int?, limit: Int = 2, on connection: borrowing Connection
  ) throws -> CursorPage<String> {
    try connection.page(
      """
      SELECT 'entry ' || n AS text, n AS cursor FROM generate_series(1, 5) AS n
      WHERE n > coalesce(\(cursor), 0) ORDER BY n LIMIT \(limit + 1)
      """, limit: limit
    ) { try $0.value("text") }
  }

  @Test func `a page by cursor is read on from its last entry, until there is no more`() throws {
    try withDatabase { connection in
      let first = try after(nil, on: connection)
      #expect(first.entries == ["entry 1", "entry 2"])
      #expect(first.next == 2)
      let last = try after(3, on: connection)
      #expect(last.entries == ["entry 4", "entry 5"])
      #expect(last.next == nil)
      #expect(try after(nil, limit: 5, on: connection).next == nil)
      #expect(try after(5, on: connection).entries.isEmpty)
    }
  }
}
