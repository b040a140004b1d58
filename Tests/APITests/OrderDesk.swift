import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support

/// A shop with a buyer who has 1000 coins, and a desk where a moderator hands over.
struct OrderDesk {
  let shop: Shop
  let buyer: User
  let mine: String
  let desk: String

  init(_ shop: Shop) throws {
    self.shop = shop
    buyer = try shop.person("buyer")
    mine = shop.token(buyer)
    desk = try shop.bearer(.moderator)
    try grant(1000, to: buyer)
  }

  func grant(_ coins: Int, to user: User) throws {
    let intent = Intent(owner: user.id, key: nil, requestID: nil)
    _ = try Grant(amount: coins, reason: "test").make(intent, on: shop.owner)
  }

  func purchase(_ body: JSON, as token: String, key: String = UUID().uuidString) -> Answer {
    let headers: Headers = ["Authorization": "Bearer " + token, "Idempotency-Key": key]
    return shop.worker.ask(Request(.post, "/api/v1/purchases", headers: headers, body: body.bytes, id: "r-1"))
  }

  /// The id of the order.
  func buy(_ item: String, _ quantity: Int = 1, as token: String? = nil) throws -> String {
    let answer = purchase(["item": .string(item), "quantity": .integer(quantity)], as: token ?? mine)
    guard answer.status == 201, let id = answer.members["order"]?.members["id"]?.text else {
      throw Failure(answer.text)
    }
    return id
  }

  func change(_ id: String, _ step: String, note: String? = nil, as token: String? = nil) -> Answer {
    shop.ask(.post, "/api/v1/orders/\(id)/\(step)", note.map { ["note": .string($0)] }, as: token ?? desk)
  }

  func status(_ id: String) -> String? { shop.ask(.get, "/api/v1/orders/\(id)", as: mine)["status"] }

  var coins: JSON? { shop.ask(.get, "/api/v1/wallet", as: mine).members["coins"] }

  /// The ids of the orders that a query finds.
  func list(_ query: String = "", as token: String? = nil) -> [String] {
    let answer = shop.ask(.get, "/api/v1/orders" + query, as: token ?? mine)
    return answer.members["items"]?.elements.compactMap { $0.members["id"]?.text } ?? []
  }
}

func withOrderDesk(_ body: (OrderDesk) throws -> Void) throws {
  try withShop { try body(OrderDesk($0)) }
}
