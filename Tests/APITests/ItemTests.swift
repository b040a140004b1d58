import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `/api/v1/items`, one at a time.
@Suite(.tiers(.api, .database))
struct ItemTests {
  static let mug: JSON = [
    "code": "mug", "name": "Mug", "price": 20, "class": "merch", "type": "drinkware", "reason": "new in spring",
  ]

  private static let members = [
    "class", "code", "collections", "created_at", "description", "hand_over", "id", "images", "is_active", "name",
    "price", "quality_levels", "stock", "type", "updated_at", "variants",
  ]

  @Test func `an admin creates, changes and retires an item, and everybody reads it`() throws {
    try withShop { shop in
      let admin = try shop.person("the admin", .admin)
      let bearer = shop.token(admin)
      let made = shop.ask(.post, "/api/v1/items", Self.mug, as: bearer)
      #expect(made.status == 201)
      #expect(made.members.keys.sorted() == Self.members)
      #expect(made.members["stock"] == .null && made.members["images"] == .array([]))
      #expect(made.members["variants"] == .array([]) && made.members["hand_over"] == true)
      let path = "/api/v1/items/\(try #require(made["id"]))"
      #expect(made.header("Location") == path)
      #expect(shop.ask(.get, path).text == made.text)

      let changed = shop.ask(.patch, path, ["name": "Big mug", "price": 25, "reason": "it grew"], as: bearer)
      #expect(changed.status == 200)
      #expect(changed["name"] == "Big mug" && changed.members["price"] == 25 && changed["code"] == "mug")
      #expect(try #require(changed["updated_at"]) > #require(made["updated_at"]))
      #expect(shop.ask(.get, path).text == changed.text)

      #expect(shop.ask(.delete, path, as: bearer).status == 204)
      for (method, body) in [(.get, nil), (.patch, ["name": "x"]), (.delete, nil)] as [(HTTP.Method, JSON?)] {
        let gone = shop.ask(method, path, body, as: bearer)
        #expect(gone.status == 404)
        #expect(gone["detail"] == "Item not found")
      }
      // The ledger still refers to it, so the row stays, and with it the code.
      #expect(try shop.count("items", "code = 'mug' AND retired_at IS NOT NULL") == 1)
      let again = shop.ask(.post, "/api/v1/items", Self.mug, as: bearer)
      #expect(again.status == 409 && again["code"] == "code_taken")
      #expect(shop.ask(.get, "/api/v1/items?search=mug")["items"] == nil)

      let noted = shop.ask(.get, "/api/v1/audit", as: bearer).members["items"]?.elements.map(\.members) ?? []
      #expect(noted.map { $0["action"] } == ["item.delete", "item.update", "item.create"])
      #expect(noted.allSatisfy { $0["request_id"] == "r-1" && $0["actor_id"] == .string(admin.id.text) })
      #expect(noted[2]["reason"] == "new in spring" && noted[2]["after"]?.members == made.members)
      #expect(noted[1]["before"]?.members == made.members && noted[1]["after"]?.members == changed.members)
      #expect(noted[0]["before"]?.members == changed.members && noted[0]["after"] == .null)
    }
  }

  @Test func `in a change, an absent member stays; a null price means not for sale, a null stock means unlimited`()
    throws
  {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let whole: JSON = [
        "code": "axe", "name": "Axe", "description": "Sharp", "price": 5, "class": "tools", "type": "axe", "stock": 3,
        "collections": ["winter_2025", "spring_2025"], "quality_levels": ["stone", "wooden"], "is_active": false,
      ]
      var due = shop.ask(.post, "/api/v1/items", whole, as: admin).members
      #expect(due["collections"] == ["winter_2025", "spring_2025"] && due["quality_levels"] == ["wooden", "stone"])
      #expect(due["stock"] == 3 && due["is_active"] == false)
      let path = "/api/v1/items/\(try #require(due["id"]?.text))"
      let changes: [(JSON, [String: JSON])] = [
        ([:], [:]), (["name": "Hatchet"], ["name": "Hatchet"]), (["description": ""], ["description": ""]),
        (["price": .null], ["price": .null]), (["name": "Axe"], ["name": "Axe"]), (["price": 1], ["price": 1]),
        (["stock": .null], ["stock": .null]), (["stock": 0], ["stock": 0]), (["stock": 7], ["stock": 7]),
        (["collections": []], ["collections": []]),
        (["quality_levels": ["metal", "metal"]], ["quality_levels": ["metal"]]),
        (["is_active": true], ["is_active": true]), (["hand_over": false], ["hand_over": false]),
        (["limit_per_person": 2], ["limit_per_person": 2]), (["low_stock_at": 0], ["low_stock_at": 0]),
        (["class": "merch", "type": "clothing"], ["class": "merch", "type": "clothing"]),
      ]
      for (body, change) in changes {
        let answer = shop.ask(.patch, path, body, as: admin)
        #expect(answer.status == 200, "\(body)")
        due.merge(change) { $1 }
        due["updated_at"] = answer.members["updated_at"]
        #expect(answer.members == due, "\(body)")
      }
      // A limit and a mark of null are none, and then the item does not have the member.
      for name in ["limit_per_person", "low_stock_at"] {
        let answer = shop.ask(.patch, path, .object([.init(name: name, value: .null)]), as: admin)
        due[name] = nil
        due["updated_at"] = answer.members["updated_at"]
        #expect(answer.members == due, "\(name)")
      }
      for name in [
        "name", "description", "class", "type", "collections", "quality_levels", "is_active", "code", "hand_over",
      ] {
        let answer = shop.ask(.patch, path, .object([.init(name: name, value: .null)]), as: admin)
        #expect(answer.complaint == ["body", name, "type_error"], "\(name)")
      }
      #expect(shop.ask(.get, path).members == due)
    }
  }

  private static func spoilt(_ name: String, _ value: JSON) -> JSON {
    guard case .object(let members) = mug else { return mug }
    return .object(members.filter { $0.name != name } + [.init(name: name, value: value)])
  }

  private static let bad: [(String, JSON, String)] = [
    ("name", "", "value_error"), ("name", " \t\u{2003}", "value_error"), ("name", 1, "type_error"),
    ("name", .string(String(repeating: "я", count: 201)), "value_error"),
    ("description", .string(String(repeating: "я", count: 5001)), "value_error"), ("description", [], "type_error"),
    ("price", 0, "value_error"), ("price", -1, "value_error"), ("price", 9_007_199_254_740_992, "value_error"),
    ("price", .integer(.max), "value_error"), ("price", .integer(.min), "value_error"), ("price", "20", "type_error"),
    ("price", .number("1.5"), "type_error"), ("price", .number("1e400"), "type_error"),
    ("price", .number("99999999999999999999999999"), "type_error"), ("price", true, "type_error"),
    ("stock", -1, "value_error"), ("stock", 9_007_199_254_740_992, "value_error"), ("stock", "all", "type_error"),
    ("class", "weapons", "value_error"), ("class", "Merch", "value_error"), ("class", "", "value_error"),
    ("type", "axe", "value_error"), ("type", "drinkware ", "value_error"),
    ("collections", ["winter_2025", "winter_1925"], "value_error"), ("collections", "winter_2025", "type_error"),
    ("collections", ["diamond"], "value_error"), ("quality_levels", ["winter_2025"], "value_error"),
    ("limit_per_person", 0, "value_error"), ("limit_per_person", "2", "type_error"),
    ("low_stock_at", -1, "value_error"), ("low_stock_at", true, "type_error"), ("hand_over", "yes", "type_error"),
    ("is_active", 1, "type_error"), ("stock_limited", true, "extra_forbidden"), ("id", "x", "extra_forbidden"),
    ("retired_at", .null, "extra_forbidden"), ("reason", .string(String(repeating: "x", count: 501)), "value_error"),
  ]

  @Test func `mistakes are named, and nothing changes`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let path = "/api/v1/items/\(try #require(shop.ask(.post, "/api/v1/items", Self.mug, as: admin)["id"]))"
      let before = (shop.ask(.get, path).text, try shop.count("items"), try shop.count("audit"))
      for (name, value, kind) in Self.bad {
        let made = shop.ask(.post, "/api/v1/items", Self.spoilt(name, value), as: admin)
        #expect(made.status == 422, "\(name) \(value)")
        #expect(made.complaint.prefix(2) == ["body", name] && made.complaint.last == kind, "\(name) \(value)")
        // A class never changes alone, so changing one of the two is wrong in any case.
        guard name != "class", name != "type" else { continue }
        let changed = shop.ask(.patch, path, .object([.init(name: name, value: value)]), as: admin)
        #expect(changed.status == 422, "\(name) \(value)")
      }
      for code in ["", "a b", "ä", "a\n", "a\u{0}", String(repeating: "a", count: 101), "☕️"] {
        #expect(
          shop.ask(.post, "/api/v1/items", Self.spoilt("code", .string(code)), as: admin).status == 422, "\(code)")
      }
      for name in ["name", "price"] {
        guard case .object(let members) = Self.mug else { return }
        let answer = shop.ask(.post, "/api/v1/items", .object(members.filter { $0.name != name }), as: admin)
        #expect(answer.complaint == ["body", name, "missing"])
      }
      for body: JSON in [["code": "cup"], ["type": "clothing"], ["class": "tools"], ["class": "tools", "type": "cup"]] {
        #expect(shop.ask(.patch, path, body, as: admin).status == 422, "\(body)")
      }
      for name in ["nul\u{0}", "\u{0}"] {
        let answer = shop.ask(.patch, path, ["name": .string(name)], as: admin)
        #expect((400...422).contains(answer.status), "\(answer.text)")
      }
      #expect(before == (shop.ask(.get, path).text, try shop.count("items"), try shop.count("audit")))
    }
  }

  @Test(.tiers(.security), arguments: [Role.user, .moderator, .service]) func `nobody but an admin edits`(
    role: Role
  ) throws {
    try withShop { shop in
      let bearer = try shop.bearer(role)
      let path = "/api/v1/items/11e30000-0000-8000-8000-000000000002"
      for (method, path, body) in [
        (.post, "/api/v1/items", Self.mug), (.patch, path, ["price": 1]), (.delete, path, nil),
        (.put, path + "/image", nil), (.delete, path + "/image", nil), (.put, path + "/variants", ["variants": []]),
        (.put, path + "/stock", ["stock": 1, "reason": "r"]),
      ] as [(HTTP.Method, String, JSON?)] {
        #expect(shop.ask(method, path, body, as: bearer)["code"] == "forbidden", "\(method)")
        #expect(shop.ask(method, path, body).status == 401, "\(method)")
      }
      #expect(shop.ask(.get, path).members["price"] == 20)
    }
  }
}
