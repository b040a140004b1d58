import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support
import Testing

/// `GET /api/v1/wallet/history`: filters, names, and bounds.
@Suite(.tiers(.api, .database))
struct WalletHistoryTests {
  private func ask(_ desk: OrderDesk, _ query: String = "") -> Answer {
    desk.shop.ask(.get, "/api/v1/wallet/history" + query, as: desk.mine)
  }

  /// Each movement as `kind change`.
  private func rows(_ answer: Answer) -> [String] {
    (answer.members["items"]?.elements ?? []).map {
      "\($0.members["kind"]?.text ?? "") \($0.members["change"]?.whole ?? 0)"
    }
  }

  @discardableResult
  private func send(_ amount: Int, to name: String, as token: String, _ shop: Shop) -> String {
    let headers: Headers = ["Authorization": "Bearer " + token, "Idempotency-Key": UUID().uuidString]
    let body: JSON = ["to_user": .string(name), "amount": .integer(amount)]
    let answer = shop.worker.ask(Request(.post, "/api/v1/transfers", headers: headers, body: body.bytes, id: "r-1"))
    #expect(answer.status == 201, "\(answer.text)")
    return answer["id"] ?? ""
  }

  @Test func `movements are filtered by their direction, with every other filter, page by page`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.person("boris", fullName: "Boris B")
      for amount in [5, 6, 7] { send(amount, to: "boris", as: desk.mine, desk.shop) }
      send(3, to: "buyer", as: desk.shop.token(boris), desk.shop)
      _ = try desk.buy("pen")
      #expect(rows(ask(desk, "?direction=in")) == ["transfer 3", "grant 1000"])
      #expect(rows(ask(desk, "?direction=out")) == ["purchase -10", "transfer -7", "transfer -6", "transfer -5"])
      #expect(rows(ask(desk, "?direction=out&kind=transfer&counterpart=boris")).count == 3)
      #expect(rows(ask(desk, "?direction=in&counterpart=boris")) == ["transfer 3"])
      #expect(rows(ask(desk, "?direction=in&kind=purchase")) == [])
      var (found, cursor): ([String], String?) = ([], nil)
      repeat {
        let page = ask(desk, "?direction=out&limit=1" + (cursor.map { "&cursor=\($0)" } ?? ""))
        found += rows(page)
        cursor = page["next_cursor"]
      } while cursor != nil
      #expect(found == rows(ask(desk, "?direction=out")))
      for wrong in ["up", "IN", ""] {
        #expect(ask(desk, "?direction=\(wrong)").complaint == ["query", "direction", "value_error"])
      }
    }
  }

  @Test func `a transfer that was taken back says so, in every list of it`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.token(desk.shop.person("boris"))
      let first = send(3, to: "boris", as: desk.mine, desk.shop)
      let second = send(3, to: "boris", as: desk.mine, desk.shop)
      #expect(desk.shop.ask(.post, "/api/v1/transfers/\(first)/undo", as: desk.mine).status == 201)
      for (query, token) in [("?kind=transfer", desk.mine), ("?direction=out", desk.mine), ("?direction=in", boris)] {
        let found = desk.shop.ask(.get, "/api/v1/wallet/history" + query, as: token).members["items"]?.elements ?? []
        let transfers = found.map(\.members).filter { $0["kind"] == "transfer" }
        #expect(transfers.map { $0["id"]?.text } == [second, first])
        #expect(transfers.map { $0["undone"] } == [nil, true])
      }
    }
  }

  @Test func `a row names the full name beside the username, and the admin or moderator who made it`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.person("boris", fullName: "Boris B")
      let admin = try desk.shop.bearer(.admin)
      try desk.grant(50, to: boris)
      send(3, to: "buyer", as: desk.shop.token(boris), desk.shop)
      let grant: JSON = ["name": "g", "amount": 4, "reason": "May", "to": ["buyer"]]
      #expect(desk.shop.ask(.post, "/api/v1/grants", grant, as: admin).status == 201)
      let (own, theirs) = (try desk.buy("pen"), try desk.buy("pen"))
      #expect(desk.change(own, "cancel", as: desk.mine).status == 200)
      #expect(desk.change(theirs, "cancel", note: "Sold out").status == 200)
      let items = ask(desk).members["items"]?.elements.map(\.members) ?? []
      #expect(
        items.map { $0["kind"]?.text } == ["refund", "refund", "purchase", "purchase", "grant", "transfer", "grant"])
      #expect(items.map { $0["made_by"]?.text } == ["the moderator", nil, nil, nil, "the admin", nil, nil])
      #expect(items.map { $0["counterpart"]?.text } == [nil, nil, nil, nil, nil, "boris", nil])
      #expect(items.map { $0["counterpart_name"]?.text } == [nil, nil, nil, nil, nil, "Boris B", nil])
      let headers: Headers = ["Authorization": "Bearer " + desk.mine, "Accept": "text/csv"]
      let table = desk.shop.worker.ask(
        Request(.get, "/api/v1/wallet/history?direction=in&kind=transfer&limit=5", headers: headers, id: "r-1"))
      #expect(table.text.hasSuffix("boris,,,,Boris B,\r\n"), "\(table.text)")
    }
  }

  /// Postings of a transfer and 6000 purchases after it, written past the ledger's functions.
  private func age(_ desk: OrderDesk) throws {
    send(9, to: "boris", as: desk.mine, desk.shop)
    try desk.shop.owner.run(
      """
      WITH made AS (
        SELECT gen_random_uuid() AS id, now() + n * interval '1 second' AS at FROM generate_series(1, 6000) n
      ), done AS (
        INSERT INTO operations (id, owner, kind, content, outcome, at, amount, quantity)
        SELECT id, \(desk.buyer.id), 'purchase', '', 'done', at, 1, 1 FROM made
      )
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version, at)
      SELECT m.id, 1, 1, p.id, 2, 1, 5, 5, m.at FROM made m, purses p WHERE p.owner = \(desk.buyer.id)
      """)
  }

  @Test func `a filter reads a bounded number of movements, and a page that is short has a cursor`() throws {
    try withOrderDesk { desk in
      try desk.shop.person("boris")
      try age(desk)
      for query in ["?kind=transfer", "?counterpart=boris", "?kind=transfer&direction=out"] {
        let short = ask(desk, query)
        #expect(rows(short) == [], "\(query)")
        let cursor = try #require(short["next_cursor"])
        #expect(rows(ask(desk, "\(query)&cursor=\(cursor)")) == ["transfer -9"], "\(query)")
      }
      // An index has the direction, so this page needs no second look.
      #expect(rows(ask(desk, "?direction=in")) == ["grant 1000"])
      #expect(ask(desk, "?direction=in").members["next_cursor"] == .null)
    }
  }

  @Test func `the link to the next page of a table keeps every filter`() throws {
    try withOrderDesk { desk in
      try desk.shop.person("bo&ris")
      for _ in 0..<3 { send(1, to: "bo&ris", as: desk.mine, desk.shop) }
      let headers: Headers = ["Authorization": "Bearer " + desk.mine, "Accept": "text/csv"]
      var target =
        "/api/v1/wallet/history?kind=transfer&direction=out&counterpart=bo%26ris&limit=1"
        + "&from=2026-01-01T00:00:00%2B01:00&to=9999-01-01T00:00:00Z"
      for number in 1...3 {
        let page = desk.shop.worker.ask(Request(.get, target, headers: headers, id: "r-1"))
        #expect(page.text.split(separator: "\r\n").count == 2)
        guard number < 3 else {
          #expect(page.header("Link") == nil)
          break
        }
        let link = try #require(page.header("Link"))
        for part in ["kind=transfer", "direction=out", "counterpart=bo%26ris", "limit=1&", "from=2026", "to=9999"] {
          #expect(link.contains(part), "\(link)")
        }
        target = String(link.dropFirst().prefix { $0 != ">" })
      }
    }
  }
}
