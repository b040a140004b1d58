import HTTP
import Identity
import Notation
import Support
import Testing

/// A header that is not UTF-8 is unreadable, not absent.
@Suite(.tiers(.api, .security))
struct UnreadableHeaderTests {
  @Test(arguments: ["/api/sendCoin", "/api/v1/transfers"])
  func `an unreadable key does not count as a missing key`(path: String) throws {
    try withShop { shop in
      let sender = try shop.person("sender")
      try shop.person("receiver")
      let body: JSON =
        path == "/api/sendCoin" ? ["toUser": "receiver", "amount": 1] : ["to_user": "receiver", "amount": 1]
      let answer = shop.ask(.post, path, body, "IDEMPOTENCY_KEY", as: shop.token(sender))
      #expect(answer.status == (path == "/api/sendCoin" ? 400 : 422))
      #expect(answer.text.contains("decoded as UTF-8"))
      #expect(try shop.count("operations") == 0)
    }
  }

  @Test(arguments: [HTTP.Method.patch, .delete])
  func `an unreadable condition does not hold`(method: HTTP.Method) throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let cup = "/api/v1/items/11e30000-0000-8000-8000-000000000002"
      let before = shop.ask(.get, cup).text
      let answer = shop.ask(method, cup, method == .patch ? ["price": 21] : nil, "IF_MATCH", as: admin)
      #expect(answer.status == 422)
      #expect(shop.ask(.get, cup).text == before)
    }
  }
}

extension Shop {
  fileprivate func ask(
    _ method: HTTP.Method, _ path: String, _ body: JSON?, _ unreadable: String, as token: String
  ) -> Answer {
    var headers: Headers = ["Authorization": "Bearer " + token]
    Array(unreadable.utf8).withUnsafeBytes { headers.add(parameter: $0[...], nil) }
    return worker.ask(Request(method, path, headers: headers, body: body?.bytes ?? [], id: "r-1"))
  }
}
