import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Shop
import Support
import Testing

@Suite(.tiers(.api, .database))
struct ReportTests {
  /// Moves an operation with its postings into the past, as if it had happened then.
  private func date(_ id: String, daysAgo days: Int, in shop: OrderDesk) throws {
    for table in ["operations", "postings"] {
      try shop.shop.owner.perform("ALTER TABLE \(table) DISABLE TRIGGER USER")
      try shop.shop.owner.run(
        """
        UPDATE \(raw: table) SET at = at - make_interval(days => \(days))
        WHERE \(raw: table == "operations" ? "id" : "operation") = \(UUID(uuidString: id))
        """)
      try shop.shop.owner.perform("ALTER TABLE \(table) ENABLE TRIGGER USER")
    }
  }

  /// Days relative to the day (UTC) of the database, as `2026-01-31`.
  private func day(_ ago: Int, in shop: OrderDesk) throws -> String {
    try shop.shop.owner.value("SELECT ((now() AT TIME ZONE 'UTC')::date - \(ago)::int)::text")
  }

  private func rollUp(_ shop: OrderDesk) throws {
    let before = UUID.timeOrdered()
    try eventually("the totals have them") {
      while try Statistics.rollUp(before: before, most: 3, on: shop.shop.owner) {}
      return try shop.shop.owner.value("SELECT taken_up_to = \(before) FROM rollup")
    }
  }

  private func send(_ amount: Int, to name: String, in shop: OrderDesk) throws -> String {
    let headers: Headers = ["Authorization": "Bearer " + shop.mine, "Idempotency-Key": UUID().uuidString]
    let body: JSON = ["to_user": .string(name), "amount": .integer(amount)]
    let answer = shop.shop.worker.ask(
      Request(.post, "/api/v1/transfers", headers: headers, body: body.bytes, id: "r-1"))
    return try #require(answer["id"])
  }

  /// Four days ago the buyer got 1000 coins and bought two cups and a book, three days ago a pen. The cups were given back
  /// yesterday. Two transfers were three days ago, of which one was undone today; one more was today.
  private func withHistory(_ body: (OrderDesk, _ admin: String) throws -> Void) throws {
    try withOrderDesk { shop in
      let admin = try shop.shop.bearer(.admin)
      try shop.shop.person("friend")
      let grant: UUID = try shop.shop.owner.value("SELECT id FROM operations WHERE kind = 'grant'")
      let (cups, book, pen) = (try shop.buy("cup", 2), try shop.buy("book"), try shop.buy("pen"))
      #expect(shop.change(cups, "cancel", note: "torn").status == 200)
      let refund: UUID = try shop.shop.owner.value("SELECT id FROM operations WHERE kind = 'refund'")
      let (early, undone) = (try send(5, to: "friend", in: shop), try send(100, to: "friend", in: shop))
      _ = try send(7, to: "friend", in: shop)
      #expect(shop.shop.ask(.post, "/api/v1/transfers/\(undone)/undo", as: shop.mine).status == 201)
      for (id, days) in [(grant.text, 4), (cups, 4), (book, 4), (pen, 3), (refund.text, 1), (early, 3), (undone, 3)] {
        try date(id, daysAgo: days, in: shop)
      }
      try body(shop, admin)
    }
  }

  @Test(arguments: [false, true])
  func `the report on coins follows the ledger day by day, before and after the roll-up`(isRolledUp: Bool) throws {
    try withHistory { shop, admin in
      if isRolledUp { try rollUp(shop) }
      let (first, last) = (try day(5, in: shop), try day(0, in: shop))
      let answer = shop.shop.ask(.get, "/api/v1/reports/coins?from=\(first)&to=\(last)", as: admin)
      #expect(answer.status == 200, "\(answer.text)")
      let rows = answer.members["items"]?.elements.map(\.members) ?? []
      #expect(rows.map { $0["day"]?.text } == (try (0...5).reversed().map { try day($0, in: shop) }))
      #expect(rows.map { $0["granted"] } == [0, 1000, 0, 0, 0, 0])
      #expect(rows.map { $0["spent"] } == [0, 90, 10, 0, 0, 0])
      #expect(rows.map { $0["returned"] } == [0, 0, 0, 0, 40, 0])
      #expect(rows.map { $0["sent"] } == [0, 0, 5, 0, 0, 7])
      #expect(rows.map { $0["outstanding"] } == [0, 910, 900, 900, 940, 940])
      var sums = answer.members
      sums["items"] = nil
      #expect(
        sums == [
          "from": .string(first), "to": .string(last), "granted": 1000, "spent": 100, "returned": 40, "sent": 12,
          "outstanding": 940,
        ])
      let held: Int = try shop.shop.owner.value("SELECT sum(balance)::bigint FROM purses WHERE owner IS NOT NULL")
      #expect(sums["outstanding"] == .integer(held))
      // A day alone still knows what was there before it.
      let quiet = try day(2, in: shop)
      let one = shop.shop.ask(.get, "/api/v1/reports/coins?from=\(quiet)&to=\(quiet)", as: admin)
      #expect(one.members["outstanding"] == 900 && one.members["spent"] == 0)
    }
  }

  @Test(arguments: [false, true])
  func `the report on purchases counts by variant and by day, and what came back since`(isRolledUp: Bool) throws {
    try withHistory { shop, admin in
      if isRolledUp { try rollUp(shop) }
      let (first, last) = (try day(4, in: shop), try day(3, in: shop))
      let answer = shop.shop.ask(.get, "/api/v1/reports/purchases?from=\(first)&to=\(last)", as: admin)
      let lines = answer.members["items"]?.elements.map(\.members) ?? []
      #expect(lines.map { $0["code"] } == ["cup", "book", "pen"])
      #expect(lines.map { $0["purchases"] } == [1, 1, 1])
      #expect(lines.map { $0["quantity"] } == [2, 1, 1])
      #expect(lines.map { $0["coins"] } == [40, 50, 10])
      #expect(lines.map { $0["returned"] } == [2, 0, 0])
      #expect(lines.first?["name"] == "Cup" && lines.first?["collection"] == nil)
      let days = answer.members["days"]?.elements ?? []
      #expect(
        days == [
          ["day": .string(first), "purchases": 2, "quantity": 3, "coins": 90],
          ["day": .string(last), "purchases": 1, "quantity": 1, "coins": 10],
        ])
      #expect(answer.members["purchases"] == 3 && answer.members["quantity"] == 4 && answer.members["coins"] == 100)
      let none = shop.shop.ask(.get, "/api/v1/reports/purchases?from=2020-01-01&to=2020-01-02", as: admin)
      #expect(none.members["items"] == [] && none.members["days"]?.elements.count == 2)
      #expect(none.members["coins"] == 0)
    }
  }

  @Test(arguments: [false, true])
  func `the report on stock begins with what runs low, and says what was sold`(isRolledUp: Bool) throws {
    try withHistory { shop, admin in
      try shop.shop.owner.run("UPDATE items SET low_stock_at = 3 WHERE code IN ('pen', 'book')")
      for (code, pieces) in [("pen", 4), ("book", 3)] {
        let item: UUID = try shop.shop.owner.value("SELECT id FROM items WHERE code = \(code)")
        let body: JSON = ["stock": .integer(pieces), "reason": "counted"]
        #expect(shop.shop.ask(.put, "/api/v1/items/\(item.text)/stock", body, as: admin).status == 200)
      }
      if isRolledUp { try rollUp(shop) }
      let answer = shop.shop.ask(.get, "/api/v1/reports/stock", as: admin)
      let lines = answer.members["items"]?.elements.map(\.members) ?? []
      #expect(lines.count == 10)
      #expect(lines.first?["code"] == "book" && lines.first?["stock"] == 3 && lines.first?["below"] == true)
      let (pen, cup) = (lines.first { $0["code"] == "pen" }, lines.first { $0["code"] == "cup" })
      #expect(pen?["stock"] == 4 && pen?["low_stock_at"] == 3 && pen?["below"] == false && pen?["sold"] == 1)
      #expect(cup?["stock"] == nil && cup?["low_stock_at"] == nil && cup?["below"] == false && cup?["sold"] == 0)
      let past = shop.shop.ask(.get, "/api/v1/reports/stock?from=2020-01-01&to=2020-01-02", as: admin)
      #expect(past.members["items"]?.elements.allSatisfy { $0.members["sold"] == 0 } == true)
    }
  }

  @Test func `each report is a table as well, and no cell of it is run by a spreadsheet`() throws {
    try withHistory { shop, admin in
      try shop.shop.owner.run("UPDATE items SET name = '=cmd()' WHERE code = 'cup'")
      func table(_ report: String) throws -> [[String]] {
        let headers: Headers = ["Authorization": "Bearer " + admin, "Accept": "text/csv"]
        let answer = shop.shop.worker.ask(Request(.get, "/api/v1/reports/\(report)", headers: headers, id: "r-1"))
        #expect(answer.header("Content-Type")?.hasPrefix("text/csv") == true)
        return try CSV(parsing: answer.response.body).rows.map(\.fields)
      }
      let coins = try table("coins")
      #expect(coins.count == 31)
      #expect(coins.first == ["day", "granted", "spent", "returned", "sent", "outstanding"])
      #expect(coins.last == [try day(0, in: shop), "0", "0", "0", "7", "940"])
      let purchases = try table("purchases")
      #expect(
        purchases.first
          == ["id", "code", "name", "collection", "quality_level", "purchases", "quantity", "coins", "returned"])
      #expect(purchases[1].dropFirst() == ["cup", "'=cmd()", "", "", "1", "2", "40", "2"])
      let stock = try table("stock")
      #expect(
        stock.first
          == ["id", "code", "name", "collection", "quality_level", "stock", "low_stock_at", "below", "sold"])
      #expect(stock[1].dropFirst() == ["book", "Book", "", "", "", "", "false", "1"])
    }
  }

  @Test(.tiers(.security)) func `reports are for admins alone`() throws {
    try withShop { shop in
      for report in ["coins", "purchases", "stock"] {
        for role in [Role.user, .moderator, .service] {
          let token = try shop.bearer(role, report)
          #expect(shop.ask(.get, "/api/v1/reports/\(report)", as: token).status == 403, "\(report) \(role)")
        }
        #expect(shop.ask(.get, "/api/v1/reports/\(report)").status == 401)
      }
      #expect(try shop.ask(.get, "/api/v1/reports/people", as: shop.bearer(.admin)).status == 404)
    }
  }

  @Test(arguments: ["coins", "purchases", "stock"])
  func `a period has 1 to 1100 days, the last 30 unless the request says otherwise`(report: String) throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      func period(_ query: String) -> [String?] {
        let answer = shop.ask(.get, "/api/v1/reports/\(report)?\(query)", as: admin)
        return answer.status == 200 ? [answer["from"], answer["to"]] : answer.complaint
      }
      #expect(period("to=2026-01-31") == ["2026-01-02", "2026-01-31"])
      #expect(period("from=2023-01-01&to=2026-01-04") == ["2023-01-01", "2026-01-04"])
      #expect(period("from=2023-01-01&to=2026-01-05") == ["query", "from", "value_error"])
      #expect(period("from=2026-02-01&to=2026-01-31") == ["query", "from", "value_error"])
      #expect(
        period("from=2026-01-31T23:30:00-01:00&to=2026-02-02T00:30:00.5%2B02:00") == ["2026-02-01", "2026-02-01"])
      #expect(period("from=2026-01-31T00:00:00Z&to=2026-01-31T23:59:59Z") == ["2026-01-31", "2026-01-31"])
      let both = shop.ask(.get, "/api/v1/reports/\(report)?from=yesterday&to=2026-02-30", as: admin)
      #expect(both.status == 422)
      #expect(both.complaints.map { $0.dropLast() } == [["query", "to"], ["query", "from"]])
      for text in ["2026-01-31T24:00:00Z", "9999-12-31T23:00:00-02:00", "0001-01-01T00:00:00+01:00x", ""] {
        let escaped = text.replacing("+", with: "%2B")
        #expect(shop.ask(.get, "/api/v1/reports/\(report)?to=\(escaped)", as: admin).status == 422, "\(text)")
      }
    }
  }
}
