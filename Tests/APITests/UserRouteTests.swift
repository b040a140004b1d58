import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `/api/v1/users`, one at a time.
@Suite(.tiers(.api, .database))
struct UserRouteTests {
  private static let members = [
    "created_at", "email", "full_name", "id", "is_active", "role", "updated_at", "username",
  ]

  @Test func `an admin creates, reads, changes and deletes a user`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let made = shop.ask(
        .post, "/api/v1/users",
        [
          "username": "anna", "email": "a@b.example", "full_name": "Anna", "password": "correct horse",
          "role": "service", "is_active": true, "reason": "new here",
        ], as: admin)
      #expect(made.status == 201)
      #expect(made.members.keys.sorted() == Self.members)
      let path = "/api/v1/users/\(try #require(made["id"]))"
      #expect(shop.ask(.get, path, as: admin).text == made.text)
      #expect(shop.worker.login("anna", "correct horse").status == 200)

      let changed = shop.ask(.patch, path, ["full_name": "Anna B.", "role": "moderator"], as: admin)
      #expect(changed.status == 200)
      #expect(changed["full_name"] == "Anna B.")
      #expect(changed["role"] == "moderator")
      #expect(changed["email"] == "a@b.example")
      #expect(changed["created_at"] == made["created_at"])
      #expect(try #require(changed["updated_at"]) > #require(made["updated_at"]))
      #expect(shop.ask(.get, path, as: admin).text == changed.text)

      #expect(shop.ask(.delete, path, as: admin).status == 204)
      for (method, body) in [(.get, nil), (.patch, ["full_name": "x"]), (.delete, nil)] as [(HTTP.Method, JSON?)] {
        let gone = shop.ask(method, path, body, as: admin)
        #expect(gone.status == 404)
        #expect(gone["code"] == "not_found")
        #expect(gone["detail"] == "User not found")
      }
      // The row stays, because history refers to it.
      #expect(try shop.count("users", "deleted_at IS NOT NULL AND username = 'anna'") == 1)
    }
  }

  @Test func `each member is changed by itself, and null changes nothing`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let anna = try shop.person("anna", email: "a@b.example", fullName: "Anna", password: "correct horse")
      let path = "/api/v1/users/\(anna.id.text)"
      let changes: [(String, JSON)] = [
        ("username", "hanna"), ("email", "h@b.example"), ("full_name", "Hanna"), ("role", "service"),
        ("is_active", false),
      ]
      var due = shop.ask(.get, path, as: admin).members
      for (name, value) in changes {
        let nothing = shop.ask(.patch, path, .object([.init(name: name, value: .null)]), as: admin)
        #expect(nothing.status == 422)
        let answer = shop.ask(.patch, path, .object([.init(name: name, value: value)]), as: admin)
        #expect(answer.status == 200, "\(name)")
        due[name] = value
        #expect(answer.members.filter { $0.key != "updated_at" } == due.filter { $0.key != "updated_at" })
      }
    }
  }

  @Test func `a password set by an admin replaces the old one`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", password: "correct horse")
      let answer = shop.ask(
        .patch, "/api/v1/users/\(anna.id.text)", ["password": "another horse"], as: try shop.bearer(.admin))
      #expect(answer.status == 200)
      #expect(answer.members.keys.sorted() == Self.members)
      #expect(shop.worker.login("anna", "correct horse").status == 401)
      #expect(shop.worker.login("anna", "another horse").status == 200)
    }
  }

  private static let bad: [(JSON, [String])] = [
    (["username": ""], ["body", "username", "value_error"]),
    (["username": .string(String(repeating: "я", count: 128))], ["body", "username", "value_error"]),
    (["username": "a\u{1}"], ["body", "username", "value_error"]),
    (["email": "notanemail"], ["body", "email", "value_error"]),
    (["full_name": ""], ["body", "full_name", "value_error"]),
    (["password": "short"], ["body", "password", "value_error"]),
    (["password": "password"], ["body", "password", "value_error"]),
    (["role": "root"], ["body", "role", "value_error"]), (["role": "Admin"], ["body", "role", "value_error"]),
    (["role": 1], ["body", "role", "type_error"]), (["is_active": "yes"], ["body", "is_active", "type_error"]),
    (["is_active": 1], ["body", "is_active", "type_error"]),
    (["id": "00000000-0000-0000-0000-000000000000"], ["body", "id", "extra_forbidden"]),
    (["generation": 0], ["body", "generation", "extra_forbidden"]),
    (["password_hash": "x"], ["body", "password_hash", "extra_forbidden"]),
    (["reason": .string(String(repeating: "я", count: 501))], ["body", "reason", "value_error"]),
  ]

  @Test func `mistakes are named, and nothing changes`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let path = "/api/v1/users/\(try shop.person("anna").id.text)"
      let before = shop.ask(.get, path, as: admin).text
      for (body, complaint) in Self.bad {
        let answer = shop.ask(.patch, path, body, as: admin)
        #expect(answer.status == 422, "\(body)")
        #expect(answer.complaint == complaint, "\(body)")
        guard case .object(let members) = body else { continue }
        let name = JSON.Member(name: "username", value: "boris")
        let made = shop.ask(
          .post, "/api/v1/users", .object((members[0].name == "username" ? [] : [name]) + members), as: admin)
        #expect(made.complaint == complaint, "\(body)")
      }
      #expect(
        shop.ask(.post, "/api/v1/users", ["full_name": "A"], as: admin).complaint == ["body", "email", "missing"])
      #expect(shop.ask(.get, path, as: admin).text == before)
      #expect(try shop.count("users") == 2)
      #expect(try shop.count("audit") == 0)
      for id in ["1", "me", "00000000-0000-0000-0000-00000000000", "'"] {
        #expect(shop.ask(.get, "/api/v1/users/\(id)", as: admin).status == 422, "\(id)")
      }
      #expect(shop.ask(.get, "/api/v1/users/00000000-0000-7000-8000-000000000000", as: admin).status == 404)
    }
  }

  @Test func `names and emails are unique among existing users, and free again after a deletion`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let anna = try shop.person("anna", email: "a@b.example")
      let boris = try shop.person("boris")
      func change(_ body: JSON) -> Answer { shop.ask(.patch, "/api/v1/users/\(boris.id.text)", body, as: admin) }
      #expect(change(["username": "anna"])["code"] == "username_taken")
      #expect(change(["email": "A@B.example"])["code"] == "email_taken")
      #expect(change(["username": "anna", "full_name": "B"]).status == 409)
      #expect(shop.ask(.post, "/api/v1/users", ["username": "anna"], as: admin).status == 409)
      #expect(shop.ask(.post, "/api/v1/users", ["email": "a@B.EXAMPLE"], as: admin).status == 409)
      #expect(try User.find(boris.id, on: shop.owner) == boris)
      #expect(change(["username": "Anna"]).status == 200)
      #expect(shop.ask(.delete, "/api/v1/users/\(anna.id.text)", as: admin).status == 204)
      #expect(change(["username": "anna", "email": "a@b.example"]).status == 200)
    }
  }

  private static let routes: [(HTTP.Method, String, JSON?)] = [
    (.get, "/api/v1/users", nil), (.get, "/api/v1/users/ID", nil), (.post, "/api/v1/users", ["username": "new"]),
    (.patch, "/api/v1/users/ID", ["full_name": "x"]), (.delete, "/api/v1/users/ID", nil),
    (.get, "/api/v1/audit", nil),
  ]

  @Test(
    .tiers(.security),
    arguments: [
      (Role.user, [403, 403, 403, 403, 403, 403]), (.service, [403, 403, 403, 403, 403, 403]),
      (.moderator, [200, 200, 403, 403, 403, 403]), (.admin, [200, 200, 201, 200, 204, 200]),
    ])
  func `a role may do what is listed here and nothing else`(role: Role, statuses: [Int]) throws {
    try withShop { shop in
      let bearer = try shop.bearer(role)
      let id = try shop.person("anna").id.text
      for ((method, path, body), status) in zip(Self.routes, statuses) {
        let path = path.replacing("ID", with: id)
        let answer = shop.ask(method, path, body, as: bearer)
        #expect(answer.status == status, "\(method) \(path)")
        if status == 403 { #expect(answer["code"] == "forbidden") }
        #expect(shop.ask(method, path, body)["code"] == "missing_token")
      }
      #expect(try shop.count("users", "username IN ('anna', 'new') AND deleted_at IS NULL") == 1)
    }
  }

  @Test(.tiers(.security)) func `a token keeps the role it was issued with, and ends when the role changes`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let second = try shop.person("second", .admin)
      let token = shop.token(second)
      #expect(shop.ask(.get, "/api/v1/users", as: token).status == 200)
      #expect(shop.ask(.patch, "/api/v1/users/\(second.id.text)", ["role": "user"], as: admin).status == 200)
      try shop.worker.catchUp()
      #expect(shop.ask(.get, "/api/v1/users", as: token).status == 401)
      let now = try User.find(second.id, on: shop.owner)
      #expect(shop.ask(.get, "/api/v1/users", as: shop.token(now)).status == 403)
    }
  }
}
