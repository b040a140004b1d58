import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Shop
import Support
import Testing

/// Lists and tables of orders, and changes of many at once.
@Suite(.tiers(.api, .database))
struct OrderListTests {
  @Test func `the list shows own orders, newest first, and pages never overlap`() throws {
    try withOrderDesk { shop in
      let other = try shop.shop.person("other")
      try shop.grant(100, to: other)
      var ids: [String] = []
      for index in 0..<7 {
        ids.insert(try shop.buy("pen"), at: 0)
        if index == 3 { _ = try shop.buy("pen", as: shop.shop.token(other)) }
      }
      #expect(shop.list() == ids)
      #expect(shop.list("?sort_order=asc") == ids.reversed())
      var (paged, cursor): ([String], String?) = ([], nil)
      repeat {
        let page = shop.shop.ask(.get, "/api/v1/orders?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""), as: shop.mine)
        paged += page.members["items"]?.elements.compactMap { $0.members["id"]?.text } ?? []
        cursor = page["next_cursor"]
      } while cursor != nil
      #expect(paged == ids)
      #expect(shop.list("?all=true", as: shop.desk).count == 8)
      #expect(shop.list("?all=true&user=other", as: shop.desk).count == 1)
      #expect(shop.list("?all=true&user=nobody", as: shop.desk) == [])
    }
  }

  @Test func `filters find orders by status, item and time`() throws {
    try withOrderDesk { shop in
      let (cup, pen) = (try shop.buy("cup"), try shop.buy("pen"))
      _ = shop.change(cup, "ready")
      for (query, due) in [
        ("status=ready", [cup]), ("status=ordered", [pen]), ("status=returned", []), ("item=pen", [pen]),
        ("item=no-such", []), ("from=2026-01-01T00:00:00Z", [pen, cup]), ("to=2026-01-01T00:00:00Z", []),
        ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", [pen, cup]), ("from=9999-01-01T00:00:00Z", []),
        ("status=ready&item=cup&user=buyer", [cup]),
      ] {
        #expect(shop.list("?all=true&\(query)", as: shop.desk) == due, "\(query)")
        if !query.contains("user=") { #expect(shop.list("?\(query)") == due, "\(query)") }
      }
      let moment = try #require(shop.shop.ask(.get, "/api/v1/orders/\(pen)", as: shop.mine)["ordered_at"])
      #expect(shop.list("?from=\(moment)") == [pen])
      #expect(shop.list("?to=\(moment)") == [cup])
    }
  }

  @Test func `every mistake in a query is named at once`() throws {
    try withOrderDesk { shop in
      let answer = shop.shop.ask(
        .get, "/api/v1/orders?all=1&status=gone&from=now&to=later&cursor=7&limit=101&sort_order=up", as: shop.mine)
      #expect(answer.status == 422)
      #expect(
        shop.shop.ask(.get, "/api/v1/orders?user=buyer", as: shop.mine).complaint.dropLast() == ["query", "user"])
      #expect(Set(answer.complaints.map { $0[1] }) == ["all", "status", "from", "to", "cursor", "limit", "sort_order"])
    }
  }

  @Test func `a filter reads a bounded number of orders, and the page has a cursor`() throws {
    try withOrderDesk { shop in
      let first = try shop.buy("cup")
      try shop.shop.owner.run(
        """
        WITH made AS (
          SELECT rpad(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + 1000 + n), 12, '0'), 32, '0')::uuid AS id
          FROM generate_series(1, 6000) n
        ), done AS (
          INSERT INTO operations (id, owner, kind, content, outcome, at, item_id, amount, quantity)
          SELECT id, \(shop.buyer.id), 'purchase', '', 'done', now(), (SELECT id FROM items WHERE code = 'pen'), 10, 1
          FROM made
        )
        INSERT INTO orders (owner, id, asset, quantity, status)
        SELECT \(shop.buyer.id), id, (SELECT s.id FROM assets s JOIN items i ON i.id = s.item_id WHERE i.code = 'pen'), 1,
               'ordered' FROM made
        """)
      for scope in ["?item=cup", "?item=cup&all=true"] {
        let short = shop.shop.ask(.get, "/api/v1/orders" + scope, as: shop.desk(for: scope))
        #expect(short.members["items"]?.elements.count == 0)
        let cursor = try #require(short["next_cursor"])
        #expect(shop.list("\(scope)&cursor=\(cursor)", as: shop.desk(for: scope)) == [first])
      }
      // The table reads on by itself.
      let table = try self.table(shop, "/api/v1/orders?item=cup", as: shop.mine)
      #expect(table.map { $0[0] } == ["id", first])
    }
  }

  @Test func `the feed of what can be fetched reads no other orders, however many there are`() throws {
    try withOrderDesk { shop in
      try shop.shop.owner.run(
        """
        INSERT INTO orders (owner, id, asset, quantity, status)
        SELECT CASE WHEN n > 5000 THEN \(shop.buyer.id) ELSE gen_random_uuid() END, gen_random_uuid(),
               (SELECT min(id) FROM assets WHERE sale = 'alone'), 1,
               CASE WHEN n > 5000 THEN 'handed_over' ELSE 'ready' END::order_status
        FROM generate_series(1, 15000) n
        """)
      try shop.shop.owner.perform("ANALYZE orders")
      let ids = try (0..<3).map { _ in try shop.buy("pen") }
      for id in ids.prefix(2) { #expect(shop.change(id, "ready").status == 200) }
      let app = try TestCluster.connection(user: TestCluster.app, database: shop.shop.place.database)
      func read() throws -> Int {
        try app.value(
          """
          SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
          FROM pg_stat_xact_user_tables WHERE relname = 'orders'
          """)
      }
      for isNamed in [false, true] {
        var list = OrderList()
        if isNamed { list.user = "buyer" } else { list.owner = shop.buyer.id }
        list.status = .ready
        // A session adds to its own statistics until a transaction ends, so the difference within one counts.
        try app.perform("BEGIN")
        let before = try read()
        let page = try list.read(on: app)
        let after = try read()
        try app.perform("ROLLBACK")
        #expect(page.orders.map(\.id.text) == ids.prefix(2).reversed())
        #expect(page.next == nil)
        #expect(after - before <= 4, "\(after - before)")
      }
    }
  }

  @Test func `an unchanged list is 304, and each change of an order makes it another one`() throws {
    try withOrderDesk { shop in
      let order = try shop.buy("cup")
      func feed(_ tag: String?) -> Answer {
        var headers: Headers = ["Authorization": "Bearer " + shop.mine]
        if let tag { headers.add("If-None-Match", tag) }
        return shop.shop.worker.ask(Request(.get, "/api/v1/orders?status=ready", headers: headers, id: "r-1"))
      }
      let empty = feed(nil)
      #expect(empty.status == 200 && empty.header("Cache-Control") == "private, no-cache")
      let tag = try #require(empty.header("ETag"))
      #expect(feed(tag).status == 304 && feed(tag).response.body.isEmpty && feed(tag).header("ETag") == tag)
      _ = shop.change(order, "ready")
      let filled = feed(tag)
      #expect(filled.status == 200 && filled.header("ETag") != tag)
      #expect(feed("W/" + (filled.header("ETag") ?? "")).status == 304)
      _ = shop.change(order, "hand-over")
      #expect(feed(filled.header("ETag")).status == 200)
      #expect(feed(tag).status == 304)
      // The orders of other people stay in no browser.
      let everybody = shop.shop.ask(.get, "/api/v1/orders?all=true", as: shop.desk)
      #expect(everybody.status == 200 && everybody.header("ETag") == nil)
    }
  }

  @Test func `the table has all orders, and no cell that a spreadsheet would run`() throws {
    try withOrderDesk { shop in
      let names = try (0..<3).map { try shop.shop.person("=cmd\($0)") }
      for user in names {
        try shop.grant(1000, to: user)
        for _ in 0..<60 { _ = try shop.buy("pen", as: shop.shop.token(user)) }
      }
      let rows = try table(shop, "/api/v1/orders?all=true&limit=1", as: shop.desk)
      #expect(rows.count == 181)
      #expect(rows[0].prefix(8) == ["id", "user", "item", "name", "quantity", "collection", "quality_level", "price"])
      #expect(rows.dropFirst().allSatisfy { $0[1].hasPrefix("'=cmd") })
    }
  }

  @Test func `many orders are changed at once, and each is answered for itself`() throws {
    try withOrderDesk { shop in
      let ids = try (0..<3).map { _ in try shop.buy("pen") }
      #expect(shop.change(ids[1], "cancel", as: shop.mine).status == 200)
      let asked = ids + [UUID().uuidString.lowercased(), ids[0]]
      func all(_ step: String) -> Answer {
        shop.shop.ask(.post, "/api/v1/orders/\(step)", ["ids": .array(asked.map(JSON.string))], as: shop.desk)
      }
      let early = all("hand-over").members["items"]?.elements ?? []
      #expect(
        early.map { $0.members["code"]?.text } == [
          "order_is_ordered", "order_is_cancelled", "order_is_ordered", "not_found", "order_is_ordered",
        ])
      let answer = all("ready")
      #expect(answer.status == 200)
      let items = answer.members["items"]?.elements ?? []
      #expect(items.map { $0.members["id"]?.text } == asked)
      #expect(
        items.map { $0.members["status"]?.text ?? $0.members["code"]?.text } == [
          "ready", "order_is_cancelled", "ready", "not_found", "ready",
        ])
      #expect(all("ready").text == answer.text)
      #expect(shop.status(ids[0]) == "ready")
      #expect(try shop.shop.count("audit", "action = 'order.ready'") == 2)
    }
  }

  @Test func `a list of orders to change has 1 to 1000 ids`() throws {
    try withOrderDesk { shop in
      for ids in [[], Array(repeating: JSON.string(UUID().uuidString), count: 1001), ["x"], [1]] as [[JSON]] {
        let answer = shop.shop.ask(.post, "/api/v1/orders/ready", ["ids": .array(ids)], as: shop.desk)
        #expect(answer.status == 422)
      }
      #expect(shop.shop.ask(.post, "/api/v1/orders/ready", ["id": []], as: shop.desk).complaints.count == 2)
      let mixed: JSON = ["ids": ["x", .string(UUID().uuidString), 5], "note": 7]
      let places = shop.shop.ask(.post, "/api/v1/orders/ready", mixed, as: shop.desk).complaints.map { $0.dropLast() }
      #expect(Set(places) == [["body", "ids", "0"], ["body", "ids", "2"], ["body", "note"]])
    }
  }

  private func table(_ shop: OrderDesk, _ path: String, as token: String) throws -> [[String]] {
    let headers: Headers = ["Authorization": "Bearer " + token, "Accept": "text/csv"]
    let answer = shop.shop.worker.ask(Request(.get, path, headers: headers, id: "r-1"))
    #expect(answer.status == 200)
    return try CSV(parsing: Array(answer.text.utf8)).rows.map(\.fields)
  }
}

extension OrderDesk {
  fileprivate func desk(for scope: String) -> String { scope.contains("all") ? desk : mine }
}
