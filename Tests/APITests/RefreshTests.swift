import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// `POST /api/v1/auth/refresh`: a token is good for one exchange.
@Suite(.tiers(.api, .database, .security))
struct RefreshTests {
  private func signedIn(_ shop: Shop) throws -> (access: String, refresh: String) {
    try shop.person("anna", password: "correct horse")
    return shop.worker.login("anna", "correct horse").pair
  }

  /// Pretends that every exchange so far happened this much earlier.
  private func age(_ shop: Shop, seconds: Int) throws {
    try shop.owner.run("UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => \(seconds))")
  }

  @Test func `only the token's digest is stored`() throws {
    try withShop { shop in
      let token = try signedIn(shop).refresh
      let digest = try #require(OpaqueToken(token)).digest
      #expect(try shop.count("refresh_tokens") == 1)
      #expect(try shop.count("refresh_tokens", "digest = \(digest)") == 1)
      let bytes = try #require(Base64.url.decode(token))
      #expect(try shop.count("refresh_tokens", "digest = \(bytes) OR successor_nonce = \(bytes)") == 0)
    }
  }

  @Test func `an exchange gives a new pair, again and again`() throws {
    try withShop { shop in
      var pair = try signedIn(shop)
      var seen: Set<String> = [pair.access, pair.refresh]
      for _ in 0..<5 {
        let answer = shop.worker.refresh(pair.refresh)
        #expect(answer.status == 200)
        #expect(answer.members.keys.sorted() == ["access_token", "expires_in", "refresh_token", "token_type"])
        pair = answer.pair
        #expect(shop.worker.me(pair.access)["username"] == "anna")
        #expect(seen.insert(pair.access).inserted && seen.insert(pair.refresh).inserted)
      }
      #expect(try shop.count("sessions") == 1)
    }
  }

  @Test func `after a lost answer any worker gives it once more, byte for byte`() throws {
    try withShop { shop in
      let token = try signedIn(shop).refresh
      let first = shop.worker.refresh(token)
      try age(shop, seconds: 4)
      let repeated = try shop.place.worker().refresh(token)
      // Its access token was issued at the exchange; the rest is the same to the byte.
      try age(shop, seconds: -4)
      #expect(repeated.status == 200)
      #expect(repeated.pair.refresh == first.pair.refresh)
      #expect(shop.worker.refresh(token).text == first.text)
      #expect(try shop.place.worker().refresh(token).text == first.text)
      #expect(shop.worker.me(first.pair.access).status == 200)
      #expect(shop.worker.refresh(first.pair.refresh).status == 200)
    }
  }

  @Test(.tiers(.concurrency)) func `several exchanges at once give one pair`() throws {
    try withShop { shop in
      let token = try signedIn(shop).refresh
      let answers = try shop.place.atOnce(6) { _, worker in worker.refresh(token) }
      #expect(answers.map(\.status) == Array(repeating: 200, count: 6))
      #expect(Set(answers.map(\.text)).count == 1)
      #expect(try shop.count("refresh_tokens") == 2)
    }
  }

  @Test func `once the successor is used, the old token ends its family`() throws {
    try withShop { shop in
      let first = try signedIn(shop)
      let second = shop.worker.refresh(first.refresh).pair
      let third = shop.worker.refresh(second.refresh).pair
      let thief = shop.worker.refresh(first.refresh)
      #expect(thief.status == 401)
      #expect(thief["code"] == "invalid_refresh_token")
      #expect(shop.worker.refresh(third.refresh).status == 401)
      let other = try shop.place.worker()
      try other.catchUp()
      for pair in [first, second, third] {
        let answer = other.me(pair.access)
        #expect(answer.status == 401)
        #expect(answer["code"] == "token_revoked")
      }
    }
  }

  @Test func `after the grace period a used token ends its family, in every worker, and no other`() throws {
    try withShop { shop in
      let other = try shop.place.worker()
      let first = try signedIn(shop)
      let elsewhere = shop.worker.login("anna", "correct horse").pair
      let second = shop.worker.refresh(first.refresh).pair
      #expect(other.me(second.access).status == 200)
      try age(shop, seconds: 11)
      #expect(shop.worker.refresh(first.refresh).status == 401)
      #expect(shop.worker.refresh(second.refresh).status == 401)
      try other.catchUp()
      #expect(other.me(second.access)["code"] == "token_revoked")
      #expect(other.me(first.access)["code"] == "token_revoked")
      #expect(other.me(elsewhere.access).status == 200)
      #expect(other.refresh(elsewhere.refresh).status == 200)
    }
  }

  @Test func `access and refresh tokens are never confused`() throws {
    try withShop { shop in
      let pair = try signedIn(shop)
      let merch = shop.worker.merchLogin("anna", "correct horse")["token"] ?? ""
      for token in [pair.access, merch] { #expect(shop.worker.refresh(token).status == 401) }
      let answer = shop.worker.me(pair.refresh)
      #expect(answer.status == 401)
      #expect(answer["code"] == "invalid_token_signature")
      #expect(shop.worker.refresh(pair.refresh).status == 200)
    }
  }

  @Test func `an unknown token is refused and changes nothing`() throws {
    try withShop { shop in
      let pair = try signedIn(shop)
      let tail = pair.refresh.dropFirst()
      let tokens = [
        "", " ", "x", OpaqueToken().text, String(tail), "A" + tail.dropLast(), pair.refresh + "=", pair.refresh + " ",
        " " + pair.refresh, pair.refresh.lowercased(), pair.refresh + "\n", String(repeating: "A", count: 50_000),
      ]
      for token in tokens where token != pair.refresh {
        let answer = shop.worker.refresh(token)
        #expect(answer.status == 401, "\(token.prefix(60))")
        #expect(answer["code"] == "invalid_refresh_token")
      }
      for body in ["{}", #"{"refresh_token":1}"#, #"{"refresh_token":null}"#, #"{"refresh_token":"a","b":1}"#] {
        #expect(shop.worker.ask(.post, "/api/v1/auth/refresh", body: body).status == 422)
      }
      #expect(shop.worker.refresh(pair.refresh).status == 200)
    }
  }

  @Test func `an expired session is not renewed, and one in use continues`() throws {
    try withShop { shop in
      let pair = try signedIn(shop)
      func week() throws -> Int {
        try shop.owner.value(
          "SELECT round(extract(epoch FROM expires_at - clock_timestamp()) / 86400)::int FROM sessions")
      }
      #expect(try week() == 7)
      try shop.owner.run("UPDATE sessions SET expires_at = clock_timestamp() + interval '1 day'")
      let next = shop.worker.refresh(pair.refresh).pair
      #expect(try week() == 7)
      try shop.owner.run("UPDATE sessions SET expires_at = clock_timestamp() - interval '1 second'")
      #expect(shop.worker.refresh(next.refresh).status == 401)
      // Not even within the grace period.
      #expect(shop.worker.refresh(pair.refresh).status == 401)
    }
  }
}
