import API
import Audit
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// A user's things as an admin sees them, and a user's share of one item.
@Suite(.tiers(.api, .database))
struct HoldingsTests {
  /// Each line as `section code collection level: quantity`.
  private func lines(_ answer: Answer) -> [String] {
    (answer.members["items"]?.elements ?? []).map { line in
      let words = ["section", "code", "collection", "quality_level"].compactMap { line.members[$0]?.text }
      return words.joined(separator: " ") + ": \(line.members["quantity"]?.whole ?? -1)"
    }
  }

  private func mine(_ item: String, as token: String, _ shop: Shop) -> [String: JSON] {
    shop.ask(.get, "/api/v1/items/\(item)/mine", as: token).members
  }

  @Test func `an admin sees coins and the items of every section`() throws {
    try withOrderDesk { desk in
      let shop = desk.shop
      try shop.stockUp()
      let admin = try shop.bearer(.admin)
      let items: JSON = [line(Thing.axe, 2, "winter_2025", "metal"), line(Thing.gem, 5)]
      #expect(shop.ask(.post, "/inventory/add-items", adding(items, to: desk.buyer, 1), as: admin).status == 200)
      let trade = adding([line(Thing.gem, 1)], to: desk.buyer, 2, section: "trade")
      #expect(shop.ask(.post, "/inventory/add-items", trade, as: admin).status == 200)
      _ = try desk.buy("cup", 2)
      let body = closing(desk.buyer, 3).with(["items": [line(Thing.gem, 5)], "expires_in": 60])
      #expect(shop.ask(.post, "/inventory/reserve", body, as: admin).status == 200)
      let path = "/api/v1/users/\(desk.buyer.id.text)/holdings"
      let answer = shop.ask(.get, path, as: admin)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.members["coins"] == 960)
      #expect(lines(answer) == ["main axe winter_2025 metal: 2", "main cup: 2", "factory gem: 5", "trade gem: 1"])
      let cup = answer.members["items"]?.elements[1].members
      #expect(cup?.keys.sorted() == ["code", "item_id", "name", "quantity", "section"])
      #expect(cup?["item_id"]?.text == Thing.cup)
      // A reservation whose time is over is given back first.
      try shop.owner.run("UPDATE reservations SET expires_at = made_at")
      #expect(
        lines(shop.ask(.get, path, as: admin)).sorted()
          == ["main axe winter_2025 metal: 2", "main cup: 2", "main gem: 5", "trade gem: 1"])
    }
  }

  @Test func `a user without anything holds nothing, and an unknown one is 404`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let anna = try shop.person("anna")
      let path = "/api/v1/users/\(anna.id.text)/holdings"
      #expect(shop.ask(.get, path, as: admin).text == #"{"coins":0,"items":[]}"#)
      try User.delete(anna.id, by: .commandLine, on: shop.owner)
      #expect(shop.ask(.get, path, as: admin)["detail"] == "User not found")
      #expect(shop.ask(.get, "/api/v1/users/x/holdings", as: admin).status == 422)
    }
  }

  @Test(.tiers(.security), arguments: [Role.user, .moderator, .service])
  func `only an admin sees the holdings of a user`(role: Role) throws {
    try withShop { shop in
      let path = "/api/v1/users/\(try shop.person("anna").id.text)/holdings"
      #expect(shop.ask(.get, path, as: try shop.bearer(role)).status == 403)
      #expect(shop.ask(.get, path).status == 401)
    }
  }

  @Test func `an own share counts what is owned and bought in all variants, and what the limit leaves`() throws {
    try withOrderDesk { desk in
      let wardrobe = try Wardrobe(desk)
      let hoody = "11e30000-0000-8000-8000-000000000006"
      try desk.grant(100_000, to: desk.buyer)
      #expect(wardrobe.list([["quality_level": "s"], ["quality_level": "m"]]).status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 0, "bought": 0])
      #expect(wardrobe.buy("s", 2).status == 201)
      let order = wardrobe.buy("m").members["order"]?.members["id"]?.text ?? ""
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 3, "bought": 3])
      #expect(wardrobe.change(["limit_per_person": 5]).status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 3, "bought": 3, "left": 2])
      // Reserved goods are owned, used ones are not, and both were bought.
      let body = closing(desk.buyer, 1).with(["items": [line(hoody, 2, nil, "s")]])
      #expect(desk.shop.ask(.post, "/inventory/reserve", body, as: desk.mine).status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 3, "bought": 3, "left": 2])
      let end = desk.shop.ask(.post, "/inventory/consume-reserve", closing(desk.buyer, 1), as: desk.mine)
      #expect(end.status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 1, "bought": 3, "left": 2])
      #expect(desk.change(order, "cancel", as: desk.mine).status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 0, "bought": 2, "left": 3])
      // Below what was bought already.
      #expect(wardrobe.change(["limit_per_person": 1]).status == 200)
      #expect(mine(hoody, as: desk.mine, desk.shop) == ["owned": 0, "bought": 2, "left": 0])
      // Others have a share of their own.
      #expect(mine(hoody, as: desk.desk, desk.shop) == ["owned": 0, "bought": 0, "left": 1])
    }
  }

  @Test func `a share of an unknown item is 404, and needs a token`() throws {
    try withShop { shop in
      let token = try shop.bearer(.user)
      for id in [Thing.nothing, "x"] {
        let answer = shop.ask(.get, "/api/v1/items/\(id)/mine", as: token)
        #expect(answer.status == 404 && answer["detail"] == "Item not found")
      }
      #expect(shop.ask(.get, "/api/v1/items/\(Thing.cup)/mine").status == 401)
      try shop.owner.run("UPDATE items SET retired_at = now() WHERE id = \(Thing.cup)::uuid")
      #expect(shop.ask(.get, "/api/v1/items/\(Thing.cup)/mine", as: token).status == 404)
    }
  }
}
