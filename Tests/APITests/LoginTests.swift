import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// `POST /api/v1/auth/login`, and what both logins have in common.
@Suite(.tiers(.api, .database))
struct LoginTests {
  @Test func `a name or an email in any case signs in`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", email: "Anna@b.example", password: "correct horse")
      for body in [
        ["username": "anna", "password": "correct horse"], ["email": "Anna@b.example", "password": "correct horse"],
        ["email": "ANNA@B.EXAMPLE", "password": "correct horse"],
      ] as [JSON] {
        let answer = shop.ask(.post, "/api/v1/auth/login", body)
        #expect(answer.status == 200)
        #expect(answer.members.keys.sorted() == ["access_token", "expires_in", "refresh_token", "token_type"])
        #expect(answer["token_type"] == "bearer")
        #expect(answer.members["expires_in"] == 900)
        #expect(shop.worker.me(answer.pair.access)["id"] == anna.id.text)
      }
      #expect(shop.worker.login("ANNA", "correct horse").status == 401)
    }
  }

  @Test func `a name is found in any Unicode spelling`() throws {
    try withShop { shop in
      try shop.person("\u{E9}ve", email: "\u{E9}@b.example", password: "correct horse")
      #expect(shop.worker.login("e\u{301}ve", "correct horse").status == 200)
      let byEmail = shop.ask(
        .post, "/api/v1/auth/login", ["email": "e\u{301}@B.example", "password": "correct horse"])
      #expect(byEmail.status == 200)
    }
  }

  @Test(.tiers(.security))
  func `an unknown name, a wrong password and a user without one get the same answer after the same work`() throws {
    try withShop { shop in
      try shop.person("anna", email: "anna@b.example", password: "correct horse")
      try shop.person("signs in elsewhere")
      var answers: [Answer] = []
      for name in ["anna", "nobody", "signs in elsewhere", "ann", "", "' OR 1=1 --"] {
        let before = try shop.count("login_failures", "subject LIKE 'pair %'")
        answers.append(shop.worker.login(name, "wrong"))
        #expect(try shop.count("login_failures", "subject LIKE 'pair %'") == before + 1, "\(name)")
      }
      for answer in answers {
        #expect(answer.status == 401)
        #expect(answer["code"] == "invalid_credentials")
        #expect(answer.text == answers[0].text)
        #expect(answer.response.headers.map { "\($0)" } == answers[0].response.headers.map { "\($0)" })
      }
    }
  }

  @Test(.tiers(.security)) func `a name longer than any valid name is simply unknown`() throws {
    try withShop { shop in
      let name = String((0..<20_000).map { _ in Character(Unicode.Scalar(UInt32.random(in: 0x4E00...0x9FFF))!) })
      #expect(shop.worker.login(name, "wrong").status == 401)
      let byEmail = shop.ask(.post, "/api/v1/auth/login", ["email": .string(name), "password": "wrong"])
      #expect(byEmail.status == 401)
    }
  }

  @Test func `an inactive user learns this only with the right password`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", password: "correct horse")
      try shop.owner.run("UPDATE users SET is_active = false WHERE id = \(anna.id)")
      #expect(shop.worker.login("anna", "wrong").status == 401)
      let answer = shop.worker.login("anna", "correct horse")
      #expect(answer.status == 403)
      #expect(answer["code"] == "inactive")
      #expect(try shop.count("sessions") == 0)
    }
  }

  private static let misshapen: [(String, [String])] = [
    (#"{}"#, ["body", "email", "missing"]), (#"{"password":"a"}"#, ["body", "email", "missing"]),
    (#"{"username":"a"}"#, ["body", "password", "missing"]),
    (#"{"username":"a","email":"b@c.d","password":"e"}"#, ["body", "username", "value_error"]),
    (#"{"username":1,"password":"e"}"#, ["body", "username", "type_error"]),
    (#"{"username":"a","password":["e"]}"#, ["body", "password", "type_error"]),
    (#"{"username":"a","password":"e","remember":true}"#, ["body", "remember", "extra_forbidden"]),
    (#"{"telegram_id":1,"username":"a","password":"e"}"#, ["body", "telegram_id", "extra_forbidden"]),
    (#"{"username":"a","password":"e""#, ["body", "json_invalid"]), (#"[]"#, ["body", "type_error"]),
  ]

  @Test func `a body of the wrong shape is refused with the place`() throws {
    try withShop { shop throws in
      for (body, complaint) in Self.misshapen {
        let answer = shop.worker.ask(.post, "/api/v1/auth/login", body: body)
        #expect(answer.status == 422)
        #expect(answer.complaint == complaint, "\(body)")
      }
    }
  }

  @Test func `only the right password renews a hash with outdated parameters`() throws {
    try withShop { shop in
      let old = Passwords(parameters: .init(memoryKiB: 16, passes: 2, lanes: 1)).hash("correct horse")
      let anna = try shop.person("anna")
      try shop.owner.run("UPDATE users SET password_hash = \(old) WHERE id = \(anna.id)")
      func stored() throws -> String {
        try shop.owner.value("SELECT password_hash FROM users WHERE id = \(anna.id)")
      }
      #expect(shop.worker.login("anna", "wrong").status == 401)
      #expect(try stored() == old)
      let first = shop.worker.merchLogin("anna", "correct horse")
      #expect(first.status == 200)
      let new = try stored()
      #expect(new.hasPrefix("$argon2id$v=19$m=8,t=1,p=1$"))
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(try stored() == new)
      // The token from that login remains valid.
      #expect(shop.worker.me(first["token"] ?? "").status == 200)
    }
  }
}
