import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Telemetry
import Testing

/// The session of a browser, whose refresh token is in a cookie.
@Suite(.tiers(.api, .database, .security))
struct PageSessionTests {
  private func ask(
    _ shop: Shop, _ method: HTTP.Method, _ path: String, _ body: JSON? = nil, cookie: String? = nil,
    _ headers: [(String, String)] = []
  ) -> Answer {
    var request = Request(method, "/api/v1/auth/" + path, body: body?.bytes ?? [], clientAddress: "192.0.2.7")
    if let cookie { request.headers.add("Cookie", "a=b; \(cookie); tuckshop_sessions=x") }
    for (name, value) in headers { request.headers.add(name, value) }
    return shop.worker.ask(request)
  }

  private func open(_ shop: Shop, _ agent: String = "Mozilla/5.0") throws -> (token: String, cookie: String) {
    let answer = ask(
      shop, .post, "session", ["username": "anna", "password": "a long password"], [("User-Agent", agent)])
    #expect(answer.status == 200 && answer.members.keys.sorted() == ["access_token", "expires_in"])
    return (try #require(answer["access_token"]), try cookie(of: answer))
  }

  private func cookie(of answer: Answer) throws -> String {
    let header = try #require(answer.header("Set-Cookie"))
    #expect(header.hasSuffix("; Path=/api/v1/auth; Max-Age=604800; HttpOnly; SameSite=Strict"))
    return String(header.prefix { $0 != ";" })
  }

  /// A worker reads revocations once a second.
  private func expectEnd(of token: String?, _ worker: Booted) throws {
    try eventually("the token has ended") { worker.ask(.get, "/api/v1/auth/me", nil, as: token).status == 401 }
  }

  private func withAnna(_ body: (Shop) throws -> Void) throws {
    try withShop { shop in
      try shop.person("anna", password: "a long password")
      try body(shop)
    }
  }

  @Test func `the cookie renews the session, and closing it ends both`() throws {
    try withAnna { shop in
      let (token, first) = try open(shop)
      #expect(shop.ask(.get, "/api/v1/auth/me", as: token).status == 200)
      let renewed = ask(shop, .post, "session/refresh", cookie: first)
      #expect(renewed.status == 200)
      let second = try cookie(of: renewed)
      #expect(second != first)
      let closed = ask(shop, .delete, "session", cookie: second)
      #expect(closed.status == 204)
      #expect(closed.header("Set-Cookie")?.hasPrefix("tuckshop_session=; Path=/api/v1/auth; Max-Age=0;") == true)
      #expect(ask(shop, .post, "session/refresh", cookie: second).status == 401)
      try expectEnd(of: renewed["access_token"], shop.worker)
      for cookie in [nil, "tuckshop_session=", "tuckshop_session=x", second] {
        #expect(ask(shop, .delete, "session", cookie: cookie).status == 204)
      }
      #expect(ask(shop, .post, "session/refresh").status == 401)
    }
  }

  @Test func `over https the cookie is for https alone`() throws {
    try withAnna { shop in
      shop.worker.desk.links = Links(publicURL: "https://shop.example")
      let answer = ask(shop, .post, "session", ["username": "anna", "password": "a long password"])
      #expect(answer.header("Set-Cookie")?.hasSuffix("; SameSite=Strict; Secure") == true)
    }
  }

  @Test(arguments: [
    ([("Sec-Fetch-Site", "cross-site")], 403), ([("Sec-Fetch-Site", "same-site")], 403),
    ([("Sec-Fetch-Site", "cross-site"), ("Origin", "http://shop.example")], 403), ([("Sec-Fetch-Site", "")], 403),
    ([("Origin", "https://evil.example")], 403), ([("Origin", "null")], 403),
    ([("Origin", "http://shop.example.evil.example")], 403), ([("Origin", "http://shop.example:81")], 403),
    ([("Sec-Fetch-Site", "same-origin")], 200), ([("Sec-Fetch-Site", "none")], 200),
    ([("Origin", "http://shop.example")], 200), ([("Origin", "https://public.example")], 200), ([], 200),
  ])
  func `another site's page cannot use the cookie`(headers: [(String, String)], status: Int) throws {
    try withAnna { shop in
      shop.worker.desk.links = Links(publicURL: "https://public.example")
      let headers = headers + [("Host", "shop.example")]
      let body: JSON = ["username": "anna", "password": "a long password"]
      let opened = ask(shop, .post, "session", body, headers)
      #expect(opened.status == status)
      if status == 403 { #expect(opened["code"] == "other_site" && opened.header("Set-Cookie") == nil) }
      let own = ask(shop, .post, "session", body)
      let cookie = String(try #require(own.header("Set-Cookie")).prefix { $0 != ";" })
      let renewed = ask(shop, .post, "session/refresh", cookie: cookie, headers)
      #expect(renewed.status == status)
      let last = renewed.header("Set-Cookie").map { String($0.prefix { $0 != ";" }) } ?? cookie
      #expect(ask(shop, .delete, "session", cookie: last, headers).status == (status == 200 ? 204 : 403))
    }
  }

  @Test func `a user sees their own sessions and ends one of them, or all others`() throws {
    try withAnna { shop in
      try shop.person("boris", password: "a long password")
      let long = String(repeating: "é", count: 200)
      let (first, second, third) = (try open(shop, "one"), try open(shop, long), try open(shop, "three"))
      let stranger = ask(shop, .post, "session", ["username": "boris", "password": "a long password"])
      func list(_ token: String) throws -> [[String: JSON]] {
        guard case .array(let items)? = shop.ask(.get, "/api/v1/auth/sessions", as: token).members["items"] else {
          return []
        }
        return items.map(\.members)
      }
      let items = try list(third.token)
      #expect(items.map { $0["user_agent"] } == ["three", .string(String(repeating: "é", count: 127)), "one"])
      #expect(items.map { $0["current"] } == [true, false, false])
      #expect(items.allSatisfy { $0["address"] == "192.0.2.7" && $0["last_seen_at"] != nil && $0["created_at"] != nil })
      guard case .string(let id)? = items[2]["id"] else { return }
      let other = try #require(stranger["access_token"])
      #expect(shop.ask(.delete, "/api/v1/auth/sessions/" + id, as: other).status == 404)
      #expect(shop.ask(.delete, "/api/v1/auth/sessions/" + id, as: third.token).status == 204)
      #expect(shop.ask(.delete, "/api/v1/auth/sessions/" + id, as: third.token).status == 404)
      try expectEnd(of: first.token, shop.worker)
      #expect(shop.ask(.get, "/api/v1/auth/me", as: second.token).status == 200)
      #expect(shop.ask(.delete, "/api/v1/auth/sessions", as: third.token).status == 204)
      try expectEnd(of: second.token, shop.worker)
      #expect(ask(shop, .post, "session/refresh", cookie: second.cookie).status == 401)
      #expect(shop.ask(.get, "/api/v1/auth/me", as: third.token).status == 200)
      #expect(ask(shop, .post, "session/refresh", cookie: third.cookie).status == 200)
      #expect(try list(third.token).count == 1)
      #expect(shop.ask(.get, "/api/v1/auth/me", as: other).status == 200)
    }
  }

  @Test func `a new password ends every other session and token, and keeps this one`() throws {
    try withAnna { shop in
      let (other, own) = (try open(shop), try open(shop))
      let merch = shop.ask(.post, "/api/auth", ["username": "anna", "password": "a long password"])
      func change(_ current: JSON, _ new: JSON) -> Answer {
        shop.ask(.put, "/api/v1/auth/password", ["current_password": current, "new_password": new], as: own.token)
      }
      #expect(change("wrong", "another password")["code"] == "wrong_password")
      #expect(change("a long password", "short").status == 422)
      #expect(change("a long password", "password123").status == 422)
      #expect(change("a long password", "another password").status == 204)
      try expectEnd(of: other.token, shop.worker)
      try expectEnd(of: merch["token"], shop.worker)
      #expect(ask(shop, .post, "session/refresh", cookie: other.cookie).status == 401)
      for worker in [shop.worker, try shop.place.worker()] {
        #expect(worker.ask(.get, "/api/v1/auth/me", nil, as: own.token).status == 200)
      }
      #expect(ask(shop, .post, "session", ["username": "anna", "password": "a long password"]).status == 401)
      #expect(ask(shop, .post, "session", ["username": "anna", "password": "another password"]).status == 200)
      let renewed = ask(shop, .post, "session/refresh", cookie: own.cookie)
      #expect(renewed.status == 200)
      #expect(try shop.count("audit", "action = 'user.password' AND after = '{\"password\": \"changed\"}'") == 1)
      // The session that was kept can still be ended, in a worker that knows it as kept as well.
      #expect(shop.ask(.post, "/api/v1/auth/logout", as: own.token).status == 204)
      for worker in [shop.worker, try shop.place.worker()] {
        try expectEnd(of: own.token, worker)
      }
      // A session that has ended is not brought back by a later change.
      #expect(change("another password", "a third password").status == 401)
    }
  }

  @Test func `wrong present passwords are slowed down like wrong passwords at a sign-in`() throws {
    try withAnna { shop in
      let own = try open(shop)
      func change(_ current: JSON) -> Answer {
        ask(
          shop, .put, "password", ["current_password": current, "new_password": "another password"],
          [("Authorization", "Bearer " + own.token)])
      }
      for _ in 0..<10 { #expect(change("wrong").status == 403) }
      #expect(change("a long password").status == 429)
    }
  }

  @Test func `no session outlives its longest time, however often it is refreshed`() throws {
    try withAnna { shop in
      shop.worker.desk.lifetimes.sessionSeconds = 1000
      let (_, cookie) = try open(shop)
      let inTime = "expires_at <= created_at + interval '1000 seconds'"
      #expect(try shop.owner.value("SELECT bool_and(\(raw: inTime)) FROM sessions"))
      let renewed = ask(shop, .post, "session/refresh", cookie: cookie)
      #expect(renewed.status == 200)
      #expect(try shop.owner.value("SELECT bool_and(\(raw: inTime)) FROM sessions"))
      // A longer time may have been allowed when the session began.
      try shop.owner.run("UPDATE sessions SET created_at = created_at - interval '1000 seconds'")
      let last = String(try #require(renewed.header("Set-Cookie")).prefix { $0 != ";" })
      #expect(ask(shop, .post, "session/refresh", cookie: last).status == 401)
    }
  }

  @Test func `an admin's link sets a new password once and ends all sessions`() throws {
    try withAnna { shop in
      let (token, cookie) = try open(shop)
      let anna = try #require(shop.ask(.get, "/api/v1/auth/me", as: token)["id"])
      let admin = try shop.bearer(.admin)
      func offer() -> Answer { shop.ask(.post, "/api/v1/users/\(anna)/password-reset", as: admin) }
      func take(_ token: String, _ password: JSON = "another password") -> Answer {
        ask(shop, .post, "password-reset", ["token": .string(token), "new_password": password])
      }
      let old = try #require(offer()["token"])
      let made = offer()
      let link = try #require(made["token"])
      #expect(made.status == 201 && made["url"] == "http://127.0.0.1:8080/reset#" + link && made["expires_at"] != nil)
      #expect(take(old)["code"] == "reset_refused")
      #expect(take("x")["code"] == "reset_refused")
      #expect(take(link, "short").status == 422)
      #expect(take(link).status == 204)
      #expect(take(link)["code"] == "reset_refused")
      try expectEnd(of: token, shop.worker)
      #expect(ask(shop, .post, "session/refresh", cookie: cookie).status == 401)
      #expect(ask(shop, .post, "session", ["username": "anna", "password": "another password"]).status == 200)
      #expect(try shop.count("audit", "action IN ('user.reset_link', 'user.password')") == 3)
      // A new password ends a link that somebody else may have found.
      let found = try #require(offer()["token"])
      let own = ask(shop, .post, "session", ["username": "anna", "password": "another password"])
      let change: JSON = ["current_password": "another password", "new_password": "a third password"]
      #expect(shop.ask(.put, "/api/v1/auth/password", change, as: own["access_token"]).status == 204)
      #expect(take(found)["code"] == "reset_refused")
      let expired = try #require(offer()["token"])
      try shop.owner.run("UPDATE password_resets SET expires_at = now()")
      #expect(take(expired)["code"] == "reset_refused")
      let orphan = try #require(offer()["token"])
      try shop.owner.run("UPDATE users SET is_active = false WHERE role = 'admin'")
      #expect(take(orphan)["code"] == "reset_refused")
      #expect(shop.ask(.post, "/api/v1/users/\(UUID().text)/password-reset", as: admin).status != 201)
    }
  }
}
