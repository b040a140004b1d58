import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api, .database))
struct ReservationTests {
  private func reserve(_ shop: Shop, _ items: JSON, _ owner: User, _ number: Int, for seconds: Int? = nil) -> Answer {
    let body = JSON.members([
      "user_id": .string(owner.id.text), "operation_id": key(number), "items": items,
      "expires_in": seconds.map(JSON.integer),
    ])
    return shop.ask(.post, "/inventory/reserve", body, as: shop.token(owner))
  }

  private func close(_ shop: Shop, _ how: String, _ owner: User, _ number: Int) -> Answer {
    shop.ask(.post, "/inventory/\(how)-reserve", closing(owner, number), as: shop.token(owner))
  }

  private func status(_ shop: Shop, _ owner: User, _ number: Int) -> String? {
    shop.ask(.get, "/inventory/reservation/\(key(number).text!)", as: shop.token(owner))["status"]
  }

  private func withStock(_ body: (Shop, User) throws -> Void) throws {
    try withShop { shop in
      try shop.stockUp()
      let anna = try shop.person("anna")
      let items: JSON = [line(Thing.axe, 5, "winter_2025"), line(Thing.gem, 10), line(Thing.axe, 1)]
      let service = try shop.bearer(.service)
      #expect(shop.ask(.post, "/inventory/add-items", adding(items, to: anna, 99), as: service).status == 200)
      try body(shop, anna)
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `items are reserved, an item named twice is summed, and a return restores the same amounts`() throws {
    try withStock { shop, anna in
      let items: JSON = [line(Thing.gem, 3), line(Thing.axe, 5, "winter_2025"), line(Thing.gem, 4)]
      let first = reserve(shop, items, anna, 1)
      #expect(first.status == 200, "\(first.text)")
      #expect(first.members["operation_ids"]?.elements.count == 4)
      let token = shop.token(anna)
      #expect(shop.holdings(token) == ["axe: 1", "gem: 3"])
      #expect(shop.holdings(token, "factory") == ["axe winter_2025: 5", "gem: 7"])
      let again = reserve(shop, items, anna, 1)
      #expect(again.text == first.text && again.header("Idempotent-Replayed") == "true")
      #expect(reserve(shop, [line(Thing.gem, 3)], anna, 1)["error"] == "operation_conflict")

      let shown = shop.ask(.get, "/inventory/reservation/\(key(1).text!)", as: token)
      #expect(shown.members["reservation_exists"] == true && shown["status"] == "active")
      let reserved = shown.members["reserved_items"]?.elements.map(\.members) ?? []
      #expect(reserved.map { $0["quantity"] } == [7, 5])
      #expect(reserved.map { $0["item_code"] } == ["gem", "axe"])
      #expect(reserved.map { $0["collection_code"] } == [nil, "winter_2025"])
      #expect(shown["user_id"] == anna.id.text && shown["reservation_date"] != nil)

      let back = close(shop, "return", anna, 1)
      #expect(back.status == 200 && back.members["operation_ids"]?.elements.count == 4)
      #expect(close(shop, "return", anna, 1).text == back.text)
      #expect(close(shop, "return", anna, 1).header("Idempotent-Replayed") == "true")
      #expect(close(shop, "consume", anna, 1)["error"] == "reservation_closed")
      #expect(shop.holdings(token) == ["axe winter_2025: 5", "axe: 1", "gem: 10"])
      #expect(shop.holdings(token, "factory").isEmpty && status(shop, anna, 1) == "returned")
    }
  }

  @Test func `a reservation is consumed once`() throws {
    try withStock { shop, anna in
      #expect(reserve(shop, [line(Thing.gem, 10)], anna, 1).status == 200)
      let done = close(shop, "consume", anna, 1)
      #expect(done.status == 200)
      #expect(close(shop, "consume", anna, 1).text == done.text)
      let back = close(shop, "return", anna, 1)
      #expect(back.status == 409 && back["error"] == "reservation_closed")
      #expect(shop.holdings(shop.token(anna)) == ["axe winter_2025: 5", "axe: 1"])
      #expect(shop.holdings(shop.token(anna), "factory").isEmpty && status(shop, anna, 1) == "consumed")
      for how in ["return", "consume"] {
        let unknown = close(shop, how, anna, 2)
        #expect(unknown.status == 404 && unknown["error"] == "operation_not_found")
      }
    }
  }

  @Test func `a shortage names every missing item, changes nothing, and stays refused under its id`() throws {
    try withStock { shop, anna in
      let items: JSON = [
        line(Thing.gem, 6), line(Thing.axe, 1), line(Thing.axe, 6, "winter_2025"), line(Thing.gem, 5),
        line(Thing.axe, 1, "spring_2025", "metal"),
      ]
      let answer = reserve(shop, items, anna, 1)
      #expect(answer.status == 400 && answer["error"] == "insufficient_items")
      let missing = answer.members["missing_items"]?.elements.map(\.members) ?? []
      #expect(missing.map { $0["required"] } == [11, 6, 1])
      #expect(missing.map { $0["available"] } == [10, 5, 0])
      #expect(missing.map { $0["quality_level"] } == [nil, nil, "metal"])
      #expect(shop.holdings(shop.token(anna)) == ["axe winter_2025: 5", "axe: 1", "gem: 10"])
      #expect(status(shop, anna, 1) == nil && close(shop, "return", anna, 1).status == 404)

      #expect(reserve(shop, [line(Thing.gem, 11)], anna, 2).status == 400)
      let more = adding([line(Thing.gem, 5)], to: anna, 98)
      let admin = try shop.bearer(.admin)
      #expect(shop.ask(.post, "/inventory/add-items", more, as: admin).status == 200)
      #expect(reserve(shop, [line(Thing.gem, 11)], anna, 2).status == 400)
      #expect(reserve(shop, [line(Thing.gem, 11)], anna, 3).status == 200)
    }
  }

  @Test(arguments: ["inventory", "reservation", "reserve", "return", "consume", "tidy", "daily"])
  func `the next request about an owner returns their overdue reservation, once`(touch: String) throws {
    try withStock { shop, anna in
      #expect(reserve(shop, [line(Thing.gem, 10)], anna, 1, for: 60).status == 200)
      #expect(shop.holdings(shop.token(anna), "factory") == ["gem: 10"] && status(shop, anna, 1) == "active")
      try shop.owner.run("UPDATE reservations SET expires_at = made_at")
      switch touch {
      case "inventory": #expect(shop.holdings(shop.token(anna)).contains("gem: 10"))
      case "reservation": #expect(status(shop, anna, 1) == "expired")
      case "reserve": #expect(reserve(shop, [line(Thing.gem, 10)], anna, 2).status == 200)
      case "return": #expect(close(shop, "return", anna, 1).status == 200)
      case "consume": #expect(close(shop, "consume", anna, 1)["error"] == "reservation_closed")
      case "daily":
        #expect(shop.ask(.get, "/inventory/daily-balances?section=factory", as: shop.token(anna)).status == 200)
      default: try shop.worker.tidyUp()
      }
      #expect(try shop.count("reservations", "status = 'expired'") == 1)
      #expect(try shop.count("operations", "kind = 'expire_reserve'") == 1)
      #expect(close(shop, "return", anna, 1).status == 200)
      #expect(close(shop, "consume", anna, 1).status == 409)
      try shop.worker.tidyUp()
      #expect(try shop.count("operations", "kind IN ('expire_reserve', 'return_reserve', 'consume_reserve')") == 1)
    }
  }

  @Test func `of many requests that find it overdue, one returns it`() throws {
    try withStock { shop, anna in
      for number in 1...5 { #expect(reserve(shop, [line(Thing.gem, 2)], anna, number, for: 60).status == 200) }
      try shop.owner.run("UPDATE reservations SET expires_at = made_at")
      let token = shop.token(anna)
      let answers = try shop.place.atOnce(6) { index, worker in
        index < 4
          ? worker.ask(.get, "/inventory", as: token).status
          : worker.ask(.post, "/inventory/return-reserve", closing(anna, index), as: token).status
      }
      #expect(answers == Array(repeating: 200, count: 6))
      #expect(shop.holdings(token).contains("gem: 10"))
      #expect(try shop.count("operations", "kind = 'expire_reserve'") == 5)
    }
  }

  /// The ids of the operations that are listed.
  private func open(_ shop: Shop, _ query: String = "", as token: String) -> [String] {
    let answer = shop.ask(.get, "/inventory/reservations" + query, as: token)
    return answer.members["reservations"]?.elements.compactMap { $0.members["operation_id"]?.text }
      ?? ["\(answer.status) \(answer["error"] ?? "")"]
  }

  @Test func `the open reservations of an owner are listed, newest first`() throws {
    try withStock { shop, anna in
      let token = shop.token(anna)
      for number in 1...4 { #expect(reserve(shop, [line(Thing.gem, number)], anna, number, for: 60).status == 200) }
      #expect(reserve(shop, [line(Thing.axe, 1, "winter_2025")], anna, 5).status == 200)
      #expect(close(shop, "return", anna, 2).status == 200 && close(shop, "consume", anna, 3).status == 200)
      let due = [5, 4, 1].compactMap { key($0).text }
      #expect(open(shop, as: token) == due)
      #expect(open(shop, "?status=open", as: token) == due)
      let answer = shop.ask(.get, "/inventory/reservations", as: token)
      let first = try #require(answer.members["reservations"]?.elements.first)
      let alone = shop.ask(.get, "/inventory/reservation/\(key(5).text ?? "")", as: token)
      #expect(first.members == alone.members.filter { $0.key != "reservation_exists" })
      #expect(
        first.members["reserved_items"] == [["item_code": "axe", "collection_code": "winter_2025", "quantity": 1]])
      // An overdue one is given back first.
      try shop.owner.run("UPDATE reservations SET expires_at = made_at WHERE key = \(due[1])::uuid")
      #expect(open(shop, as: token) == [due[0], due[2]])
      #expect(status(shop, anna, 4) == "expired")
    }
  }

  @Test func `a list of reservations ends at a hundred`() throws {
    try withStock { shop, anna in
      try shop.owner.run(
        """
        INSERT INTO reservations (owner, key, operation, made_at)
        SELECT \(anna.id), gen_random_uuid(), gen_random_uuid(), now() FROM generate_series(1, 101)
        """)
      #expect(open(shop, as: shop.token(anna)).count == 100)
    }
  }

  @Test(.tiers(.security)) func `services and admins list the reservations of everybody, and others their own`() throws
  {
    try withStock { shop, anna in
      #expect(reserve(shop, [line(Thing.gem, 1)], anna, 1).status == 200)
      let query = "?status=open&user_id=\(anna.id.text)"
      let due = [key(1).text ?? ""]
      for token in [shop.token(anna), try shop.bearer(.service, " 2"), try shop.bearer(.admin)] {
        #expect(open(shop, query, as: token) == due)
      }
      #expect(open(shop, as: try shop.bearer(.service, " 3")) == [])
      for role in [Role.user, .moderator] {
        let token = try shop.bearer(role)
        #expect(open(shop, query, as: token) == ["403 forbidden"])
        #expect(open(shop, as: token) == [])
      }
      #expect(shop.ask(.get, "/inventory/reservations")["error"] == "missing_token")
      #expect(open(shop, "?status=active", as: shop.token(anna)) == ["400 invalid_status"])
      #expect(open(shop, "?user_id=1", as: shop.token(anna)) == ["400 invalid_request"])
    }
  }

  @Test(arguments: [0, -1, 31_536_001, .max, .min]) func `an invalid duration is refused`(seconds: Int) throws {
    try withStock { shop, anna in
      #expect(reserve(shop, [line(Thing.gem, 1)], anna, 1, for: seconds)["error"] == "invalid_expires_in")
    }
  }
}
