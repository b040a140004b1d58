import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// A token says what its owner was allowed to do when it was signed; the database says what they may do now.
@Suite(.tiers(.api, .database, .security))
struct ActorTests {
  @Test(arguments: ["role = 'moderator'", "is_active = false", "deleted_at = now()"])
  func `someone who is no longer an admin moves nothing and changes nobody, even if their token still says admin`(
    change: String
  ) throws {
    try withShop { shop in
      try shop.stockUp()
      _ = try shop.person("another", .admin)
      let admin = try shop.person("the admin", .admin)
      let anna = try shop.person("anna")
      let bearer = shop.token(admin)
      let path = "/api/v1/users/\(anna.id.text)"
      let adjustment: JSON = [
        "user_id": .string(anna.id.text), "section": "main", "reason": "counted once more",
        "items": [["item_id": .string(Thing.gem), "quantity_change": 1]],
      ]
      func attempts() -> [Int] {
        [
          shop.ask(.post, "/admin/inventory/adjust", adjustment, as: bearer).status,
          shop.ask(.post, "/inventory/add-items", adding([line(Thing.gem, 1)], to: anna, 1), as: bearer).status,
          shop.ask(.patch, "/api/v1/items/\(Thing.cup)", ["stock": 5], as: bearer).status,
          shop.ask(.post, "/api/v1/users", ["username": "boris", "role": "admin"], as: bearer).status,
          shop.ask(.patch, path, ["role": "admin"], as: bearer).status,
          shop.ask(.delete, path, as: bearer).status,
        ]
      }
      try shop.owner.run("UPDATE users SET \(raw: change) WHERE id = \(admin.id)")
      #expect(attempts() == [403, 403, 403, 403, 403, 403])
      #expect(try shop.count("operations") == 0)
      #expect(try shop.count("audit") == 0)
      #expect(try shop.count("users", "deleted_at IS NULL AND role = 'admin' AND is_active") == 1)
      try shop.owner.run("UPDATE users SET role = 'admin', is_active = true, deleted_at = NULL WHERE id = \(admin.id)")
      #expect(attempts() == [200, 200, 200, 201, 200, 204])
    }
  }

  @Test func `a bare Telegram id moves goods only if the owner has allowed it`() throws {
    try withShop { shop in
      try shop.stockUp()
      shop.worker.desk.believesTelegramIDs = true
      let login = shop.worker.ask(
        Request(
          .post, "/api/v1/auth/login", body: Array(#"{"telegram_id":7}"#.utf8), clientAddress: "127.0.0.1",
          listener: "login", id: "r-1"))
      let token = try #require(login["token"])
      let anna = try shop.person("anna")
      let addition = adding([line(Thing.gem, 1)], to: anna, 1)
      #expect(shop.ask(.post, "/inventory/add-items", addition, as: token).status == 403)
      #expect(try HouseRules(welcomeCoins: 0, believesTelegramIDs: true).settle(on: shop.owner))
      #expect(shop.ask(.post, "/inventory/add-items", addition, as: token).status == 200)
    }
  }

  @Test func `a new user gets the configured welcome coins in the statement that creates the account`() throws {
    try withShop { shop in
      #expect(try HouseRules(welcomeCoins: 40, believesTelegramIDs: false).settle(on: shop.owner))
      let merch = try #require(shop.worker.merchLogin("anna", "correct horse")["token"])
      #expect(shop.ask(.get, "/api/info", as: merch).members["coins"] == 40)
      #expect(shop.worker.merchLogin("anna", "correct horse").status == 200)
      #expect(shop.ask(.get, "/api/info", as: merch).members["coins"] == 40)
      #expect(shop.worker.merchLogin("anna", "wrong").status == 401)
      #expect(try shop.count("operations", "kind = 'grant'") == 1)
      #expect(try shop.imbalances() == 0)
    }
  }
}
