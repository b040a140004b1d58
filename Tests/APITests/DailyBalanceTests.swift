import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// The balances at the end of each day.
@Suite(.tiers(.api, .database))
struct DailyBalanceTests {
  @Test func `each day's closing balances are listed, starting before the first movement`() throws {
    try withShop { shop in
      try shop.stockUp()
      let anna = try shop.person("anna")
      let (token, service) = (shop.token(anna), try shop.bearer(.service))
      for number in 1...2 {
        let body = adding([line(Thing.gem, 3 * number)], to: anna, number)
        #expect(shop.ask(.post, "/inventory/add-items", body, as: service).status == 200)
      }
      // Set both movements back to known days.
      try shop.owner.perform(
        """
        ALTER TABLE postings DISABLE TRIGGER ALL;
        UPDATE postings SET at = '2025-03-09T23:59:59.999999Z' WHERE credit_version = 1;
        UPDATE postings SET at = '2025-03-11T00:00:00Z' WHERE credit_version = 2;
        """)
      let answer = shop.ask(.get, "/inventory/daily-balances?from=2025-03-08&to=2025-03-12", as: token)
      let days = answer.members["balances"]?.elements.map(\.members) ?? []
      #expect(days.map { $0["date"] } == (8...12).map { .string("2025-03-" + ($0 < 10 ? "0" : "") + "\($0)") })
      #expect(days.map { $0["items"]?.elements.first?.members["quantity"]?.whole } == [nil, 3, 3, 9, 9])
      let trade = shop.ask(.get, "/inventory/daily-balances?from=2025-03-12&to=2025-03-12&section=trade", as: token)
      #expect(trade.members["balances"]?.elements.map(\.members) == [["date": "2025-03-12", "items": []]])
      let usual = shop.ask(.get, "/inventory/daily-balances", as: token)
      #expect(usual.members["balances"]?.elements.count == 30)
    }
  }

  @Test func `an answer has a limited number of quantities`() throws {
    try withShop { shop in
      let anna = try shop.person("anna")
      try shop.owner.run(
        """
        INSERT INTO items (code, name, class_id, type_id)
        SELECT 'thing-' || n, 'Thing', parent_id, id FROM classifiers, generate_series(1, 50) n
        WHERE classifier = 'item_type' AND code = 'gadget'
        """)
      try shop.owner.run(
        """
        INSERT INTO accounts (owner, asset, section)
        SELECT \(anna.id), s.id, 'main' FROM assets s JOIN items i ON i.id = s.item_id WHERE i.code LIKE 'thing-%'
        """)
      for (range, status) in [
        ("from=2026-01-01&to=2026-10-27", 200), ("from=2026-01-01&to=2026-10-28", 400), ("", 200),
        ("from=2026-01-01&to=2026-12-31&section=trade", 200),
      ] {
        let answer = shop.ask(.get, "/inventory/daily-balances?" + range, as: shop.token(anna))
        #expect(answer.status == status, "\(range)")
        if status == 400 { #expect(answer["error"] == "invalid_range") }
      }
    }
  }

  @Test func `a day without movements repeats the balance before it, after a debit as after a credit`() throws {
    try withShop { shop in
      try shop.stockUp()
      let anna = try shop.person("anna")
      let (service, admin) = (try shop.bearer(.service), try shop.bearer(.admin))
      for number in 1...3 {
        let body = adding([line(Thing.gem, number)], to: anna, number)
        #expect(shop.ask(.post, "/inventory/add-items", body, as: service).status == 200)
        let change: JSON = [
          "user_id": .string(anna.id.text), "section": "main", "reason": "counted once more",
          "items": .array([["item_id": .string(Thing.gem), "quantity_change": -1]]),
        ]
        #expect(shop.ask(.post, "/admin/inventory/adjust", change, as: admin).status == 200)
      }
      try shop.owner.perform(
        """
        ALTER TABLE postings DISABLE TRIGGER ALL;
        UPDATE postings SET at = timestamptz '2025-05-01T12:00:00Z'
          + (2 * coalesce(credit_version, debit_version)) * interval '15 hours';
        """)
      let days = shop.ask(.get, "/inventory/daily-balances?from=2025-05-01&to=2025-05-14", as: shop.token(anna))
      let direct: String = try shop.owner.value(
        """
        SELECT json_agg(coalesce((
          SELECT b.balance FROM accounts a, LATERAL balance_at(a.id, (d + interval '1 day') AT TIME ZONE 'UTC'
            - interval '1 microsecond') b WHERE a.owner = \(anna.id) AND a.section = 'main' AND a.asset > 1), 0))::text
        FROM generate_series(timestamp '2025-05-01', '2025-05-14', '1 day') d
        """)
      let told = days.members["balances"]?.elements.map {
        $0.members["items"]?.elements.first?.members["quantity"]?.whole ?? 0
      }
      #expect("\(told ?? [])" == direct)
    }
  }

  private static let ranges: [(String, Int?)] = [
    ("from=2026-01-31&to=2026-01-31", 1), ("from=2024-02-29&to=2024-03-01", 2), ("from=2025-02-28&to=2025-03-01", 2),
    ("from=2024-01-01&to=2024-12-31", 366), ("from=2025-01-01&to=2026-01-01", 366),
    ("from=2025-01-01&to=2026-01-02", nil),
    ("from=2026-01-02&to=2026-01-01", nil), ("from=9999-12-31&to=9999-12-31", 1), ("to=9999-12-31", 30),
    ("to=0001-01-05", 5), ("from=0001-01-01&to=0001-01-01", 1), ("from=1900-02-29&to=1900-03-01", nil),
    ("from=1500-02-29&to=1500-03-01", nil), ("from=1582-10-05&to=1582-10-14", 10),
    ("from=1582-10-04&to=1582-10-15", 12),
    ("from=9999-12-31", nil), ("from=0001-01-01", nil),
  ]

  @Test func `a range is at most a year, by PostgreSQL's calendar`() throws {
    try withShop { shop in
      let token = try shop.bearer(.admin)
      for (range, count) in Self.ranges {
        let answer = shop.ask(.get, "/inventory/daily-balances?" + range, as: token)
        #expect(answer.status == (count == nil ? 400 : 200), "\(range): \(answer.text.prefix(200))")
        if let count { #expect(answer.members["balances"]?.elements.count == count, "\(range)") }
        #expect(shop.ask(.get, "/api/v1/stats?" + range, as: token).status == (count == nil ? 422 : 200), "\(range)")
      }
    }
  }
}
