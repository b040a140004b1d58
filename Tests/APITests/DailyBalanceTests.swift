import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// What lay where at the end of each day.
@Suite(.tags(.api, .database))
struct DailyBalanceTests {
  @Test func `the end of each day is told, from before the first movement on`() throws {
    try withShop { shop in
      try shop.stockUp()
      let anna = try shop.person("anna")
      let (token, service) = (shop.token(anna), try shop.bearer(.service))
      for number in 1...2 {
        let body = adding([line(Thing.gem, 3 * number)], to: anna, number)
        #expect(shop.ask(.post, "/inventory/add-items", body, as: service).status == 200)
      }
      // The first movement was a year before the second: a statement is written as it was then.
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

  @Test func `a range is a year at most, in the calendar that PostgreSQL has`() throws {
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
