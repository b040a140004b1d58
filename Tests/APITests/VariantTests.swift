import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// The list of variants in which the shop sells an item.
@Suite(.tiers(.api, .database))
struct VariantTests {
  @Test func `an admin sets the whole list in its order, and everybody reads it`() throws {
    try withWardrobe { wardrobe in
      #expect(wardrobe.rows == [] && wardrobe.item["stock"] == .null)
      let set = wardrobe.list([
        ["quality_level": "m", "stock": 5], ["stock": .null], ["quality_level": "s", "stock": 3, "is_active": false],
        ["collection": "winter_2025", "quality_level": "base", "stock": 0],
      ])
      #expect(set.status == 200, "\(set.text)")
      #expect(set.text == wardrobe.shop.ask(.get, Wardrobe.hoody).text)
      #expect(set.header("ETag") == wardrobe.shop.ask(.get, Wardrobe.hoody).header("ETag"))
      #expect(wardrobe.rows == ["m 5", "- ∞", "s 3 paused", "winter_2025 0"])
      #expect(
        set.members["variants"]?.elements.first?.members.keys.sorted() == ["is_active", "quality_level", "stock"])
      // The words of the list are among those of the item.
      #expect(set.members["collections"] == ["winter_2025"] && set.members["quality_levels"] == ["s", "m"])
      let listed = wardrobe.shop.ask(.get, "/api/v1/items?search=hoody").members["items"]?.elements.map(\.members)
      #expect(listed?.contains { $0["variants"] == set.members["variants"] } == true)

      // An absent stock stays as it is, also for a variant that comes back.
      #expect(wardrobe.list([["quality_level": "s"]]).status == 200)
      #expect(wardrobe.rows == ["s 3"])
      _ = wardrobe.list([["quality_level": "m"], ["quality_level": "l"], ["quality_level": "s", "stock": .null]])
      #expect(wardrobe.rows == ["m 5", "l ∞", "s ∞"])
      #expect(wardrobe.list([]).members["variants"] == .array([]))
      #expect(wardrobe.item["quality_levels"] == ["s", "m", "l"])
    }
  }

  @Test func `the stock of an item is its standard variant's, or without one that of all active variants`() throws {
    try withWardrobe { wardrobe in
      for (rows, stock) in [
        ([["stock": 2], ["quality_level": "m", "stock": 5]], 2),
        ([["stock": .null], ["quality_level": "m", "stock": 5]], .null),
        ([["stock": 4, "is_active": false], ["quality_level": "m", "stock": 5]], 4),
        ([["quality_level": "m", "stock": 5], ["quality_level": "s", "stock": 3]], 8),
        ([["quality_level": "m", "stock": 5], ["quality_level": "s", "stock": 3, "is_active": false]], 5),
        ([["quality_level": "m", "stock": 5], ["quality_level": "s", "stock": .null]], .null),
        ([["quality_level": "m", "stock": 5], ["quality_level": "s", "stock": .null, "is_active": false]], 5),
        ([["quality_level": "m", "stock": 5, "is_active": false]], 0),
      ] as [(JSON, JSON)] {
        let set = wardrobe.list(rows)
        #expect(set.members["stock"] == stock, "\(rows)")
        #expect(wardrobe.item["stock"] == stock, "\(rows)")
      }
    }
  }

  private static let row = ["body", "variants"]
  private static let bad: [(JSON, [[String]])] = [
    (
      [["quality_level": "huge"], ["collection": "m"]],
      [row + ["0", "quality_level", "value_error"], row + ["1", "collection", "value_error"]]
    ),
    (
      [["quality_level": "m"], [:], ["quality_level": "base"], ["quality_level": "m", "stock": 1]],
      [row + ["2", "value_error"], row + ["3", "value_error"]]
    ),
    (
      [["quality_level": 1, "stock": -1, "is_active": "no", "colour": "red"]],
      [
        row + ["0", "quality_level", "type_error"], row + ["0", "stock", "value_error"],
        row + ["0", "is_active", "type_error"], row + ["0", "colour", "extra_forbidden"],
      ]
    ),
    ([["stock": 9_007_199_254_740_992]], [row + ["0", "stock", "value_error"]]),
    ([["stock": "1"], 5], [row + ["0", "stock", "type_error"], row + ["1", "type_error"]]),
    (.array(Array(repeating: [:], count: 101)), [row + ["value_error"]]),
    ("all", [row + ["type_error"]]), (.null, [row + ["type_error"]]),
  ]

  @Test func `every mistake in a list is named at its place, and nothing changes`() throws {
    try withWardrobe { wardrobe in
      let before = (wardrobe.item, try wardrobe.shop.count("audit"))
      for (rows, places) in Self.bad {
        let answer = wardrobe.list(rows)
        #expect(answer.status == 422, "\(rows)")
        #expect(answer.complaints == places, "\(rows)")
      }
      #expect(wardrobe.put("/variants", [:]).complaint == ["body", "variants", "missing"])
      #expect(before == (wardrobe.item, try wardrobe.shop.count("audit")))
      let nothing = wardrobe.shop.ask(
        .put, "/api/v1/items/\(Thing.nothing)/variants", ["variants": []], as: wardrobe.admin)
      #expect(nothing.status == 404)
    }
  }

  @Test func `a change of the list is audited, and succeeds only for a client that has seen the item`() throws {
    try withWardrobe { wardrobe in
      let tag = try #require(wardrobe.shop.ask(.get, Wardrobe.hoody).header("ETag"))
      let before = wardrobe.document
      let set = wardrobe.list([["quality_level": "m", "stock": 5]], match: tag)
      #expect(set.status == 200)
      #expect(wardrobe.list([], match: tag)["code"] == "changed_meanwhile")
      #expect(wardrobe.rows == ["m 5"])
      let noted = wardrobe.audited("item.variants")
      #expect(noted.count == 1)
      #expect(noted.first?["before"]?.inAnyOrder == before.inAnyOrder)
      #expect(noted.first?["after"]?.inAnyOrder == set.json.inAnyOrder)
      #expect(wardrobe.put("/variants", ["variants": [], "reason": "sold out"]).status == 200)
      #expect(wardrobe.audited("item.variants").first?["reason"] == "sold out")
    }
  }

  @Test func `a purchase takes a listed variant from its own stock, and the refund puts it back`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([["quality_level": "s", "stock": 2], ["quality_level": "m", "stock": 1]])
      let bought = wardrobe.buy("m")
      #expect(bought.status == 201, "\(bought.text)")
      #expect(bought["quality_level"] == "m" && bought["collection"] == nil)
      #expect(wardrobe.rows == ["s 2", "m 0"])
      let gone = wardrobe.buy("m")
      #expect(gone["code"] == "out_of_stock" && gone.members["available"] == 0)
      let order = try #require(bought["id"])
      #expect(wardrobe.desk.change(order, "cancel", note: "wrong size").status == 200)
      #expect(wardrobe.rows == ["s 2", "m 1"])
    }
  }

  @Test func `a purchase of a variant that the shop does not sell names the member`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([["quality_level": "s"], ["quality_level": "m", "is_active": false]])
      #expect(wardrobe.buy().complaint == ["body", "quality_level", "missing"])
      #expect(wardrobe.buy("m").complaint == ["body", "quality_level", "value_error"])
      #expect(wardrobe.buy("xl").complaint == ["body", "quality_level", "value_error"])
      #expect(wardrobe.buy("s", collection: "winter_2025").complaint == ["body", "collection", "value_error"])
      let merch = wardrobe.shop.ask(.get, "/api/buy/hoody", as: wardrobe.desk.mine)
      #expect(merch.status == 400)
      #expect(wardrobe.desk.list() == [])
      // With the standard variant beside them, merch sells the item again.
      _ = wardrobe.list([[:], ["quality_level": "s"]])
      #expect(wardrobe.shop.ask(.get, "/api/buy/hoody", as: wardrobe.desk.mine).status == 200)
      #expect(wardrobe.buy("s").status == 201)
    }
  }

  @Test func `a variant that leaves the list keeps its pieces, and its orders can be worked off`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([["quality_level": "s", "stock": 4], ["quality_level": "m"]])
      let (kept, cancelled) = (wardrobe.buy("s"), wardrobe.buy("s"))
      _ = wardrobe.list([["quality_level": "m"]])
      #expect(wardrobe.buy("s").status == 422)
      #expect(wardrobe.desk.change(kept["id"] ?? "", "ready").status == 200)
      #expect(wardrobe.desk.change(cancelled["id"] ?? "", "cancel", note: "r").status == 200)
      #expect(wardrobe.shop.holdings(wardrobe.desk.mine) == ["11e30000-0000-8000-8000-000000000006 s: 1"])
      _ = wardrobe.list([["quality_level": "s"]])
      #expect(wardrobe.rows == ["s 3"])
    }
  }

  @Test func `a person buys no more than the limit over all variants, and may buy again what was given back`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([["quality_level": "s"], ["quality_level": "m"]])
      #expect(wardrobe.change(["limit_per_person": 3]).status == 200)
      // Also at the first purchase, when the person has nothing of the item yet.
      #expect(wardrobe.buy("s", 4).members["available"] == 3)
      let first = wardrobe.buy("s", 2)
      #expect(first.status == 201)
      let refused = wardrobe.buy("m", 2)
      #expect(refused.status == 409 && refused["code"] == "limit_reached")
      #expect(refused.members["available"] == 1)
      #expect(wardrobe.desk.change(first["id"] ?? "", "cancel", note: "r").status == 200)
      #expect(wardrobe.buy("m", 3).status == 201)
      #expect(wardrobe.change(["limit_per_person": .null]).status == 200)
      #expect(wardrobe.buy("m").status == 201)
    }
  }

  @Test func `an item keeps the collections and quality levels of its listed variants`() throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([
        ["quality_level": "s"], ["quality_level": "m", "is_active": false], ["collection": "winter_2025"],
      ])
      for body: JSON in [
        ["quality_levels": []], ["quality_levels": ["s"]], ["quality_levels": ["m", "l"]],
        ["collections": ["spring_2025"]],
      ] {
        let answer = wardrobe.change(body)
        #expect(answer.status == 409 && answer["code"] == "variant_on_sale", "\(body)")
      }
      #expect(wardrobe.item["quality_levels"] == ["s", "m"] && wardrobe.item["collections"] == ["winter_2025"])
      #expect(wardrobe.change(["quality_levels": ["s", "m", "l"]]).status == 200)
      _ = wardrobe.list([["quality_level": "s"]])
      #expect(wardrobe.change(["quality_levels": ["s"], "collections": []]).status == 200)
    }
  }

  @Test func `an item without hand-over is handed over at once`() throws {
    try withWardrobe { wardrobe in
      #expect(wardrobe.change(["hand_over": false]).status == 200)
      #expect(wardrobe.buy().members["order"]?.members["status"] == "handed_over")
    }
  }

  @Test(arguments: [true, false]) func `the orders for an item that is no longer sold can be worked off and refunded`(
    isRetired: Bool
  ) throws {
    try withWardrobe { wardrobe in
      _ = wardrobe.list([["stock": 9]])
      let orders = (0..<3).compactMap { _ in wardrobe.buy()["id"] }
      try #require(orders.count == 3)
      let end =
        isRetired
        ? wardrobe.shop.ask(.delete, Wardrobe.hoody, as: wardrobe.admin) : wardrobe.change(["is_active": false])
      #expect(end.status == (isRetired ? 204 : 200))
      #expect(wardrobe.buy().status == 404)
      for step in ["ready", "hand-over", "return"] {
        #expect(wardrobe.desk.change(orders[0], step, note: "r").status == 200, "\(step)")
      }
      #expect(wardrobe.desk.change(orders[1], "cancel", note: "r").status == 200)
      #expect(wardrobe.desk.coins == .integer(101_000 - 300))
      let shown = wardrobe.shop.ask(.get, "/api/v1/orders", as: wardrobe.desk.mine).members["items"]?.elements ?? []
      #expect(shown.map { $0.members["status"] } == ["ordered", "cancelled", "returned"])
      #expect(shown.allSatisfy { $0.members["item"] == "hoody" && $0.members["name"] == "Hoody" })
      #expect(wardrobe.shop.holdings(wardrobe.desk.mine) == ["11e30000-0000-8000-8000-000000000006: 1"])
      let info = wardrobe.shop.ask(.get, "/api/info", as: wardrobe.desk.mine).members["inventory"]?.elements ?? []
      #expect(info.map(\.members) == [["type": "hoody", "quantity": 1]])
    }
  }
}
