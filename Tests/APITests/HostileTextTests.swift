import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Text that is cheap to send and expensive to compare. None of it reaches a comparison: it is refused by its bytes,
/// and codes are compared as bytes.
@Suite(.tiers(.api, .database, .security))
struct HostileTextTests {
  /// 20 KB of combining marks out of order; they are slow to compose. See ComposedTextTests.
  private static let marks = JSON.string("a" + String(repeating: "\u{301}\u{323}", count: 5000))

  @Test func `hostile text is refused in every text member`() throws {
    try withShop { shop in
      try shop.stockUp()
      let admin = try shop.person("the admin", .admin)
      let bearer = shop.token(admin)
      let add = adding([line(Thing.axe, 1)], to: admin, 1)
      let adjust: JSON = [
        "user_id": .string(admin.id.text), "section": "main", "reason": "counted by hand",
        "items": [["item_id": .string(Thing.axe), "quantity_change": 1]],
      ]
      let item: JSON = ["item_id": .string(Thing.axe), "quantity": 1]
      let transfer: JSON = ["to_user": "anna", "amount": 1, "message": "x"]
      let user: JSON = [
        "username": "anna", "email": "a@b.c", "full_name": "A", "password": "correct horse", "role": "user",
      ]
      let cases: [(String, JSON, [String])] = [
        ("/api/auth", ["username": "a", "password": "b"], ["username", "password"]),
        ("/api/sendCoin", ["toUser": "a", "amount": 1], ["toUser"]),
        ("/api/v1/auth/login", ["username": "a", "password": "b"], ["username", "password"]),
        ("/api/v1/auth/login", ["email": "a", "password": "b"], ["email"]),
        ("/api/v1/auth/refresh", ["refresh_token": "a"], ["refresh_token"]),
        ("/api/v1/auth/register", user.with(["username": nil, "role": nil]), ["email", "full_name", "password"]),
        ("/api/v1/users", user, ["username", "email", "full_name", "password", "role", "reason"]),
        ("/api/v1/transfers", transfer, ["to_user", "message"]),
        ("/api/v1/purchases", ["item": "cup", "quantity": 1], ["item"]),
        ("/api/v1/items", ["name": "Mug", "price": 1], ["code", "name", "class", "type", "reason"]),
        ("/inventory/add-items", add, ["user_id", "section", "operation_type", "operation_id", "comment"]),
        ("/inventory/reserve", closing(admin, 1).with(["items": [item]]), ["user_id", "operation_id"]),
        ("/admin/inventory/adjust", adjust, ["user_id", "section", "reason"]),
      ]
      let headers: Headers = ["Authorization": "Bearer " + bearer, "Idempotency-Key": "a"]
      for (path, body, names) in cases {
        for name in names {
          let request = Request(
            .post, path, headers: headers, body: body.with([name: Self.marks]).bytes, id: "r-1")
          let answer = shop.worker.ask(request)
          #expect([400, 401, 422].contains(answer.status), "\(path) \(name): \(answer.status)")
        }
      }
      for name in ["item_id", "collection", "quality_level"] {
        let body = add.with(["items": [item.with([name: Self.marks])]])
        #expect(shop.ask(.post, "/inventory/add-items", body, as: bearer).status == 400, "\(name)")
      }
      for name in ["collections", "quality_levels"] {
        let body: JSON = ["name": "Mug", "price": 1]
        let answer = shop.ask(.post, "/api/v1/items", body.with([name: [Self.marks]]), as: bearer)
        #expect(answer.complaints == [["body", name, "value_error"]])
      }
      #expect(try shop.count("operations") == 0)
      #expect(try shop.count("users") == 1)
    }
  }

  @Test func `hostile text is refused in a query and in a header`() throws {
    try withShop { shop in
      let bearer = try shop.bearer(.admin)
      shop.worker.storefront.hasLeaderboard = true
      let escaped = String(repeating: "%CC%81%CC%A3", count: 300)
      for query in [
        "users?search=", "users?sort_by=", "items?search=", "items?class=", "items?type=", "items?is_active=",
        "audit?subject_id=", "audit?action=", "wallet/history?counterpart=", "wallet/history?kind=", "wallet?at=",
        "wallet/history?from=", "stats?from=", "leaderboard?period=",
      ] {
        #expect(shop.ask(.get, "/api/v1/\(query)\(escaped)", as: bearer).status == 422, "\(query)")
      }
      #expect(shop.ask(.get, "/inventory?section=\(escaped)", as: bearer).status == 400)
      let marks = String(repeating: "\u{301}\u{323}", count: 1500)
      for (name, status) in [("Idempotency-Key", 400), ("If-Match", 412)] {
        let answer = shop.worker.ask(
          Request(
            name == "If-Match" ? .delete : .post,
            name == "If-Match" ? "/api/v1/items/\(Thing.cup)" : "/api/v1/transfers",
            headers: ["Authorization": "Bearer " + bearer, name: marks], body: Array("{}".utf8), id: "r-1"))
        #expect(answer.status == status, "\(name) \(answer.text)")
      }
    }
  }
}
