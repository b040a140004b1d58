import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api))
struct RepeatedRefusalTests {
  @Test func `a repeated request gets the first refusal again, marked as a repetition`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (anna, admin) = (try shop.person("anna"), try shop.bearer(.admin))
      let token = shop.token(anna)
      let lines: JSON = [["item_id": .string(Thing.gem), "quantity": 3]]
      let refused: [(HTTP.Method, String, JSON?, String)] = [
        (.post, "/api/sendCoin", ["toUser": "nobody", "amount": 1], token),
        (.post, "/api/sendCoin", ["toUser": "anna", "amount": 1], token),
        (.get, "/api/buy/nothing", nil, token),
        (.post, "/api/v1/transfers", ["to_user": "the admin", "amount": 1_000_000], token),
        (.post, "/api/v1/purchases", ["item": "pink-hoody", "quantity": 1000], token),
        (
          .post, "/inventory/reserve",
          [
            "user_id": .string(anna.id.text), "operation_id": "a0000000-0000-4000-8000-000000000001", "items": lines,
          ], token
        ),
        (
          .post, "/admin/inventory/adjust",
          [
            "user_id": .string(anna.id.text), "section": "main", "reason": "counted by hand",
            "items": [["item_id": .string(Thing.gem), "quantity_change": -1]],
          ], admin
        ),
      ]
      for (number, (method, path, body, bearer)) in refused.enumerated() {
        let (first, again) = (
          shop.ask(method, path, body, as: bearer, key: "key-\(number)"),
          shop.ask(method, path, body, as: bearer, key: "key-\(number)")
        )
        #expect((400...409).contains(first.status) && first.header("Idempotent-Replayed") == nil, "\(path)")
        #expect(again.status == first.status && again.text == first.text, "\(path)")
        #expect(again.header("Idempotent-Replayed") == "true", "\(path)")
      }
    }
  }

  @Test func `another request under the same key is not a repetition`() throws {
    try withShop { shop in
      let token = shop.token(try shop.person("anna"))
      let first = shop.ask(.post, "/api/v1/transfers", ["to_user": "nobody", "amount": 1], as: token, key: "one")
      let other = shop.ask(.post, "/api/v1/transfers", ["to_user": "nobody", "amount": 2], as: token, key: "one")
      #expect(first.status == 404 && other.status == 422 && other.header("Idempotent-Replayed") == nil)
    }
  }
}

extension Shop {
  fileprivate func ask(
    _ method: HTTP.Method, _ path: String, _ body: JSON?, as token: String, key: String
  ) -> Answer {
    let headers: Headers = ["Authorization": "Bearer " + token, "Idempotency-Key": key]
    return worker.ask(Request(method, path, headers: headers, body: body?.bytes ?? [], id: "r-1"))
  }
}
