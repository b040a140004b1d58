import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Accounts at their upper limit. Nobody reaches it in practice, but a request that tries gets an answer.
@Suite(.tiers(.api, .database, .security))
struct InventoryEdgeTests {
  private static let most = 9_007_199_254_740_991

  private func add(_ shop: Shop, _ quantity: Int, to owner: User, _ number: Int, _ section: String = "main") throws {
    let service = try User.named("the service", on: shop.owner).map(shop.token) ?? shop.bearer(.service)
    let body = adding([line(Thing.gem, quantity)], to: owner, number, section: section)
    #expect(shop.ask(.post, "/inventory/add-items", body, as: service).status == 200)
  }

  private func reserve(_ shop: Shop, _ quantity: Int, _ owner: User, _ number: Int) -> Answer {
    let body = closing(owner, number).with(["items": [line(Thing.gem, quantity)], "expires_in": 60])
    return shop.ask(.post, "/inventory/reserve", body, as: shop.token(owner))
  }

  @Test func `a reservation that would overflow the factory section is refused`() throws {
    try withShop { shop in
      try shop.stockUp()
      let anna = try shop.person("anna")
      try add(shop, Self.most, to: anna, 1, "factory")
      try add(shop, 5, to: anna, 2)
      let answer = reserve(shop, 1, anna, 3)
      #expect(answer.status == 409 && answer["error"] == "overflow")
      #expect(reserve(shop, 1, anna, 3).text == answer.text)
      #expect(shop.holdings(shop.token(anna)) == ["gem: 5"])
      #expect(try shop.count("reservations") == 0)
    }
  }

  @Test func `a reservation that would overflow main when returned stays open and blocks nobody`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (anna, boris) = (try shop.person("anna"), try shop.person("boris"))
      try add(shop, Self.most, to: anna, 1)
      #expect(reserve(shop, 5, anna, 2).status == 200)
      try add(shop, 5, to: anna, 3)
      try add(shop, 7, to: boris, 1)
      #expect(reserve(shop, 7, boris, 2).status == 200)
      let back = shop.ask(.post, "/inventory/return-reserve", closing(anna, 2), as: shop.token(anna))
      #expect(back.status == 409 && back["error"] == "overflow")

      try shop.owner.run("UPDATE reservations SET expires_at = made_at")
      try shop.worker.tidyUp()
      #expect(shop.holdings(shop.token(boris)) == ["gem: 7"])
      #expect(shop.holdings(shop.token(anna), "factory") == ["gem: 5"])
      #expect(shop.ask(.post, "/inventory/return-reserve", closing(anna, 2), as: shop.token(anna)).status == 409)
      #expect(try shop.count("reservations", "status = 'active'") == 1)
      // As soon as there is room, the return succeeds.
      #expect(reserve(shop, 6, anna, 4).status == 200)
      #expect(shop.ask(.post, "/inventory/return-reserve", closing(anna, 2), as: shop.token(anna)).status == 200)
      #expect(try shop.imbalances() == 0)
    }
  }
}
