import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `PATCH /api/v1/auth/me`.
@Suite(.tiers(.api, .database))
struct OwnNameTests {
  private static let path = "/api/v1/auth/me"

  @Test(arguments: Role.allCases)
  func `users change their own full name, the change is audited, and the search finds them`(role: Role) throws {
    try withShop { shop in
      let anna = try shop.person("anna", role, email: "a@b.example", fullName: "Anna Old")
      let token = shop.token(anna)
      let changed = shop.ask(.patch, Self.path, ["full_name": "Anna Re\u{301}e"], as: token)
      #expect(changed.status == 200, "\(changed.text)")
      #expect(changed["full_name"] == "Anna R\u{E9}e")
      #expect([changed["id"], changed["email"], changed["role"]] == [anna.id.text, "a@b.example", role.rawValue])
      // The token stays valid, and everything else as it was.
      #expect(shop.worker.me(token).text == changed.text)
      let notes = try shop.owner.rows(
        """
        SELECT action || ' ' || actor || ' ' || (before->>'full_name') || ' ' || (after->>'full_name') || ' ' || request_id
        FROM audit WHERE subject_id = \(anna.id.text)
        """
      ) { try $0.value(0, as: String.self) }
      #expect(notes == ["user.update anna Anna Old Anna R\u{E9}e r-1"])
      let found = shop.ask(.get, "/api/v1/people?q=r%C3%A9e", as: token).members["items"]?.elements.count
      #expect(found == (role == .service ? 0 : 1))
      #expect(shop.ask(.get, "/api/v1/people?q=old", as: token).members["items"]?.elements.count == 0)
    }
  }

  private static let wrong: [(JSON, [String])] = [
    ([:], ["body", "full_name", "missing"]), (["full_name": .null], ["body", "full_name", "type_error"]),
    (["full_name": ""], ["body", "full_name", "value_error"]),
    (["full_name": " Anna"], ["body", "full_name", "value_error"]),
    (["full_name": "a\u{202E}b"], ["body", "full_name", "value_error"]),
    (["full_name": .string(String(repeating: "я", count: 101))], ["body", "full_name", "value_error"]),
    (["full_name": "Anna", "role": "admin"], ["body", "role", "extra_forbidden"]),
    (["full_name": "Anna", "email": "b@b.example"], ["body", "email", "extra_forbidden"]),
  ]

  @Test func `a name that an admin could not give is refused, and so is every other member`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", fullName: "Anna")
      for (body, due) in Self.wrong {
        let answer = shop.ask(.patch, Self.path, body, as: shop.token(anna))
        #expect(answer.status == 422)
        #expect(answer.complaint == due)
      }
      #expect(try User.find(anna.id, on: shop.owner) == anna)
      #expect(try shop.count("audit") == 0)
      let long = JSON.string(String(repeating: "я", count: 100))
      #expect(shop.ask(.patch, Self.path, ["full_name": long], as: shop.token(anna)).status == 200)
    }
  }

  @Test(.tiers(.security), arguments: ["deleted_at = now()", "is_active = false"])
  func `a user who has just left changes nothing`(change: String) throws {
    try withShop { shop in
      let token = shop.token(try shop.person("anna", fullName: "Anna"))
      try shop.owner.run("UPDATE users SET \(raw: change)")
      #expect(shop.ask(.patch, Self.path, ["full_name": "Boris"], as: token).status == 401)
      #expect(try shop.count("users", "full_name = 'Anna'") == 1)
      #expect(shop.ask(.patch, Self.path, ["full_name": "Boris"]).status == 401)
    }
  }
}
