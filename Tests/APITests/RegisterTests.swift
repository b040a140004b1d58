import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `POST /api/v1/auth/register`.
@Suite(.tiers(.api, .database))
struct RegisterTests {
  private static func body(
    email: JSON? = "a@b.example", password: JSON? = "correct horse", fullName: JSON? = "Anna"
  ) -> JSON {
    .members(["email": email, "password": password, "full_name": fullName])
  }

  @Test func `a new user gets their own data back, without the password`() throws {
    try withShop { shop in
      let answer = shop.ask(.post, "/api/v1/auth/register", Self.body(email: "Anna@Example.ORG", fullName: "Анна К."))
      #expect(answer.status == 201)
      #expect(
        answer.members.keys.sorted() == [
          "created_at", "email", "full_name", "id", "is_active", "role", "updated_at", "username",
        ])
      #expect(answer["email"] == "Anna@Example.ORG")
      #expect(answer["username"] == "Anna@Example.ORG")
      #expect(answer["full_name"] == "Анна К.")
      #expect(answer["role"] == "user")
      #expect(answer.members["is_active"] == true)
      #expect(
        answer["id"]?.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
      #expect(answer["created_at"]?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
      #expect(shop.worker.login("Anna@Example.ORG", "correct horse").status == 200)
    }
  }

  private static let bad: [(JSON, [String])] = [
    (body(email: nil), ["body", "email", "missing"]), (body(password: nil), ["body", "password", "missing"]),
    (body(fullName: nil), ["body", "full_name", "missing"]), (body(email: 1), ["body", "email", "type_error"]),
    (body(password: 12_345_678), ["body", "password", "type_error"]),
    (body(password: "1234567"), ["body", "password", "value_error"]),
    (body(password: .string(String(repeating: "a", count: 257))), ["body", "password", "value_error"]),
    (body(password: "PassWord1"), ["body", "password", "value_error"]),
    (body(password: "12345678"), ["body", "password", "value_error"]),
    (body(fullName: ""), ["body", "full_name", "value_error"]),
    (body(fullName: " \u{2003}"), ["body", "full_name", "value_error"]),
    (body(fullName: "a\u{7}"), ["body", "full_name", "value_error"]),
    (body(fullName: .string(String(repeating: "я", count: 101))), ["body", "full_name", "value_error"]),
  ]

  @Test func `mistakes are named`() throws {
    try withShop { shop throws in
      for (body, complaint) in Self.bad {
        let answer = shop.ask(.post, "/api/v1/auth/register", body)
        #expect(answer.status == 422)
        #expect(answer.complaint == complaint, "\(body)")
        #expect(try shop.count("users") == 0)
      }
    }
  }

  private static let badEmails = [
    "", "notanemail", "@nodomain.com", "missing@.com", "a@b", "a@b.", "a@.b", "a@@b.c", "a@b@c.d", "a b@c.d",
    "a@b c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@-b.c", "a@b-.c", "a@b..c", "a\n@b.c", "a\u{301}@\u{200B}.\u{85}",
    "\"a\"@b.c", "<a@b.c>", "a@[127.0.0.1]", String(repeating: "a", count: 65) + "@b.c",
    "a@" + String(repeating: "b", count: 64) + ".c",
    "a@" + Array(repeating: String(repeating: "b", count: 62), count: 4).joined(separator: ".") + ".cc",
    // 127 characters, but 253 bytes more than a name to sign in with may have.
    "я@" + Array(repeating: String(repeating: "я", count: 30), count: 8).joined(separator: "."),
  ]

  @Test func `an invalid email is refused with its place`() throws {
    try withShop { shop throws in
      for email in Self.badEmails {
        let answer = shop.ask(.post, "/api/v1/auth/register", Self.body(email: .string(email)))
        #expect(answer.status == 422, "\(email)")
        #expect(answer.complaint == ["body", "email", "value_error"])
      }
    }
  }

  private static let goodEmails = [
    "a@b.c", "a+b@c-d.example", "o'brien@b.c", "пошта@приклад.укр", "1@2.3", "a.b.c@d.e.f",
  ]

  @Test func `a possible email is accepted`() throws {
    try withShop { shop throws in
      for email in Self.goodEmails {
        let answer = shop.ask(.post, "/api/v1/auth/register", Self.body(email: .string(email)))
        #expect(answer.status == 201, "\(email)")
      }
    }
  }

  private static let ranks = ["role", "is_active", "id", "username", "password_hash", "Email", "generation"]

  @Test(.tiers(.security)) func `nobody makes themselves an admin`() throws {
    try withShop { shop throws in
      for member in Self.ranks {
        guard case .object(let members) = Self.body() else { return }
        let answer = shop.ask(
          .post, "/api/v1/auth/register", .object(members + [JSON.Member(name: member, value: "admin")]))
        #expect(answer.status == 422)
        #expect(answer.complaint == ["body", member, "extra_forbidden"])
        #expect(try shop.count("users") == 0)
      }
    }
  }

  @Test(arguments: [("a@b.example", "A@B.EXAMPLE"), ("ПОШТА@b.c", "пошта@B.C"), ("\u{E9}@b.c", "e\u{301}@b.c")])
  func `an email is the same in any case and spelling`(first: String, second: String) throws {
    try withShop { shop throws in
      #expect(shop.ask(.post, "/api/v1/auth/register", Self.body(email: .string(first))).status == 201)
      let answer = shop.ask(.post, "/api/v1/auth/register", Self.body(email: .string(second)))
      #expect(answer.status == 409)
      #expect(["email_taken", "username_taken"].contains(answer["code"]))
      #expect(try shop.count("users") == 1)
    }
  }

  @Test(.tiers(.concurrency)) func `of several concurrent registrations under one email one succeeds`() throws {
    try withShop { shop in
      let answers = try shop.place.atOnce(5) { _, worker in worker.ask(.post, "/api/v1/auth/register", Self.body()) }
      #expect(answers.map(\.status).sorted() == [201, 409, 409, 409, 409])
      #expect(try shop.count("users") == 1)
    }
  }
}
