import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// The audit trail: actor, action, subject and reason.
@Suite(.tiers(.api, .database))
struct AuditTests {
  private func entries(_ answer: Answer) -> [[String: JSON]] {
    answer.members["items"]?.elements.map(\.members) ?? []
  }

  @Test func `each change by an admin is recorded with actor, action, before, after and reason`() throws {
    try withShop { shop in
      let admin = try shop.person("the admin", .admin)
      let bearer = shop.token(admin)
      let made = shop.ask(
        .post, "/api/v1/users", ["username": "anna", "password": "correct horse", "reason": "new here"], as: bearer)
      let id = try #require(made["id"])
      let changed = shop.ask(
        .patch, "/api/v1/users/\(id)", ["role": "moderator", "reason": "промоушен"], as: bearer)
      #expect(shop.ask(.patch, "/api/v1/users/\(id)", ["password": "another horse"], as: bearer).status == 200)
      #expect(shop.ask(.delete, "/api/v1/users/\(id)", as: bearer).status == 204)

      let answer = shop.ask(.get, "/api/v1/audit", as: bearer)
      #expect(answer.status == 200)
      #expect(answer.members.keys.sorted() == ["items", "next_cursor"])
      #expect(answer.members["next_cursor"] == .null)
      let noted = entries(answer)
      #expect(noted.map { $0["action"] } == ["user.delete", "user.update", "user.update", "user.create"])
      for entry in noted {
        #expect(entry["actor"] == "the admin")
        #expect(entry["actor_id"] == .string(admin.id.text))
        #expect(entry["subject_id"] == .string(id))
        #expect(entry["request_id"] == "r-1")
        #expect(entry["at"]?.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
      }
      #expect(noted[3]["before"] == .null && noted[3]["after"]?.members == made.members)
      #expect(noted[3]["reason"] == "new here")
      #expect(noted[2]["before"]?.members == made.members && noted[2]["after"]?.members == changed.members)
      #expect(noted[2]["reason"] == "промоушен")
      // The entry says that the password changed, and contains neither the old nor the new one.
      #expect(noted[1]["after"]?.members["password"] == "changed")
      #expect(noted[0]["after"] == .null && noted[0]["before"]?.members["role"] == "moderator")
      #expect(!answer.text.contains("horse") && !answer.text.contains("argon2"))
    }
  }

  @Test func `a refused change is not recorded`() throws {
    try withShop { shop in
      let bearer = try shop.bearer(.admin)
      let anna = try shop.person("anna")
      #expect(shop.ask(.post, "/api/v1/users", ["username": "anna"], as: bearer).status == 409)
      let path = "/api/v1/users/\(anna.id.text)"
      #expect(shop.ask(.patch, path, ["username": "the admin"], as: bearer).status == 409)
      #expect(shop.ask(.patch, path, ["role": "king"], as: bearer).status == 422)
      #expect(shop.ask(.patch, path, ["role": "admin"], as: shop.token(anna)).status == 403)
      #expect(try shop.count("audit") == 0)
    }
  }

  @Test(.tiers(.security), arguments: [(TestCluster.app, "42501"), (TestCluster.owner, "23001")])
  func `nobody can rewrite the audit trail`(role: String, sqlstate: String) throws {
    try withShop { shop in
      #expect(shop.ask(.post, "/api/v1/users", ["username": "anna"], as: try shop.bearer(.admin)).status == 201)
      let connection = try TestCluster.connection(user: role, database: shop.place.database)
      for statement in [
        "UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM audit WHERE false",
        "UPDATE audit SET reason = '' WHERE false",
      ] {
        let error = #expect(throws: PostgresError.self) { try connection.run("\(raw: statement)") }
        #expect(error?.sqlstate == sqlstate, "\(statement)")
      }
      #expect(try shop.count("audit", "actor = 'the admin'") == 1)
    }
  }

  @Test func `pages run from the newest entry to the oldest, even while entries are added`() throws {
    try withShop { shop in
      let bearer = try shop.bearer(.admin)
      func write(_ range: ClosedRange<Int>) throws {
        try shop.owner.run(
          """
          INSERT INTO audit (actor, action, subject_id)
          SELECT 'x', 'n', n FROM generate_series(\(range.lowerBound)::int, \(range.upperBound)::int) n
          """)
      }
      try write(1...125)
      var seen: [String] = []
      var cursor: String?
      repeat {
        let answer = shop.ask(.get, "/api/v1/audit?limit=50" + (cursor.map { "&cursor=\($0)" } ?? ""), as: bearer)
        seen += entries(answer).compactMap { $0["subject_id"]?.text }
        cursor = answer["next_cursor"]
        try write(1000...1001)
      } while cursor != nil
      #expect(seen == (1...125).reversed().map { "\($0)" })
      let first = shop.ask(.get, "/api/v1/audit", as: bearer)
      #expect(entries(first).count == 50)
    }
  }

  @Test func `entries are filtered by actor, subject and action`() throws {
    try withShop { shop in
      let (one, other) = (try shop.person("one", .admin), try shop.person("other", .admin))
      for (admin, name) in [(one, "a"), (one, "b"), (other, "c")] {
        #expect(shop.ask(.post, "/api/v1/users", ["username": .string(name)], as: shop.token(admin)).status == 201)
      }
      let a = try #require(try User.named("a", on: shop.owner)).id.text
      #expect(shop.ask(.patch, "/api/v1/users/\(a)", ["full_name": "A"], as: shop.token(other)).status == 200)
      for (query, count) in [
        ("", 4), ("actor_id=\(one.id.text)", 2), ("actor_id=\(other.id.text)", 2), ("subject_id=\(a)", 2),
        ("action=user.create", 3), ("action=user.update", 1), ("action=user.create&actor_id=\(other.id.text)", 1),
        ("subject_id=\(a)&actor_id=\(other.id.text)", 1), ("action=user.delete", 0), ("subject_id=%27", 0),
        ("limit=3", 3),
      ] {
        #expect(entries(shop.ask(.get, "/api/v1/audit?\(query)", as: shop.token(one))).count == count, "\(query)")
      }
      for query in ["limit=101", "limit=0", "cursor=x", "cursor=0", "cursor=-1", "actor_id=one"] {
        #expect(shop.ask(.get, "/api/v1/audit?\(query)", as: shop.token(one)).status == 422, "\(query)")
      }
    }
  }
}
