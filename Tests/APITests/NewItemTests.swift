import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Items created with only a name and a price.
@Suite(.tiers(.api, .database))
struct NewItemTests {
  @Test func `name and price are enough`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let made = shop.ask(.post, "/api/v1/items", ["name": "Beer Mug (0.5 l)", "price": 30], as: admin)
      #expect(made.status == 201, "\(made.text)")
      #expect(made["code"] == "beer-mug-0-5-l" && made["class"] == "merch" && made["type"] == "accessory")
      #expect(made.members["price"] == 30 && made.members["stock"] == .null && made.members["is_active"] == true)
      // It is sold under that code.
      let bought = shop.ask(.get, "/api/buy/beer-mug-0-5-l", as: admin)
      #expect(bought.text.contains("not enough coins"))
      let tool = shop.ask(.post, "/api/v1/items", ["name": "Saw", "price": .null, "class": "tools"], as: admin)
      #expect(tool["type"] == "shovel" && tool.members["price"] == .null)
    }
  }

  @Test func `the code is made from the name, and no two codes are the same`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      func code(_ name: String) -> String? {
        shop.ask(.post, "/api/v1/items", ["name": .string(name), "price": 1], as: admin)["code"]
      }
      #expect(code("Cup") == "cup-2" && code("CUP!") == "cup-3")
      #expect(shop.ask(.delete, "/api/v1/items/\(Thing.cup)", as: admin).status == 204)
      #expect(code("cup") == "cup-4")
      #expect(code("Кружка") == "item" && code("☕") == "item-2")
      #expect(code(String(repeating: "x", count: 200)) == String(repeating: "x", count: 90))
      #expect(code("Café") == "caf")
      let asked = shop.ask(.post, "/api/v1/items", ["code": "cup-4", "name": "Cup", "price": 1], as: admin)
      #expect(asked.status == 409 && asked["code"] == "code_taken")
    }
  }

  @Test(.tiers(.concurrency)) func `concurrent items of one name get different codes`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let answers = try shop.place.atOnce(5) { _, worker in
        worker.ask(.post, "/api/v1/items", ["name": "Badge", "price": 1], as: admin)
      }
      #expect(answers.map(\.status) == Array(repeating: 201, count: 5))
      #expect(Set(answers.compactMap { $0["code"] }).count == 5)
    }
  }

  @Test func `an invalid id means item not found`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for (method, body) in [(.get, nil), (.patch, ["name": "x"]), (.delete, nil)] as [(HTTP.Method, JSON?)] {
        let answer = shop.ask(method, "/api/v1/items/cup", body, as: admin)
        #expect(answer.status == 404 && answer["detail"] == "Item not found", "\(method) \(answer.text)")
      }
      // Other methods find nothing here, while a path with an id lists what it allows.
      for path in ["/api/v1/items/cup", "/api/v1/users/anna", "/inventory/items/details", "/inventory/reservation/x"] {
        #expect(shop.ask(.post, path, [:], as: admin).status == 404, "\(path)")
      }
      #expect(shop.ask(.post, "/api/v1/items/\(Thing.cup)", [:], as: admin).status == 405)
      #expect(shop.ask(.post, "/inventory/daily-balances", [:], as: admin).status == 405)
    }
  }

  @Test func `the word base means the standard variant, wherever a request names one`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (admin, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      let lines: JSON = [line(Thing.axe, 2, "base", "base"), line(Thing.axe, 1, "winter_2025", "base")]
      #expect(shop.ask(.post, "/inventory/add-items", adding(lines, to: anna, 1), as: admin).status == 200)
      #expect(shop.holdings(shop.token(anna)) == ["axe winter_2025: 1", "axe: 2"])
      let reserving = closing(anna, 2).with(["items": [line(Thing.axe, 1, "base")]])
      #expect(shop.ask(.post, "/inventory/reserve", reserving, as: admin).status == 200)
      let change: JSON = ["item_id": .string(Thing.axe), "quality_level": "base", "quantity_change": 3]
      let adjusted = shop.ask(
        .post, "/admin/inventory/adjust",
        [
          "user_id": .string(anna.id.text), "section": "main", "reason": "counted by hand", "items": [change],
        ], as: admin)
      #expect(adjusted.members["final_balances"]?.elements.first?.members["quantity"] == 4, "\(adjusted.text)")
      // The same as leaving it out: it is the same request.
      let again = adding([line(Thing.axe, 2), line(Thing.axe, 1, "winter_2025")], to: anna, 1)
      #expect(shop.ask(.post, "/inventory/add-items", again, as: admin).header("Idempotent-Replayed") == "true")
      let item = shop.ask(
        .patch, "/api/v1/items/\(Thing.cup)", ["collections": ["base", "winter_2025"], "quality_levels": ["base"]],
        as: admin)
      #expect(item.members["collections"] == ["winter_2025"] && item.members["quality_levels"] == [])
    }
  }
}
