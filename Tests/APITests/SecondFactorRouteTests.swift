import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Telemetry
import Testing
import Tokens

/// `/api/v1/auth/totp`, and codes at both logins.
@Suite(.tiers(.api, .database, .security))
struct SecondFactorRouteTests {
  private static let path = "/api/v1/auth/totp"

  /// The present code of a secret. Codes that were used before may be used again, so that tests need not wait.
  private func code(_ secret: String?, _ shop: Shop) throws -> String {
    try shop.owner.run("UPDATE second_factors SET last_step = 0")
    let secret = try #require(secret.flatMap(Base32.decode))
    return TimeCode(secret: secret).code(at: Clock.unixSeconds / TimeCode.stepSeconds)
  }

  private func ask(
    _ method: HTTP.Method, _ path: String, _ code: String, as token: String, _ shop: Shop
  ) -> Answer {
    shop.ask(method, Self.path + path, ["code": .string(code)], as: token)
  }

  private func login(_ shop: Shop, _ code: String?, path: String = "/api/v1/auth/login") -> Answer {
    shop.ask(
      .post, path,
      .members(["username": "anna", "password": "correct horse", "code": code.map(JSON.string)]))
  }

  private func recoveryCodes(_ answer: Answer) -> [String] {
    answer.members["recovery_codes"]?.elements.compactMap(\.text) ?? []
  }

  /// Anna, an admin with a second factor.
  private func withAnna(_ body: (Shop, _ token: String, _ secret: String, _ recoveryCodes: [String]) throws -> Void)
    throws
  {
    try withShop { shop in
      let token = shop.token(try shop.person("anna", .admin, password: "correct horse"))
      let secret = try #require(shop.ask(.post, Self.path, as: token)["secret"])
      let confirmed = ask(.post, "/confirm", try code(secret, shop), as: token, shop)
      #expect(confirmed.status == 200)
      try body(shop, token, secret, recoveryCodes(confirmed))
    }
  }

  @Test func `an admin sets up a second factor, renews its recovery codes and removes it`() throws {
    try withShop { shop in
      let token = shop.token(try shop.person("anna", .admin, password: "correct horse"))
      func state() -> [String: JSON] { shop.ask(.get, Self.path, as: token).members }
      #expect(state() == ["enrolled": false, "recovery_codes_left": 0])
      for (method, path) in [(.post, "/confirm"), (.post, "/recovery-codes"), (.delete, "")] as [(HTTP.Method, String)]
      {
        let answer = ask(method, path, "123456", as: token, shop)
        #expect(answer.status == 409)
        #expect(answer["code"] == "totp_missing")
      }
      let begun = shop.ask(.post, Self.path, as: token)
      #expect(begun.status == 201)
      #expect(begun.members.keys.sorted() == ["otpauth_url", "secret"])
      #expect(shop.ask(.post, Self.path, as: token).members == begun.members)
      let secret = begun["secret"]
      #expect(begun["otpauth_url"]?.hasPrefix("otpauth://totp/Tuckshop:anna?secret=\(secret ?? "?")&") == true)
      // Until a code confirms it, it does not count.
      #expect(state() == ["enrolled": false, "recovery_codes_left": 0])
      #expect(login(shop, nil).status == 200)

      let confirmed = ask(.post, "/confirm", try code(secret, shop), as: token, shop)
      #expect(confirmed.status == 200)
      #expect(recoveryCodes(confirmed).count == 10)
      #expect(state() == ["enrolled": true, "recovery_codes_left": 10])
      for answer in [shop.ask(.post, Self.path, as: token), ask(.post, "/confirm", "123456", as: token, shop)] {
        #expect(answer.status == 409)
        #expect(answer["code"] == "totp_enrolled")
      }
      let renewed = ask(.post, "/recovery-codes", try code(secret, shop), as: token, shop)
      #expect(renewed.status == 200)
      #expect(Set(recoveryCodes(renewed)).isDisjoint(with: recoveryCodes(confirmed)))
      #expect(login(shop, recoveryCodes(confirmed)[0]).status == 401)
      #expect(login(shop, recoveryCodes(renewed)[0]).status == 200)
      #expect(state() == ["enrolled": true, "recovery_codes_left": 9])

      #expect(ask(.delete, "", "000", as: token, shop)["code"] == "totp_invalid")
      #expect(try ask(.delete, "", code(secret, shop), as: token, shop).status == 204)
      #expect(state() == ["enrolled": false, "recovery_codes_left": 0])
      #expect(login(shop, nil).status == 200)
      let audit = try shop.owner.rows(
        "SELECT action || ' by ' || actor || ' ' || request_id FROM audit WHERE action LIKE 'totp.%' ORDER BY id"
      ) { try $0.value(0, as: String.self) }
      #expect(
        audit == ["enrol", "recovery_codes", "recovery", "remove"].map { "totp.\($0) by anna r-1" })
    }
  }

  @Test func `both logins ask for a code after the right password, each in its dialect`() throws {
    try withAnna { shop, _, secret, codes in
      for (path, names) in [
        ("/api/v1/auth/login", ["code", "detail", "request_id", "status", "title", "type"]), ("/api/auth", ["errors"]),
      ] {
        let missing = login(shop, nil, path: path)
        let wrong = login(shop, "000", path: path)
        for answer in [missing, wrong] {
          #expect(answer.status == 401, "\(path)")
          #expect(answer.members.keys.sorted() == names)
          #expect(answer.header("WWW-Authenticate") == "Bearer")
        }
        #expect(missing.text != wrong.text)
        #expect(try login(shop, code(secret, shop), path: path).status == 200, "\(path)")
      }
      #expect(login(shop, nil)["code"] == "totp_required")
      #expect(login(shop, "000")["code"] == "totp_invalid")
      let used = try code(secret, shop)
      let first = login(shop, used)
      #expect(first.members.keys.sorted() == ["access_token", "expires_in", "refresh_token", "token_type"])
      for path in ["/api/v1/auth/login", "/api/auth"] { #expect(login(shop, used, path: path).status == 401) }
      let merch = login(shop, codes[0], path: "/api/auth")
      #expect(merch.status == 200)
      #expect(merch.members.keys.sorted() == ["token"])
    }
  }

  @Test func `a wrong password gets the same answer with and without a second factor`() throws {
    try withAnna { shop, _, _, _ in
      try shop.person("boris", .admin, password: "correct horse")
      shop.worker.desk.adminSecondFactor = .required
      for path in ["/api/v1/auth/login", "/api/auth"] {
        for code in [nil, "123456"] as [JSON?] {
          let answers = ["anna", "boris"].map {
            shop.ask(.post, path, .members(["username": .string($0), "password": "wrong", "code": code]))
          }
          #expect(answers[0].status == 401)
          #expect(answers[0].text == answers[1].text)
        }
      }
    }
  }

  @Test func `after ten wrong codes the right password waits too, at both logins`() throws {
    try withAnna { shop, token, secret, _ in
      for _ in 0..<10 { #expect(login(shop, "000").status == 401) }
      try shop.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() + interval '1 minute'")
      for path in ["/api/v1/auth/login", "/api/auth"] {
        let answer = login(shop, try code(secret, shop), path: path)
        #expect(answer.status == 429, "\(path)")
        #expect(answer.header("Retry-After") != nil)
      }
      #expect(try ask(.delete, "", code(secret, shop), as: token, shop)["code"] == "too_many_failures")
    }
  }

  @Test func `where it is required, an admin sets it up while signing in`() throws {
    try withShop { shop in
      try shop.person("anna", .admin, password: "correct horse")
      shop.worker.desk.adminSecondFactor = .required
      let asked = login(shop, nil)
      #expect(asked.status == 403)
      #expect(asked["code"] == "totp_enrolment_required")
      let secret = try #require(asked["secret"])
      #expect(asked["otpauth_url"]?.contains(secret) == true)
      #expect(login(shop, "")["secret"] == secret)
      // Merch's answer has no room for recovery codes.
      for code in [nil, try code(secret, shop)] {
        let merch = login(shop, code, path: "/api/auth")
        #expect(merch.status == 401)
        #expect(merch.members.keys.sorted() == ["errors"])
        #expect(!merch.text.contains(secret))
      }
      #expect(login(shop, "000")["code"] == "totp_invalid")
      #expect(try shop.count("sessions") == 0)
      let entered = login(shop, try code(secret, shop))
      #expect(entered.status == 200)
      #expect(recoveryCodes(entered).count == 10)
      #expect(shop.worker.me(entered.pair.access)["role"] == "admin")
      let again = login(shop, try code(secret, shop))
      #expect(again.status == 200)
      #expect(again.members["recovery_codes"] == nil)
      let refused = ask(.delete, "", try code(secret, shop), as: entered.pair.access, shop)
      #expect(refused.status == 409)
      #expect(refused["code"] == "totp_required_here")
      shop.worker.desk.adminSecondFactor = .optional
      #expect(try ask(.delete, "", code(secret, shop), as: entered.pair.access, shop).status == 204)
    }
  }

  @Test func `a browser's session asks for the code too, and shows the recovery codes`() throws {
    try withShop { shop in
      try shop.person("anna", .admin, password: "correct horse")
      shop.worker.desk.adminSecondFactor = .required
      let path = "/api/v1/auth/session"
      let asked = login(shop, nil, path: path)
      #expect(asked.status == 403)
      #expect(asked.header("Set-Cookie") == nil)
      let entered = login(shop, try code(asked["secret"], shop), path: path)
      #expect(entered.members.keys.sorted() == ["access_token", "expires_in", "recovery_codes"])
      #expect(entered.header("Set-Cookie") != nil)
      for code in [nil, "000"] {
        let answer = login(shop, code, path: path)
        #expect(answer.status == 401)
        #expect(answer.header("Set-Cookie") == nil)
      }
      let again = login(shop, recoveryCodes(entered)[0], path: path)
      #expect(again.members.keys.sorted() == ["access_token", "expires_in"])
    }
  }

  @Test func `only an admin sets one up, and a former admin can still remove it`() throws {
    try withAnna { shop, token, secret, _ in
      for role in [Role.user, .moderator, .service] {
        let bearer = try shop.bearer(role)
        for path in ["", "/confirm"] {
          #expect(ask(.post, path, "123456", as: bearer, shop).status == 403, "\(role) \(path)")
        }
        #expect(shop.ask(.get, Self.path, as: bearer).members["enrolled"] == false)
      }
      #expect(shop.ask(.get, Self.path).status == 401)
      let admin = try shop.bearer(.admin)
      let id = try #require(shop.worker.me(token)["id"])
      #expect(shop.ask(.patch, "/api/v1/users/\(id)", ["role": "user"], as: admin).status == 200)
      shop.worker.desk.adminSecondFactor = .required
      #expect(login(shop, nil)["code"] == "totp_required")
      let user = login(shop, try code(secret, shop)).pair.access
      #expect(shop.ask(.get, Self.path, as: user).members["enrolled"] == true)
      #expect(try ask(.delete, "", code(secret, shop), as: user, shop).status == 204)
      #expect(login(shop, nil).status == 200)
    }
  }

  private static let misshapen: [(JSON, String)] = [
    (["code": 123_456], "type_error"), (["code": .string(String(repeating: "1", count: 65))], "value_error"),
    (["code": ["123456"]], "type_error"),
  ]

  @Test func `a code of the wrong shape is refused with its place, and is no guess`() throws {
    try withAnna { shop, token, secret, _ throws in
      for (body, kind) in Self.misshapen {
        let credentials: JSON = ["username": "anna", "password": "correct horse"]
        let answer = shop.ask(.post, "/api/v1/auth/login", credentials.adding(["code": body.members["code"]]))
        #expect(answer.status == 422)
        #expect(answer.complaints == [["body", "code", kind]])
        #expect(shop.ask(.delete, Self.path, body, as: token).complaints == [["body", "code", kind]])
      }
      #expect(shop.ask(.delete, Self.path, [:], as: token).complaints == [["body", "code", "missing"]])
      #expect(ask(.delete, "", "", as: token, shop).complaints == [["body", "code", "value_error"]])
      let merch = shop.ask(.post, "/api/auth", ["username": "anna", "password": "correct horse", "code": 123_456])
      #expect(merch.status == 400)
      #expect(try shop.count("login_failures") == 0)
      #expect(try login(shop, code(secret, shop)).status == 200)
    }
  }

  @Test func `no log line, audit entry or error contains a secret or a code`() throws {
    try withAnna { shop, token, secret, codes in
      let codeNow = try code(secret, shop)
      let answers = [
        login(shop, nil), login(shop, codeNow), login(shop, codeNow), login(shop, codes[0]), login(shop, codes[0]),
        login(shop, codes[1], path: "/api/auth"), login(shop, codes[1], path: "/api/auth"),
        ask(.post, "/confirm", codes[2], as: token, shop), shop.ask(.get, Self.path, as: token),
        shop.ask(.get, "/api/v1/audit", as: token), shop.ask(.get, "/metrics"),
        shop.worker.ask(.post, "/api/v1/auth/login", body: "{\"code\":\"\(codes[3])\""),
      ]
      let renewed = recoveryCodes(ask(.post, "/recovery-codes", codes[2], as: token, shop))
      #expect(renewed.count == 10)
      // Internal failures are logged.
      try shop.owner.perform("ALTER TABLE second_factors RENAME COLUMN secret TO gone")
      let failed = [
        login(shop, codeNow), ask(.delete, "", codeNow, as: token, shop), shop.ask(.post, Self.path, as: token),
      ]
      #expect(failed.map(\.status) == [500, 500, 500])
      try shop.owner.perform("ALTER TABLE second_factors RENAME COLUMN gone TO secret")
      let log = try shop.worker.logText()
      #expect(log.split(separator: "\n").count >= 3)
      let audit: String = try shop.owner.value("SELECT string_agg(a::text, ' ') FROM audit a")
      #expect(audit.contains("totp.recovery"))
      let tables: String = try shop.owner.value("SELECT string_agg(r::text, ' ') FROM recovery_codes r")
      // A moment of six digits may stand in the log by chance, so codes are looked for as values.
      for text in [secret, "\"\(codeNow)\"", "'\(codeNow)'"] + codes + renewed {
        for place in [log, audit, tables] + (answers + failed).map(\.text) { #expect(!place.contains(text)) }
        #expect(!log.contains(text.filter { $0 != "-" }))
      }
    }
  }
}
