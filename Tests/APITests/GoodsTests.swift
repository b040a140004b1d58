import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support
import Testing
import Tokens

/// Bought goods behave like any other inventory, and limited items are never oversold.
@Suite(.tiers(.api, .database))
struct GoodsTests {
  private func rich(_ shop: Shop, _ name: String) throws -> User {
    let user = try shop.person(name)
    try shop.owner.run(
      "SELECT grant_coins(\(UUID.timeOrdered().operation), \(user.id), \(user.id), NULL, NULL, 1000, 'welcome')")
    return user
  }

  private func bought(_ shop: Shop, _ token: String) -> [String: Int] {
    let list = shop.ask(.get, "/api/info", as: token).members["inventory"]?.elements.map(\.members) ?? []
    return Dictionary(uniqueKeysWithValues: list.map { ($0["type"]?.text ?? "", $0["quantity"]?.whole ?? -1) })
  }

  @Test func `bought items can be reserved, returned and consumed, and count until they are consumed`() throws {
    try withShop { shop in
      let anna = try rich(shop, "anna")
      let token = shop.token(anna)
      for _ in 0..<3 { #expect(shop.ask(.get, "/api/buy/cup", as: token).status == 200) }
      let held = shop.ask(.get, "/inventory", as: token).members["items"]?.elements.first?.members
      #expect(held?["item_class"] == "merch" && held?["item_type"] == "drinkware" && held?["quantity"] == 3)
      #expect(held?["collection"] == nil && held?["quality_level"] == nil)
      for (number, how, left) in [(1, "return", 3), (2, "consume", 1)] {
        let body = closing(anna, number).with(["items": [line(Thing.cup, 2)]])
        #expect(shop.ask(.post, "/inventory/reserve", body, as: token).status == 200)
        #expect(bought(shop, token) == ["cup": 3])
        #expect(shop.ask(.post, "/inventory/\(how)-reserve", closing(anna, number), as: token).status == 200)
        #expect(bought(shop, token) == ["cup": left])
      }
      #expect(shop.holdings(token) == ["cup: 1"])
      // Only the shop's own items are merch; items that were added count as well.
      try shop.stockUp()
      let more = adding([line(Thing.cup, 4), line(Thing.gem, 9)], to: anna, 7, section: "trade")
      let service = try shop.bearer(.service)
      #expect(shop.ask(.post, "/inventory/add-items", more, as: service).status == 200)
      #expect(bought(shop, token) == ["cup": 5])
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `a limited item sells until it is gone, and its document says how many are left`() throws {
    try withShop { shop in
      let (anna, admin) = (try rich(shop, "anna"), try shop.bearer(.admin))
      let token = shop.token(anna)
      let path = "/api/v1/items/\(Thing.cup)"
      #expect(shop.ask(.patch, path, ["stock": 2], as: admin).members["stock"] == 2)
      let first = shop.ask(.get, path).header("ETag")
      for left in [1, 0] {
        #expect(shop.ask(.get, "/api/buy/cup", as: token).status == 200)
        #expect(shop.ask(.get, path).members["stock"]?.whole == left)
      }
      #expect(shop.ask(.get, path).header("ETag") != first)
      let refused = shop.ask(.get, "/api/buy/cup", as: token)
      #expect(refused.status == 400 && refused["errors"] == "There are 0 left; you asked for 1.")
      let headers: Headers = ["Authorization": "Bearer " + token, "Idempotency-Key": "one"]
      let body: JSON = ["item": "cup", "quantity": 1]
      func purchase() -> Answer {
        shop.worker.ask(Request(.post, "/api/v1/purchases", headers: headers, body: body.bytes, id: "r-1"))
      }
      let first409 = purchase()
      #expect(first409.status == 409 && first409["code"] == "out_of_stock" && first409.members["available"] == 0)
      #expect(shop.ask(.patch, path, ["stock": 9], as: admin).status == 200)
      // A delayed duplicate of a refused request is refused.
      #expect(purchase().status == 409)
      #expect(shop.ask(.get, "/api/buy/cup", as: token).status == 200)
      #expect(shop.ask(.patch, path, ["stock": .null], as: admin).members["stock"] == .null)
      for _ in 0..<10 { #expect(shop.ask(.get, "/api/buy/cup", as: token).status == 200) }
      #expect(shop.ask(.patch, path, ["stock": 0], as: admin).members["stock"] == 0)
      #expect(shop.ask(.get, "/api/buy/cup", as: token).status == 400)
      #expect(bought(shop, token) == ["cup": 13])
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `an inactive, unpriced or retired item is not sold`() throws {
    try withShop { shop in
      let (anna, admin) = (try rich(shop, "anna"), try shop.bearer(.admin))
      let path = "/api/v1/items/\(Thing.cup)"
      for body: JSON in [["is_active": false], ["is_active": true, "price": .null]] {
        #expect(shop.ask(.patch, path, body, as: admin).status == 200)
        #expect(shop.ask(.get, "/api/buy/cup", as: shop.token(anna)).status == 400)
      }
      #expect(shop.ask(.patch, path, ["price": 1000], as: admin).status == 200)
      #expect(shop.ask(.get, "/api/buy/cup", as: shop.token(anna)).status == 200)
      #expect(shop.ask(.delete, path, as: admin).status == 204)
      #expect(shop.ask(.get, "/api/buy/cup", as: shop.token(anna)).status == 400)
      #expect(bought(shop, shop.token(anna)) == ["cup": 1])
    }
  }

  @Test func `a price above every balance is refused without arithmetic overflow`() throws {
    try withShop { shop in
      let (anna, admin) = (try rich(shop, "anna"), try shop.bearer(.admin))
      #expect(shop.ask(.patch, "/api/v1/items/\(Thing.cup)", ["price": 9_007_199_254_740_991], as: admin).status == 200)
      for (number, quantity) in [1, 2, 1_000_000, Int.max].enumerated() {
        let headers: Headers = ["Authorization": "Bearer " + shop.token(anna), "Idempotency-Key": "\(number)"]
        let body: JSON = ["item": "cup", "quantity": .integer(quantity)]
        for _ in 0..<2 {
          let answer = shop.worker.ask(
            Request(.post, "/api/v1/purchases", headers: headers, body: body.bytes, id: "r-1"))
          #expect(answer.status == 409 && answer["code"] == "insufficient_funds", "\(answer.text)")
        }
      }
      #expect(shop.ask(.get, "/api/v1/wallet", as: shop.token(anna)).members["coins"] == 1000)
    }
  }
}
