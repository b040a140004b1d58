import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// The pieces that the shop has of each variant, and the list of those that run low.
@Suite(.tiers(.api, .database))
struct StockTests {
  @Test func `an admin counts a listed variant anew, with a reason`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([
        [:], ["quality_level": "s", "stock": 3], ["collection": "winter_2025", "quality_level": "s"],
      ])
      let before = wardrobe.document
      let set = wardrobe.put("/stock", ["quality_level": "s", "stock": 7, "reason": "a delivery"])
      #expect(set.status == 200, "\(set.text)")
      #expect(set.text == wardrobe.shop.ask(.get, Wardrobe.hoody).text && set.header("ETag") != nil)
      #expect(wardrobe.rows == ["- ∞", "s 7", "winter_2025 s ∞"])
      let noted = try #require(wardrobe.audited("item.stock").first)
      #expect(noted["reason"] == "a delivery" && noted["before"]?.inAnyOrder == before.inAnyOrder)
      #expect(noted["after"]?.inAnyOrder == set.json.inAnyOrder)
      #expect(try wardrobe.shop.count("operations", "kind = 'set_stock' AND note = 'a delivery' AND quantity = 7") == 1)

      for (body, rows) in [
        (["quality_level": "s", "stock": 1], ["- ∞", "s 1", "winter_2025 s ∞"]),
        (["quality_level": "s", "collection": "winter_2025", "stock": 2], ["- ∞", "s 1", "winter_2025 s 2"]),
        (["quality_level": "base", "stock": 0], ["- 0", "s 1", "winter_2025 s 2"]),
        (["stock": .null], ["- ∞", "s 1", "winter_2025 s 2"]),
        (["quality_level": "s", "stock": .null], ["- ∞", "s ∞", "winter_2025 s 2"]),
      ] as [(JSON, [String])] {
        #expect(wardrobe.put("/stock", body.with(["reason": "r"])).status == 200, "\(body)")
        #expect(wardrobe.rows == rows, "\(body)")
      }
      #expect(try wardrobe.shop.imbalances() == 0)
    }
  }

  @Test func `a stock without a reason, or of a variant that is not in the list, is refused`() throws {
    try withWardrobe { wardrobe in
      let long = JSON.string(String(repeating: "я", count: 501))
      #expect(wardrobe.put("/stock", ["stock": 1, "reason": "r"]).status == 200)
      _ = wardrobe.list([["quality_level": "s", "collection": "winter_2025", "stock": 3], ["quality_level": "m"]])
      let before = (wardrobe.item, try wardrobe.shop.count("audit"))
      for (body, places) in [
        (["stock": 1, "reason": "r"], [["body", "quality_level", "value_error"]]),
        (["stock": 1, "reason": "r", "quality_level": "s"], [["body", "quality_level", "value_error"]]),
        (
          ["stock": 1, "reason": "r", "quality_level": "m", "collection": "winter_2025"],
          [["body", "quality_level", "value_error"]]
        ),
        (
          ["stock": 1, "reason": "r", "quality_level": "m", "collection": "spring_2025"],
          [["body", "collection", "value_error"]]
        ),
        (["quality_level": "m"], [["body", "stock", "missing"], ["body", "reason", "missing"]]),
        (
          ["quality_level": "huge", "stock": -1, "reason": ""],
          [
            ["body", "quality_level", "value_error"], ["body", "stock", "value_error"],
            ["body", "reason", "value_error"],
          ]
        ),
        (
          ["quality_level": "m", "stock": "1", "reason": long, "code": "hoody"],
          [["body", "stock", "type_error"], ["body", "reason", "value_error"], ["body", "code", "extra_forbidden"]]
        ),
      ] as [(JSON, [[String]])] {
        let answer = wardrobe.put("/stock", body)
        #expect(answer.status == 422, "\(body)")
        #expect(answer.complaints == places, "\(body)")
      }
      // The item itself has no stock while it is sold in its variants only.
      #expect(wardrobe.change(["stock": 1, "price": 5]).complaint == ["body", "stock", "value_error"])
      #expect(before == (wardrobe.item, try wardrobe.shop.count("audit")))
      _ = wardrobe.list([[:], ["quality_level": "m"]])
      #expect(wardrobe.change(["stock": 1]).members["stock"] == 1)
    }
  }

  @Test func `a stock is set only for a client that has seen the item`() throws {
    try withWardrobe { wardrobe in
      let tag = try #require(wardrobe.shop.ask(.get, Wardrobe.hoody).header("ETag"))
      let body: JSON = ["stock": 2, "reason": "r"]
      #expect(wardrobe.put("/stock", body, match: tag).status == 200)
      #expect(wardrobe.buy().status == 201)
      #expect(wardrobe.put("/stock", body, match: tag)["code"] == "changed_meanwhile")
      #expect(wardrobe.item["stock"] == 1)
    }
  }

  @Test func `the statistics list the variants on sale that run low`() throws {
    try withWardrobe { wardrobe in
      func low() -> [[String: JSON]] {
        let answer = wardrobe.shop.ask(.get, "/api/v1/stats", as: wardrobe.admin)
        return answer.members["low_stock"]?.elements.map(\.members) ?? [["status": .integer(answer.status)]]
      }
      #expect(low() == [])
      _ = wardrobe.list([
        [:], ["quality_level": "xs", "stock": 2], ["quality_level": "s", "stock": 3],
        ["quality_level": "m", "collection": "winter_2025", "stock": 0],
        ["quality_level": "l", "stock": 0, "is_active": false],
      ])
      _ = wardrobe.shop.ask(
        .patch, "/api/v1/items/\(Thing.cup)", ["stock": 0, "low_stock_at": 0], as: wardrobe.admin)
      let cup: [String: JSON] = ["id": .string(Thing.cup), "code": "cup", "stock": 0, "low_stock_at": 0]
      #expect(low() == [cup])
      _ = wardrobe.change(["low_stock_at": 2])
      let hoody: [String: JSON] = [
        "id": "11e30000-0000-8000-8000-000000000006", "code": "hoody", "low_stock_at": 2,
      ]
      let xs = hoody.merging(["quality_level": "xs", "stock": 2]) { $1 }
      let winter = hoody.merging(["quality_level": "m", "collection": "winter_2025", "stock": 0]) { $1 }
      #expect(low() == [cup, xs, winter])
      #expect(wardrobe.buy("s").status == 201)
      #expect(low().count == 4)
      _ = wardrobe.change(["is_active": false])
      #expect(low() == [cup])
      _ = wardrobe.change(["is_active": true])
      _ = wardrobe.shop.ask(.delete, Wardrobe.hoody, as: wardrobe.admin)
      #expect(low() == [cup])
    }
  }
}
