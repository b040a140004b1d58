import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support
import Testing

/// The life of an order and the rights of those who change it.
@Suite(.tiers(.api, .database))
struct OrderTests {
  @Test func `an order goes from the purchase over the desk to its buyer`() throws {
    try withOrderDesk { shop in
      let answer = shop.purchase(["item": "cup", "quantity": 2], as: shop.mine)
      let id = try #require(answer.members["order"]?.members["id"]?.text)
      #expect(answer.members["order"]?.members["status"]?.text == "ordered")
      #expect(answer["id"] == id)
      let made = shop.shop.ask(.get, "/api/v1/orders/\(id)", as: shop.mine)
      #expect(Set(made.members.keys) == ["id", "item", "name", "quantity", "price", "total", "status", "ordered_at"])
      #expect([made["item"], made["name"], made["status"]] == ["cup", "Cup", "ordered"])
      #expect(made.members["total"] == .integer(40))

      let ready = shop.change(id, "ready", note: "Shelf 4")
      #expect([ready["status"], ready["note"], ready["user"]] == ["ready", "Shelf 4", nil])
      #expect(shop.shop.ask(.get, "/api/v1/orders/\(id)", as: shop.desk)["user"] == "buyer")
      #expect(shop.shop.ask(.get, "/api/v1/orders/\(id)", as: shop.mine)["user"] == nil)
      let given = shop.change(id, "hand-over")
      #expect(given["status"] == "handed_over")
      #expect(given["ready_at"] == ready["ready_at"])
      #expect(given["handed_over_at"] != nil)
      #expect(given["note"] == "Shelf 4")
      #expect(shop.coins == 960)
    }
  }

  /// The states in which each step is possible for the staff, and the state after it.
  static let steps: [(step: String, from: Set<String>, into: String)] = [
    ("ready", ["ordered"], "ready"), ("hand-over", ["ready"], "handed_over"),
    ("cancel", ["ordered", "ready"], "cancelled"), ("return", ["handed_over"], "returned"),
  ]
  static let ways = [
    "ordered": [], "ready": ["ready"], "handed_over": ["ready", "hand-over"], "cancelled": ["cancel"],
    "returned": ["ready", "hand-over", "return"],
  ]

  @Test func `each step is possible in some states only, and repeated it gives the same answer`() throws {
    try withOrderDesk { shop in
      for (state, way) in Self.ways {
        for (step, from, into) in Self.steps {
          let id = try shop.buy("pen")
          for step in way { #expect(shop.change(id, step, note: "why").status == 200) }
          let answer = shop.change(id, step, note: "because")
          if from.contains(state) || state == into {
            #expect(answer.status == 200, "\(step) from \(state)")
            #expect(answer["status"] == into)
            let again = shop.change(id, step)
            #expect(again.status == 200)
            #expect(again.text == answer.text)
          } else {
            #expect(answer.status == 409, "\(step) from \(state)")
            #expect(answer["code"] == "order_is_\(state)")
            #expect(shop.status(id) == state)
          }
        }
      }
      #expect(try verify(shop.shop) == [])
    }
  }

  @Test func `a refund brings the coins and goods back once, whatever the price is now`() throws {
    try withOrderDesk { shop in
      let id = try shop.buy("cup", 3)
      try shop.shop.owner.run("UPDATE items SET price = 99 WHERE code = 'cup'")
      #expect(shop.coins == 940)
      #expect(shop.change(id, "cancel", as: shop.mine).status == 200)
      #expect(shop.change(id, "cancel", note: "again").status == 200)
      #expect(shop.coins == 1000)
      #expect(shop.shop.ask(.get, "/api/info", as: shop.mine).members["inventory"]?.elements.count == 0)
      let history = shop.shop.ask(.get, "/api/v1/wallet/history?kind=refund", as: shop.mine)
      let entry = try #require(history.members["items"]?.elements.first)
      #expect(history.members["items"]?.elements.count == 1)
      #expect(entry.members["change"] == .integer(60))
      #expect(entry.members["balance"] == .integer(1000))
      #expect(entry.members["item"]?.text == "cup")
      #expect(try verify(shop.shop) == [])
    }
  }

  @Test func `goods that the buyer no longer has cannot be taken back`() throws {
    try withOrderDesk { shop in
      let id = try shop.buy("cup")
      let item: UUID = try shop.shop.owner.value("SELECT id FROM items WHERE code = 'cup'")
      let reserve: JSON = [
        "user_id": .string(shop.buyer.id.text), "operation_id": .string(UUID().uuidString),
        "items": [["item_id": .string(item.text), "quantity": 1]],
      ]
      #expect(shop.shop.ask(.post, "/inventory/reserve", reserve, as: shop.mine).status == 200)
      let refused = shop.change(id, "cancel", as: shop.mine)
      #expect(refused.status == 409)
      #expect(refused["code"] == "goods_gone")
      #expect(shop.status(id) == "ordered")
      let closed: JSON = [
        "user_id": .string(shop.buyer.id.text), "operation_id": reserve.members["operation_id"]!,
      ]
      #expect(shop.shop.ask(.post, "/inventory/return-reserve", closed, as: shop.mine).status == 200)
      // The refusal was not kept.
      #expect(shop.change(id, "cancel", as: shop.mine).status == 200)
    }
  }

  @Test func `the owner cancels what nobody has prepared, and nobody else sees the order`() throws {
    try withOrderDesk { shop in
      let stranger = try shop.shop.bearer(.user, " next door")
      let service = try shop.shop.bearer(.service)
      let id = try shop.buy("pen")
      for token in [stranger, service] {
        #expect(shop.shop.ask(.get, "/api/v1/orders/\(id)", as: token).status == 404)
        #expect(shop.change(id, "cancel", as: token).status == 404)
        for step in ["ready", "hand-over", "return"] {
          #expect(shop.change(id, step, note: "mine", as: token).status == 403)
        }
        #expect(shop.shop.ask(.get, "/api/v1/orders?all=true", as: token).status == 403)
        #expect(shop.shop.ask(.post, "/api/v1/orders/ready", ["ids": [.string(id)]], as: token).status == 403)
      }
      #expect(shop.change(id, "ready", as: shop.mine).status == 403)
      #expect(shop.change(id, "ready").status == 200)
      let late = shop.change(id, "cancel", as: shop.mine)
      #expect(late.status == 409)
      #expect(late["code"] == "order_is_ready")
      #expect(shop.status(id) == "ready")
      #expect(shop.shop.ask(.get, "/api/v1/orders/\(UUID().uuidString)", as: shop.desk).status == 404)
      #expect(shop.change(UUID().uuidString, "ready").status == 404)
      #expect(shop.shop.ask(.get, "/api/v1/orders/17", as: shop.desk).status == 422)
    }
  }

  @Test func `the staff give a reason for a refund, and every change of theirs is in the audit trail`() throws {
    try withOrderDesk { shop in
      let (first, second) = (try shop.buy("pen"), try shop.buy("pen"))
      let silent = shop.change(first, "cancel")
      #expect(silent.status == 422)
      #expect(silent.complaints == [["body", "note", "missing"]])
      #expect(shop.change(first, "cancel", note: "").status == 422)
      #expect(shop.change(first, "cancel", note: String(repeating: "x", count: 501)).status == 422)
      let odd = shop.shop.ask(.post, "/api/v1/orders/\(first)/cancel", ["refund": false], as: shop.desk)
      #expect(Set(odd.complaints.map { $0[1] }) == ["refund", "note"])
      #expect(shop.status(first) == "ordered")
      #expect(shop.change(first, "cancel", note: "out of print").status == 200)
      // A repetition gets the same answer, also without a reason and from the buyer.
      let again = [shop.change(first, "cancel").text, shop.change(first, "cancel", as: shop.mine).text]
      #expect(again == Array(repeating: shop.change(first, "cancel", note: "other").text, count: 2))
      #expect(shop.shop.ask(.get, "/api/v1/orders/\(first)", as: shop.mine)["note"] == "out of print")
      for step in ["ready", "ready", "hand-over"] { #expect(shop.change(second, step).status == 200) }
      #expect(shop.change(second, "return").status == 422)
      #expect(shop.change(second, "return", note: "a crack").status == 200)
      let trail = try shop.shop.owner.rows("SELECT action || ' ' || coalesce(reason, '') FROM audit ORDER BY id") {
        try $0.value(0, as: String.self)
      }
      #expect(
        trail.filter { $0.hasPrefix("order") } == [
          "order.cancel out of print", "order.ready ", "order.hand_over ", "order.return a crack",
        ])
    }
  }

  @Test func `a moderator who bought something may cancel without a reason, but not return`() throws {
    try withOrderDesk { shop in
      let moderator = try shop.shop.person("at the desk", .moderator)
      try shop.grant(100, to: moderator)
      let token = shop.shop.token(moderator)
      let (first, second) = (try shop.buy("pen", as: token), try shop.buy("pen", as: token))
      #expect(shop.change(first, "cancel", as: token).status == 200)
      #expect(try shop.shop.count("audit", "action = 'order.cancel'") == 1)
      for step in ["ready", "hand-over"] { #expect(shop.change(second, step, as: token).status == 200) }
      #expect(shop.change(second, "return", as: token).complaints == [["body", "note", "missing"]])
      #expect(shop.change(second, "return", note: "a crack", as: token).status == 200)
    }
  }

  @Test func `a refusal because the sale is paused is kept under its key`() throws {
    try withOrderDesk { shop in
      func pause(_ isPaused: Bool) throws {
        try shop.shop.owner.run(
          """
          UPDATE assets SET sale = CASE WHEN \(isPaused) THEN 'paused' ELSE 'listed' END, place = 1
          WHERE item_id = (SELECT id FROM items WHERE code = 'pen')
          """)
      }
      try pause(true)
      let refused = shop.purchase(["item": "pen", "quantity": 1], as: shop.mine, key: "twin")
      #expect(refused.status == 404)
      #expect(shop.shop.ask(.get, "/api/buy/pen", as: shop.mine).status == 400)
      try pause(false)
      #expect(shop.purchase(["item": "pen", "quantity": 1], as: shop.mine, key: "twin").status == 422)
      #expect(shop.purchase(["item": "pen", "quantity": 1], as: shop.mine, key: "other").status == 201)
      let long = String(repeating: "x", count: 7000)
      #expect(shop.shop.ask(.get, "/api/buy/\(long)", as: shop.mine).status == 400)
      #expect(try shop.shop.count("operations", "octet_length(content) > 200") == 0)
    }
  }

  @Test func `something that nobody has to fetch is handed over at once, and can be returned`() throws {
    try withOrderDesk { shop in
      try shop.shop.owner.run("UPDATE items SET hand_over = false WHERE code = 'book'")
      let answer = shop.purchase(["item": "book", "quantity": 1], as: shop.mine, key: "once")
      let id = try #require(answer.members["order"]?.members["id"]?.text)
      #expect(answer.members["order"]?.members["status"]?.text == "handed_over")
      #expect(shop.change(id, "return", note: "read it").status == 200)
      let again = shop.purchase(["item": "book", "quantity": 1], as: shop.mine, key: "once")
      #expect(again.header("Idempotent-Replayed") == "true")
      #expect(again.text == answer.text)
      #expect(shop.coins == 1000)
    }
  }

  @Test func `a purchase in merch is an order too, and a refunded item keeps its place when it is bought again`() throws
  {
    try withOrderDesk { shop in
      for item in ["cup", "pen", "cup"] {
        #expect(shop.shop.ask(.get, "/api/buy/\(item)", as: shop.mine).status == 200)
      }
      #expect(shop.list().count == 3)
      for id in shop.list("?item=cup") { #expect(shop.change(id, "cancel", as: shop.mine).status == 200) }
      func types() -> [String] {
        shop.shop.ask(.get, "/api/info", as: shop.mine).members["inventory"]?.elements
          .compactMap { $0.members["type"]?.text } ?? []
      }
      #expect(types() == ["pen"])
      #expect(shop.shop.ask(.get, "/api/buy/cup", as: shop.mine).status == 200)
      #expect(types() == ["cup", "pen"])
    }
  }

  @Test func `statistics subtract a refund from the day of its purchase`() throws {
    try withOrderDesk { shop in
      let admin = try shop.shop.bearer(.admin)
      let id = try shop.buy("cup", 3)
      _ = try shop.buy("pen")
      #expect(shop.change(id, "cancel", as: shop.mine).status == 200)
      let stats = shop.shop.ask(.get, "/api/v1/stats", as: admin)
      let sold = stats.members["purchases"]?.elements.compactMap { $0.members["item"]?.text }
      #expect(sold == ["pen"])
      #expect(stats.members["coins_in_circulation"] == .integer(990))
    }
  }

  private func verify(_ shop: Shop) throws -> [String] {
    var differences: [String] = []
    var verification = Verification(report: { differences.append($0.description) })
    _ = try verification.run(on: shop.owner)
    return differences
  }
}
