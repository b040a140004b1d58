import HTTP
import Identity
import Notation
import Support
import Testing

/// Periods of days in requests.
@Suite(.tiers(.api))
struct DayTests {
  @Test(arguments: ["/inventory/daily-balances", "/api/v1/stats"])
  func `a period may begin or end at either limit of a four-digit year`(path: String) throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let periods = [
        ("to=0001-01-01", 1), ("to=0001-01-03", 3), ("from=9999-12-31&to=9999-12-31", 1),
        ("from=1582-10-01&to=1582-10-31", 31), ("from=2024-01-01&to=2024-12-31", 366),
        ("from=1899-12-31&to=1900-12-31", 366), ("from=2000-02-28&to=2000-03-01", 3),
      ]
      for (query, days) in periods {
        let answer = shop.ask(.get, "\(path)?\(query)", as: admin)
        #expect(answer.status == 200, "\(query): \(answer.text)")
        if path == "/api/v1/stats" {
          #expect(query.hasPrefix("from") || answer.members["from"] == "0001-01-01")
        } else {
          #expect(answer.text.matches(of: /"date"/).count == days)
        }
      }
    }
  }

  @Test(
    .tiers(.security),
    arguments: [
      "2026-02-30", "1500-02-29", "1900-02-29", "2026-00-10", "2026-13-10", "2026-01-32", "0000-01-01", "2026-1-1",
      "٢٠٢٦-٠١-٠١", "2026-01-01T00:00:00Z", "10000-01-01", "-001-01-01", "",
    ])
  func `a text that is not a day is refused`(text: String) throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let escaped = text.utf8.map { "%" + String($0, radix: 16) }.joined()
      #expect(shop.ask(.get, "/api/v1/stats?from=\(escaped)", as: admin).status == 422)
      #expect(shop.ask(.get, "/inventory/daily-balances?to=\(escaped)", as: admin).status == 400)
    }
  }
}
