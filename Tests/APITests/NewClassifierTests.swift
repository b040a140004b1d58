import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Sizes and collections of the shop's own.
@Suite(.tiers(.api, .database))
struct NewClassifierTests {
  private func add(_ code: String, _ name: String = "A name", to kind: String = "quality_level") -> (String, JSON) {
    ("/api/v1/classifiers/" + kind, ["code": .string(code), "name": .string(name)])
  }

  @Test func `an admin adds a size, which is listed last and recorded in the audit trail`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let (path, body) = add("3xl", "Extra large ×3")
      let made = shop.ask(.post, path, body, as: admin)
      #expect(made.status == 201, "\(made.text)")
      #expect(made.members.keys.sorted() == ["code", "id", "name"])
      #expect(made["code"] == "3xl" && made["name"] == "Extra large ×3")
      let levels = shop.ask(.get, "/api/v1/classifiers").members["quality_level"]?.elements ?? []
      #expect(levels.last?.members == made.members)
      #expect(levels.dropLast().suffix(6).map { $0.members["code"] } == ["xs", "s", "m", "l", "xl", "xxl"])
      let entries = shop.ask(.get, "/api/v1/audit?action=classifier.create", as: admin).members["items"]?.elements ?? []
      #expect(entries.count == 1)
      #expect(entries.first?.members["subject_id"]?.text == made["id"])
      #expect(entries.first?.members["after"]?.members["name"] == "Extra large ×3")
      let (collections, winter) = add("winter_2027", "Winter 2027", to: "collection")
      #expect(shop.ask(.post, collections, winter, as: admin).status == 201)
      // Both classifiers may have the same code.
      #expect(shop.ask(.post, collections, body, as: admin).status == 201)
    }
  }

  @Test func `a taken code is refused, and so is a classifier that cannot be extended`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let (path, body) = add("xs")
      let taken = shop.ask(.post, path, body, as: admin)
      #expect(taken.status == 409 && taken["code"] == "code_taken")
      for kind in ["item_class", "item_type", "operation_type", "inventory_section", "sizes", "Collection", "%D0%BA"] {
        let (path, body) = add("own", to: kind)
        #expect(shop.ask(.post, path, body, as: admin).status == 404, "\(kind)")
      }
      #expect(try shop.count("audit", "action = 'classifier.create'") == 0)
    }
  }

  @Test(arguments: [
    ("", "A", ["code"]), ("base", "A", ["code"]), ("Big", "A", ["code"]), ("a b", "A", ["code"]), ("é", "A", ["code"]),
    ("a/b", "A", ["code"]), (String(repeating: "x", count: 51), "A", ["code"]), ("a", "", ["name"]),
    ("a", " A", ["name"]), ("a", "A\u{200B}\u{202E}", ["name"]), ("a", String(repeating: "x", count: 101), ["name"]),
    ("A", " ", ["code", "name"]),
  ])
  func `an invalid code or name is named`(code: String, name: String, due: [String]) throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let (path, body) = add(code, name)
      let answer = shop.ask(.post, path, body, as: admin)
      #expect(answer.status == 422, "\(answer.text)")
      #expect(answer.complaints.map { $0[1] } == due)
    }
  }

  @Test func `every mistake is named, and the longest code and name are taken`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let (path, body) = add(String(repeating: "x", count: 50), String(repeating: "Ж", count: 100))
      #expect(
        shop.ask(.post, path, ["position": 1], as: admin).complaints.map { $0[1] } == ["code", "name", "position"])
      #expect(shop.ask(.post, path, body, as: admin).status == 201)
      let (_, signs) = add("a-b_c.9")
      #expect(shop.ask(.post, path, signs, as: admin).status == 201)
    }
  }

  @Test(.tiers(.security)) func `only an admin adds one, and the database checks it`() throws {
    try withShop { shop in
      let (path, body) = add("own")
      for role in [Role.user, .moderator, .service] {
        #expect(try shop.ask(.post, path, body, as: shop.bearer(role)).status == 403)
      }
      #expect(shop.ask(.post, path, body).status == 401)
      let boris = try shop.person("boris", .admin)
      let token = shop.token(boris)
      // The worker does not know yet that he is no admin any more.
      try shop.owner.run("UPDATE users SET role = 'user' WHERE id = \(boris.id)")
      #expect(shop.ask(.post, path, body, as: token).status == 403)
      #expect(try shop.count("classifiers", "code = 'own'") == 0)
    }
  }

  @Test func `every code has a name for people to read`() throws {
    let lists = try Booted().ask(.get, "/api/v1/classifiers").members
    func name(_ kind: String, _ code: String) -> String? {
      lists[kind]?.elements.first { $0.members["code"]?.text == code }?.members["name"]?.text
    }
    #expect(name("quality_level", "xs") == "XS" && name("quality_level", "xxl") == "XXL")
    #expect(name("quality_level", "small") == "Small" && name("collection", "winter_2025") == "Winter 2025")
    #expect(name("item_type", "tool_blueprint") == "Tool blueprint" && name("item_class", "merch") == "Merch")
    for (kind, entries) in lists {
      #expect(entries.elements.allSatisfy { $0.members["name"]?.text?.isEmpty == false }, "\(kind)")
    }
  }
}
