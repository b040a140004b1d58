import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// No JSON answer has blanks between its values, whichever code wrote it.
@Suite(.tiers(.api, .database))
struct CompactJSONTests {
  /// The answer as `JSON` would write it, without blanks.
  private func isCompact(_ answer: Answer) -> Bool {
    (try? JSON(parsing: answer.response.body).bytes) == answer.response.body
  }

  @Test func `every readable document is compact`() throws {
    try withShop { shop in
      try shop.stockUp()
      let admin = try shop.person("the admin", .admin)
      let bearer = shop.token(admin)
      for (number, name) in ["Blanks : and, commas", "A \"quoted\" \\ name"].enumerated() {
        let body: JSON = [
          "name": .string(name), "price": .integer(number + 1), "collections": ["winter_2025", "spring_2025"],
          "quality_levels": ["small", "large"],
        ]
        #expect(shop.ask(.post, "/api/v1/items", body, as: bearer).status == 201)
      }
      #expect(
        shop.worker.ask(
          Request(
            .put, "/api/v1/items/\(Thing.cup)/image", headers: ["Authorization": "Bearer " + bearer],
            body: ItemImageTests.png, id: "r-1")
        ).status == 200)
      let lines: JSON = [line(Thing.axe, 3), line(Thing.axe, 2, "winter_2025", "metal")]
      let short = closing(admin, 3).with(["items": [line(Thing.axe, 9), line(Thing.gem, 9)]])
      let adjustment: JSON = [
        "user_id": .string(admin.id.text), "section": "main", "reason": "counted by hand",
        "items": [
          ["item_id": .string(Thing.axe), "collection": "winter_2025", "quality_level": "metal", "quantity_change": 1],
          ["item_id": .string(Thing.gem), "quantity_change": 1],
        ],
      ]
      let writes = [
        ("/inventory/add-items", adding(lines, to: admin, 1)),
        ("/inventory/reserve", closing(admin, 2).with(["items": lines])), ("/inventory/reserve", short),
        ("/admin/inventory/adjust", adjustment),
      ]
      for (path, body) in writes { #expect(isCompact(shop.ask(.post, path, body, as: bearer)), "\(path)") }
      for path in [
        "/api/v1/items", "/api/v1/items/\(Thing.cup)", "/api/v1/items?search=blanks", "/api/v1/classifiers",
        "/api/v1/users", "/api/v1/auth/me", "/api/v1/audit", "/api/v1/wallet", "/api/v1/wallet/history",
        "/api/v1/stats",
        "/api/v1/leaderboard", "/api/v1/health", "/api/info", "/inventory", "/inventory/items/\(Thing.axe)",
        "/inventory/daily-balances", "/inventory/reservation/0b000000-0000-4000-8000-000000000002", "/health", "/livez",
        "/nowhere", "/inventory?section=attic", "/api/v1/users?limit=0",
      ] {
        let answer = shop.ask(.get, path, as: bearer)
        #expect(answer.response.body.count > 10 && isCompact(answer), "\(path): \(answer.text)")
      }
    }
  }
}
