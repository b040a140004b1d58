import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Shop
import Support
import Testing
import Tokens

@Suite(.tiers(.api, .database))
struct StatisticsTests {
  private func withPeople(_ body: (Shop, _ anna: User, _ boris: User) throws -> Void) throws {
    try withShop { shop in
      for name in ["anna", "boris", "clara"] {
        let user = try shop.person(name)
        try shop.owner.run(
          "SELECT grant_coins(\(UUID.timeOrdered().operation), \(user.id), \(user.id), NULL, NULL, 1000, 'welcome')")
      }
      try body(shop, User.named("anna", on: shop.owner)!, User.named("boris", on: shop.owner)!)
    }
  }

  private func send(_ shop: Shop, _ amount: Int, from sender: User, to name: String) throws -> String {
    let headers: Headers = ["Authorization": "Bearer " + shop.token(sender), "Idempotency-Key": "\(name) \(amount)"]
    let body: JSON = ["to_user": .string(name), "amount": .integer(amount)]
    let answer = shop.worker.ask(Request(.post, "/api/v1/transfers", headers: headers, body: body.bytes, id: "r-1"))
    #expect(answer.status == 201 || answer.status == 409)
    return answer["id"] ?? ""
  }

  @Test func `purchases and transfers are counted; refusals and undone transfers are not`() throws {
    try withPeople { shop, anna, boris in
      for (item, count) in [("cup", 2), ("pen", 1), ("hoody", 5)] {
        for _ in 0..<count { _ = shop.ask(.get, "/api/buy/\(item)", as: shop.token(anna)) }
      }
      _ = try send(shop, 7, from: boris, to: "anna")
      _ = try send(shop, 5, from: boris, to: "clara")
      let regretted = try send(shop, 900, from: boris, to: "clara")
      #expect(shop.ask(.post, "/api/v1/transfers/\(regretted)/undo", as: shop.token(boris)).status == 201)
      _ = try send(shop, 100_000, from: boris, to: "clara")
      _ = try send(shop, 9, from: anna, to: "clara")

      let admin = try shop.bearer(.admin)
      let answer = shop.ask(.get, "/api/v1/stats", as: admin)
      #expect(answer.status == 200, "\(answer.text)")
      let purchases = answer.members["purchases"]?.elements.map(\.members) ?? []
      #expect(purchases.map { $0["item"] } == ["cup", "hoody", "pen"])
      #expect(purchases.map { $0["quantity"] } == [2, 3, 1] && purchases.map { $0["coins"] } == [40, 900, 10])
      #expect(answer.members["coins_in_circulation"] == 2050)
      let givers = answer.members["top_givers"]?.elements.map(\.members) ?? []
      #expect(givers.map { $0["username"] } == ["boris", "anna"])
      #expect(givers.map { $0["coins"] } == [12, 9] && givers.map { $0["transfers"] } == [2, 1])
      let receivers = answer.members["top_receivers"]?.elements.map(\.members) ?? []
      #expect(receivers.map { $0["username"] } == ["clara", "anna"] && receivers.map { $0["coins"] } == [14, 7])
      let one = shop.ask(.get, "/api/v1/stats?top=1", as: admin)
      #expect(one.members["top_givers"]?.elements.count == 1)
      let past = shop.ask(.get, "/api/v1/stats?from=2020-01-01&to=2020-12-31", as: admin)
      #expect(past.members["purchases"] == .array([]) && past.members["top_givers"] == .array([]))
    }
  }

  @Test func `the leaderboard lists givers without figures, and a deleted user leaves no gap`() throws {
    try withPeople { shop, anna, boris in
      for name in ["anna", "clara"] { _ = try send(shop, 10, from: boris, to: name) }
      _ = try send(shop, 3, from: anna, to: "boris")
      shop.worker.storefront.hasLeaderboard = true
      let before = UUID.timeOrdered()
      try eventually("the totals have them") {
        while try Statistics.rollUp(before: before, most: 100, on: shop.owner) {}
        return try shop.owner.value("SELECT taken_up_to = \(before) FROM rollup")
      }
      let board = shop.ask(.get, "/api/v1/leaderboard", as: shop.token(anna))
      #expect(board.members == ["period": "month", "givers": ["boris", "anna"]])
      for period in ["day", "week", "month", "year"] {
        let answer = shop.ask(.get, "/api/v1/leaderboard?period=\(period)", as: shop.token(anna))
        #expect(answer["period"] == period && answer.members["givers"] == board.members["givers"])
      }
      #expect(shop.ask(.get, "/api/v1/leaderboard?period=ever", as: shop.token(anna)).status == 422)
      let admin = try shop.bearer(.admin)
      #expect(shop.ask(.delete, "/api/v1/users/\(boris.id.text)", as: admin).status == 204)
      let one = shop.ask(.get, "/api/v1/stats?top=1", as: admin)
      #expect(one.members["top_givers"]?.elements.first?.members["username"] == "anna")
      let left = shop.ask(.get, "/api/v1/leaderboard", as: shop.token(anna))
      #expect(left.members["givers"] == ["anna"])
    }
  }

  @Test func `there is no leaderboard unless it is enabled`() throws {
    try withShop { shop in
      let token = try shop.bearer(.user)
      #expect(shop.ask(.get, "/api/v1/leaderboard", as: token).status == 404)
    }
  }

  @Test(.tiers(.security)) func `figures are for admins, names for every signed-in user`() throws {
    try withShop { shop in
      for role in [Role.user, .moderator, .service] {
        #expect(try shop.ask(.get, "/api/v1/stats", as: shop.bearer(role)).status == 403)
      }
      #expect(shop.ask(.get, "/api/v1/stats").status == 401)
      #expect(shop.ask(.get, "/api/v1/leaderboard").status == 401)
      let admin = try shop.bearer(.admin)
      for query in ["top=0", "top=101", "top=x", "top=-1"] {
        #expect(shop.ask(.get, "/api/v1/stats?\(query)", as: admin).status == 422, "\(query)")
      }
    }
  }
}
