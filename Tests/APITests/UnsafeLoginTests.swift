import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Telemetry
import Testing
import Tokens

/// A bare Telegram id is accepted only in a shop that is set up for load tests.
@Suite(.tiers(.api, .database, .security))
struct UnsafeLoginTests {
  private func login(
    _ shop: Shop, _ body: String = #"{"telegram_id":7,"username":"load"}"#, listener: String = "login",
    from address: String = "127.0.0.1", type: String = "application/json"
  ) -> Answer {
    shop.worker.ask(
      Request(
        .post, "/api/v1/auth/login", headers: ["Content-Type": type], body: Array(body.utf8), clientAddress: address,
        listener: listener, id: "r-1"))
  }

  private static let form = "application/x-www-form-urlencoded"

  @Test func `without its setting, on another port or from another machine it is no login`() throws {
    try withShop { shop throws in
      #expect(login(shop).status == 422)
      shop.worker.desk.believesTelegramIDs = true
      for listener in ["public", "metrics", "", "Login"] {
        #expect(login(shop, listener: listener).status == 422, "\(listener)")
      }
      for address in [
        "192.0.2.1", "10.0.0.1", "128.0.0.1", "1270.0.0.1", "::2", "2001:db8::1", "::ffff:192.0.2.1", "", "unix:",
      ] {
        #expect(login(shop, from: address).status == 422, "\(address)")
        #expect(login(shop, "telegram_id=7", from: address, type: Self.form).status == 422, "\(address)")
      }
      #expect(try shop.count("users") == 0)
    }
  }

  @Test(arguments: ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
  func `from this machine it gives a token with the role service`(address: String) throws {
    try withShop { shop in
      shop.worker.desk.believesTelegramIDs = true
      let answer = login(shop, from: address)
      #expect(answer.status == 200)
      #expect(answer.members.keys.sorted() == ["token"])
      let token = try #require(answer["token"])
      #expect(shop.worker.me(token)["username"] == "load")
      // Only the token has that role; the database has the role that an admin gave.
      #expect(shop.worker.me(token)["role"] == "user")
      let claims = try shop.worker.desk.authenticator.tokens.verify(token, now: Clock.unixSeconds)
      #expect(claims.role == "service")
    }
  }

  @Test func `JSON and a form name the same user, by the id alone`() throws {
    try withShop { shop in
      shop.worker.desk.believesTelegramIDs = true
      var ids: Set<String?> = []
      for (body, type) in [
        (#"{"telegram_id":7,"username":"load"}"#, "application/json"), (#"{"telegram_id":"7"}"#, "application/json"),
        (#"{"telegram_id":7,"username":"renamed"}"#, "text/plain"), ("telegram_id=7&username=x", Self.form),
        ("telegram_id=7", Self.form + "; charset=utf-8"), (#"{"telegram_id":7,"username":5}"#, "application/json"),
      ] {
        ids.insert(shop.worker.me(try #require(login(shop, body, type: type)["token"]))["id"])
      }
      #expect(ids.count == 1)
      #expect(try shop.count("users JOIN identities ON user_id = id", "subject = '7' AND username = 'load'") == 1)
    }
  }

  @Test func `a taken name gets a number, and an invalid one is replaced by the id`() throws {
    try withShop { shop in
      shop.worker.desk.believesTelegramIDs = true
      try shop.person("load", .admin)
      for (id, name, given) in [(7, "load", "load-2"), (8, "", "telegram:8"), (9, #"a\u0001"#, "telegram:9")] {
        let answer = login(shop, #"{"telegram_id":\#(id),"username":"\#(name)"}"#)
        #expect(shop.worker.me(try #require(answer["token"]))["username"] == given)
      }
    }
  }

  @Test func `an inactive user cannot sign in`() throws {
    try withShop { shop in
      shop.worker.desk.believesTelegramIDs = true
      #expect(login(shop).status == 200)
      try shop.owner.run("UPDATE users SET is_active = false")
      #expect(login(shop).status == 403)
    }
  }

  @Test func `a bad id is refused, and without an id the usual login applies`() throws {
    try withShop { shop in
      shop.worker.desk.believesTelegramIDs = true
      for body in [#"{"telegram_id":0}"#, #"{"telegram_id":-7}"#, #"{"telegram_id":1.5}"#, #"{"telegram_id":"x"}"#] {
        #expect(login(shop, body).complaint.prefix(2) == ["body", "telegram_id"], "\(body)")
      }
      #expect(login(shop, "telegram_id=x", type: Self.form).status == 422)
      #expect(login(shop, "telegram_id=-1", type: Self.form).status == 422)
      #expect(login(shop, "{", type: "application/json").status == 422)
      try shop.person("anna", password: "correct horse")
      #expect(login(shop, #"{"username":"anna","password":"correct horse"}"#)["refresh_token"] != nil)
    }
  }
}
