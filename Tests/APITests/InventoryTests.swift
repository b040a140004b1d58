import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Adding, adjusting and reading.
@Suite(.tiers(.api, .database))
struct InventoryTests {
  @Test func `added items are there, each variant by itself, and a repeated request moves nothing`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.service), try shop.person("anna"))
      let body = adding(
        [line(Thing.axe, 2), line(Thing.axe, 3, "winter_2025", "metal"), line(Thing.gem, 5), line(Thing.axe, 4)],
        to: anna, 1)
      let first = shop.ask(.post, "/inventory/add-items", body, as: bearer)
      #expect(first.status == 200, "\(first.text)")
      #expect(first.members.keys.sorted() == ["operation_ids", "success"])
      #expect(first.members["success"] == true)
      let ids = first.members["operation_ids"]?.elements ?? []
      #expect(ids.count == 4 && Set(ids.compactMap(\.text)).count == 4)
      #expect(shop.holdings(shop.token(anna)) == ["axe winter_2025 metal: 3", "axe: 6", "gem: 5"])

      let again = shop.ask(.post, "/inventory/add-items", body, as: try shop.bearer(.admin))
      #expect(again.text == first.text)
      #expect(again.header("Idempotent-Replayed") == "true" && first.header("Idempotent-Replayed") == nil)
      for change: [String: JSON?] in [
        ["items": [line(Thing.axe, 2)]], ["section": "trade"], ["operation_type": "chest_reward"], ["comment": "x"],
      ] {
        let other = shop.ask(.post, "/inventory/add-items", body.with(change), as: bearer)
        #expect(other.status == 409 && other["error"] == "operation_conflict", "\(change)")
      }
      // An id belongs to its owner: somebody else's operation may have the same id.
      let boris = try shop.person("boris")
      #expect(
        shop.ask(.post, "/inventory/add-items", adding([line(Thing.gem, 1)], to: boris, 1), as: bearer).status == 200)
      #expect(shop.holdings(shop.token(anna)).count == 3 && shop.holdings(shop.token(boris)) == ["gem: 1"])
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `sections are separate, and a past instant returns the inventory of that time`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.service), try shop.person("anna"))
      let token = shop.token(anna)
      var instants: [String] = []
      for (number, section) in ["main", "trade", "main", "factory"].enumerated() {
        let body = adding([line(Thing.gem, 1 + number)], to: anna, number, section: section)
        #expect(shop.ask(.post, "/inventory/add-items", body, as: bearer).status == 200)
        instants.append(
          try shop.owner.value("SELECT \(raw: SQL.timestamp("max(at)")) FROM operations WHERE kind = 'add_items'"))
      }
      #expect(shop.holdings(token) == ["gem: 4"] && shop.holdings(token, "trade") == ["gem: 2"])
      #expect(shop.ask(.get, "/api/inventory", as: token).status == 404)
      #expect(shop.ask(.get, "/inventory", as: token).text == shop.ask(.get, "/inventory?section=main", as: token).text)
      #expect(instants.map { shop.holdings(token, at: $0) } == [["gem: 1"], ["gem: 1"], ["gem: 4"], ["gem: 4"]])
      #expect(instants.map { shop.holdings(token, "factory", at: $0).count } == [0, 0, 0, 1])
      #expect(shop.holdings(token, at: "1970-01-01T00:00:00Z").isEmpty)
      #expect(shop.holdings(token, at: "9999-12-31T23:59:59Z") == ["gem: 4"])
    }
  }

  @Test(
    .tiers(.security),
    arguments: [
      "", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "infinity",
      "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00%2B15:00", "%00",
      "2026-01-01T00:00:00Z%00", "%D9%A2%D9%A0%D9%A2%D9%A6-01-01T00:00:00Z", "2026-01-01T00:00:00.%D9%A1Z",
      "2026-01-01T00:00:00%2B0%D9%A1:00", "2026-01-01T00:00:00.1234567890Z", "%EF%BC%92026-01-01T00:00:00Z",
    ])
  func `a text that is not an instant is refused`(text: String) throws {
    try withShop { shop in
      let bearer = try shop.bearer(.user)
      let answer = shop.ask(.get, "/inventory?at=\(text)", as: bearer)
      #expect(answer.status == 400, "\(answer.text)")
      #expect(shop.ask(.get, "/api/v1/wallet?at=\(text)", as: bearer).status == 422)
    }
  }

  @Test(arguments: [
    "2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2024-02-29%2023:59:59.999999999Z", "0001-01-01T00:00:00%2B14:59",
    "9999-12-31T23:59:59-14:59",
  ])
  func `an instant may be written as in RFC 3339`(text: String) throws {
    try withShop { shop in
      let bearer = try shop.bearer(.user)
      #expect(shop.ask(.get, "/inventory?at=\(text)", as: bearer).status == 200)
    }
  }

  @Test func `an admin adjusts up and down and gets the new balance, and the change is recorded`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      func change(_ item: String, _ by: Int) -> JSON { ["item_id": .string(item), "quantity_change": .integer(by)] }
      let body: JSON = [
        "user_id": .string(anna.id.text), "section": "main", "reason": "counted by hand",
        "items": [change(Thing.gem, 5), change(Thing.cup, 2), change(Thing.gem, -2)],
      ]
      let answer = shop.ask(.post, "/admin/inventory/adjust", body, as: bearer)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.members["operation_ids"]?.elements.count == 3)
      let balances = answer.members["final_balances"]?.elements.map(\.members) ?? []
      #expect(
        balances == [
          ["item_id": .string(Thing.cup), "item_class": "merch", "item_type": "drinkware", "quantity": 2],
          ["item_id": .string(Thing.gem), "item_class": "currencies", "item_type": "gem", "quantity": 3],
        ])
      #expect(shop.holdings(shop.token(anna)).sorted() == ["cup: 2", "gem: 3"])

      let less = shop.ask(.post, "/admin/inventory/adjust", body.with(["items": [change(Thing.gem, -4)]]), as: bearer)
      #expect(less.status == 400 && less["error"] == "insufficient_items")
      let missing = less.members["missing_items"]?.elements.first?.members ?? [:]
      #expect(missing["item_id"]?.text == Thing.gem && missing["required"] == 4 && missing["available"] == 3)
      // No intermediate balance goes below zero either.
      let dip: JSON = [change(Thing.gem, -4), change(Thing.gem, 9)]
      #expect(shop.ask(.post, "/admin/inventory/adjust", body.with(["items": dip]), as: bearer).status == 400)
      let noted = shop.ask(.get, "/api/v1/audit", as: bearer).members["items"]?.elements.map(\.members) ?? []
      #expect(noted.count == 1)
      #expect(noted[0]["action"] == "inventory.adjust" && noted[0]["reason"] == "counted by hand")
      #expect(noted[0]["request_id"] == "r-1")
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `a refused adjustment stays refused under its key`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      func adjust(_ by: Int, key: String) -> Answer {
        let body: JSON = [
          "user_id": .string(anna.id.text), "section": "main", "reason": "counted by hand",
          "items": [["item_id": .string(Thing.gem), "quantity_change": .integer(by)]],
        ]
        let headers: Headers = ["Authorization": "Bearer " + bearer, "Idempotency-Key": key]
        return shop.worker.ask(
          Request(.post, "/admin/inventory/adjust", headers: headers, body: body.bytes, id: "r-1"))
      }
      #expect(adjust(-3, key: "a").status == 400)
      #expect(adjust(5, key: "b").status == 200)
      #expect(adjust(5, key: "b").header("Idempotent-Replayed") == "true")
      let twin = adjust(-3, key: "a")
      #expect(twin.status == 400 && twin["error"] == "insufficient_items")
      #expect(adjust(-1, key: "a").status == 409)
      #expect(shop.holdings(shop.token(anna)) == ["gem: 5"])
      #expect(try shop.count("audit") == 1)
    }
  }

  @Test func `the variants of an item are listed, even if it has left the catalogue`() throws {
    try withShop { shop in
      try shop.stockUp()
      let bearer = try shop.bearer(.admin)
      let axe = shop.ask(.get, "/inventory/items/\(Thing.axe)", as: bearer)
      #expect(axe.members["available_collections"] == ["winter_2025", "spring_2025"])
      #expect(axe.members["available_quality_levels"] == ["wooden", "metal"])
      #expect(axe["item_class"] == "tools" && axe["item_type"] == "axe" && axe["item_id"] == Thing.axe)
      #expect(shop.ask(.delete, "/api/v1/items/\(Thing.cup)", as: bearer).status == 204)
      let cup = shop.ask(.get, "/inventory/items/\(Thing.cup)", as: bearer)
      #expect(cup.members["available_collections"] == [] && cup.status == 200)
      let unknown = shop.ask(.get, "/inventory/items/\(Thing.nothing)", as: bearer)
      #expect(unknown.status == 404 && unknown["error"] == "not_found" && unknown["message"] != nil)
      for name in ["axe", "details", "1"] {
        let none = shop.ask(.get, "/inventory/items/\(name)", as: bearer)
        #expect(none.status == 400 && none["error"] == "invalid_request", "\(name)")
        #expect(shop.ask(.post, "/inventory/items/\(name)", [:], as: bearer).status == 404, "\(name)")
      }
      let post = shop.ask(.post, "/inventory/items/\(Thing.axe)", [:], as: bearer)
      #expect(post.status == 405 && post.header("Allow") == "GET, HEAD")
    }
  }
}
