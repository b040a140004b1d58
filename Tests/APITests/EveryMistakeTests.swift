import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// A v1 request with several mistakes names all of them at once.
@Suite(.tiers(.api, .database))
struct EveryMistakeTests {
  /// The complaints, each as `member kind`.
  private func complaints(
    _ shop: Shop, _ method: HTTP.Method, _ path: String, _ body: JSON? = nil, as token: String? = nil
  ) -> [String] {
    var headers: Headers = ["Idempotency-Key": "a"]
    if let token { headers.add("Authorization", "Bearer " + token) }
    let answer = shop.worker.ask(Request(method, path, headers: headers, body: body?.bytes ?? [], id: "r-1"))
    #expect(answer.status == 422, "\(method) \(path): \(answer.text)")
    return answer.complaints.map { $0.dropFirst().joined(separator: " ") }
  }

  private static let user: JSON = [
    "username": "a\u{0}b", "email": "nobody", "full_name": "", "password": "short", "role": "king", "is_active": 1,
    "reason": .string(String(repeating: "x", count: 501)), "rank": 1,
  ]
  private static let userMistakes = [
    "username value_error", "email value_error", "full_name value_error", "password value_error", "role value_error",
    "is_active type_error", "reason value_error", "rank extra_forbidden",
  ]

  @Test func `in requests about users`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let register = "/api/v1/auth/register"
      #expect(
        complaints(shop, .post, register, ["email": "nobody", "password": "short", "full_name": " ", "role": "admin"])
          == ["email value_error", "password value_error", "full_name value_error", "role extra_forbidden"])
      #expect(
        complaints(shop, .post, register, [:]) == ["email missing", "password missing", "full_name missing"])
      #expect(
        complaints(shop, .post, "/api/v1/auth/login", ["email": 1, "username": 2, "remember": true])
          == [
            "email type_error", "username type_error", "username value_error", "password missing",
            "remember extra_forbidden",
          ])
      #expect(
        complaints(shop, .post, "/api/v1/auth/refresh", ["refresh_token": 1, "more": 2])
          == ["refresh_token type_error", "more extra_forbidden"])
      // A NUL is not allowed in JSON.
      let user = Self.user.with(["username": "a\u{7}b"])
      for (method, path) in [(.post, ""), (.patch, "/00000000-0000-7000-8000-000000000000")] as [(HTTP.Method, String)]
      {
        #expect(
          Set(complaints(shop, method, "/api/v1/users" + path, user, as: admin)) == Set(Self.userMistakes), "\(method)")
      }
      #expect(
        complaints(shop, .get, "/api/v1/users?page=0&limit=101&sort_by=id&sort_order=up", as: admin)
          == ["page value_error", "limit value_error", "sort_by value_error", "sort_order value_error"])
      #expect(
        complaints(shop, .get, "/api/v1/audit?limit=0&cursor=x&actor_id=1", as: admin)
          == ["limit value_error", "cursor type_error", "actor_id type_error"])
      #expect(try shop.count("users") == 1)
    }
  }

  private static let item: JSON = [
    "code": "a b", "name": "", "description": 1, "price": 0, "class": "weapons", "type": 1, "collections": ["x"],
    "quality_levels": [1], "stock": -1, "is_active": "yes", "reason": 1, "weight": 1,
  ]
  private static let itemMistakes: Set = [
    "code value_error", "name value_error", "description type_error", "price value_error", "class value_error",
    "type type_error", "collections value_error", "quality_levels 0 type_error", "stock value_error",
    "is_active type_error", "reason type_error", "weight extra_forbidden",
  ]

  @Test func `in requests about items`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      #expect(Set(complaints(shop, .post, "/api/v1/items", Self.item, as: admin)) == Self.itemMistakes)
      let path = "/api/v1/items/\(Thing.cup)"
      #expect(Set(complaints(shop, .patch, path, Self.item, as: admin)) == Self.itemMistakes)
      #expect(complaints(shop, .post, "/api/v1/items", [:], as: admin) == ["name missing", "price missing"])
      #expect(
        complaints(shop, .patch, path, ["name": .null, "is_active": .null, "price": .null], as: admin)
          == ["name type_error", "is_active type_error"])
      #expect(
        complaints(shop, .get, "/api/v1/items?limit=x&is_active=1&search=\(String(repeating: "x", count: 256))")
          == ["limit type_error", "search value_error", "is_active value_error"])
      #expect(
        complaints(shop, .put, path + "/image?collection=x&quality_level=y", as: admin)
          == ["collection value_error", "quality_level value_error"])
    }
  }

  @Test func `in requests about coins and purchases`() throws {
    try withShop { shop in
      let bearer = try shop.bearer(.user)
      let message = JSON.string(String(repeating: "я", count: 501))
      #expect(
        Set(
          complaints(shop, .post, "/api/v1/transfers", ["to_user": "", "amount": 0, "message": message], as: bearer))
          == ["to_user value_error", "amount value_error", "message value_error"])
      #expect(
        complaints(shop, .post, "/api/v1/purchases", ["item": "", "quantity": "1", "colour": "red"], as: bearer)
          == ["item value_error", "quantity type_error", "colour extra_forbidden"])
      #expect(
        complaints(shop, .get, "/api/v1/wallet/history?limit=0&cursor=0&kind=gift&from=now&to=then", as: bearer)
          == [
            "limit value_error", "cursor value_error", "kind value_error", "from type_error", "to type_error",
          ])
      #expect(
        complaints(shop, .get, "/api/v1/stats?from=now&to=then&top=0", as: try shop.bearer(.admin))
          == ["to type_error", "from type_error", "top value_error"])
    }
  }
}
