import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// Sign-in through a provider that keeps to the protocol.
@Suite(.tiers(.api, .database))
struct OpenIDTests {
  @Test func `the browser goes to the provider and comes back to a session`() throws {
    try withProvider { (shop, provider) throws in
      let arrival = try Arrival(shop, provider, "/api/v1/auth/oidc?return=/wallet?tab=1")
      #expect(arrival.location.hasPrefix(provider.issuer + "/authorize?"))
      let sent = Query(arrival.location[...].split(separator: "?")[1])
      for (name, value) in [
        "response_type": "code", "client_id": "the shop", "scope": "openid profile email",
        "redirect_uri": "http://shop.example/api/v1/auth/oidc/callback", "code_challenge_method": "S256",
      ] {
        #expect(sent.all(name) == [value])
      }
      let answer = arrival.arrive(shop, accepting: "text/html")
      #expect(answer.status == 302)
      #expect(answer.header("Location") == "/wallet?tab=1")
      let cookies = answer.headers("Set-Cookie")
      #expect(cookies.count == 2)
      #expect(cookies[0] == "tuckshop-oidc=; Path=/api/v1/auth/oidc; Max-Age=0; HttpOnly; SameSite=Lax")
      #expect(cookies[1].hasSuffix("; Path=/api/v1/auth; Max-Age=604800; HttpOnly; SameSite=Strict"))
      #expect(try users(shop) == ["anna | Anna Smith | anna@example.org | user"])

      var refresh = Request(.post, "/api/v1/auth/session/refresh")
      refresh.headers.add("Cookie", String(cookies[1].prefix { $0 != ";" }))
      let token = try #require(shop.worker.ask(refresh)["access_token"])
      #expect(shop.worker.me(token)["username"] == "anna")
    }
  }

  @Test func `the code goes to the provider with the verifier and the secret`() throws {
    try withProvider { (shop, provider) throws in
      let arrival = try Arrival(shop, provider)
      #expect(arrival.arrive(shop).opensSession)
      let question = try #require(provider.questions.first { $0.target == "/token" })
      // Both halves are encoded as in a form, and then as Basic.
      #expect(question.header("Authorization") == "Basic dGhlJTIwc2hvcDphJTIwc2VjcmV0JTNBJTI1")
      let form = Query(question.body[...])
      #expect(form.all("grant_type") == ["authorization_code"])
      #expect(form.all("code") == ["c-1"])
      #expect(form.all("redirect_uri") == ["http://shop.example/api/v1/auth/oidc/callback"])
      #expect(form.all("client_secret") == [])
      let verifier = try #require(form.all("code_verifier")?.first)
      let challenge = Base64.url.encode(Digest.sha256(Array(verifier.utf8)))
      #expect(Query(arrival.location[...].split(separator: "?")[1]).all("code_challenge") == [challenge])
    }
  }

  @Test(
    arguments: [
      (["client_secret_post"], "a secret", ["the shop"], ["a secret"], false),
      (["client_secret_post", "client_secret_basic"], "a secret", [], [], true),
      (["none"], nil, ["the shop"], [], false),
    ] as [([String], String?, [String], [String], Bool)])
  func `the shop proves itself in a way that the provider announces`(
    methods: [String], secret: String?, id: [String], sent: [String], basic: Bool
  ) throws {
    try withProvider(secret: secret) { (shop, provider) throws in
      let announced = JSON.array(methods.map(JSON.string))
      provider.change { $0.metadata["token_endpoint_auth_methods_supported"] = .some(announced) }
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      let question = try #require(provider.questions.first { $0.target == "/token" })
      #expect(Query(question.body[...]).all("client_id") == id)
      #expect(Query(question.body[...]).all("client_secret") == sent)
      #expect((question.header("Authorization") != nil) == basic)
    }
  }

  @Test func `a provider that takes no secret as we could send it is refused`() throws {
    try withProvider { (shop, provider) throws in
      provider.change { $0.metadata["token_endpoint_auth_methods_supported"] = .some(["private_key_jwt"]) }
      let answer = try Arrival(shop, provider).arrive(shop)
      #expect(answer["code"] == "provider_failed")
    }
  }

  @Test func `name and address follow the provider, and its name for a person never finds another user`() throws {
    try withProvider { (shop, provider) throws in
      try shop.person("anna", .admin)
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      provider.change {
        $0.claims = [
          "name": quoted("Anna Jones"), "email": quoted("jones@example.org"), "preferred_username": quoted("x"),
        ]
      }
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      #expect(try users(shop) == ["anna | - | - | admin", "anna-2 | Anna Jones | jones@example.org | user"])
    }
  }

  @Test func `userinfo adds what the ID token leaves out, and nothing else`() throws {
    try withProvider { (shop, provider) throws in
      provider.change {
        $0.claims = ["email": nil, "email_verified": nil, "preferred_username": nil]
        $0.userinfo = .json(#"{"sub":"s-1","name":"Other","email":"a.smith@example.org","email_verified":false}"#)
      }
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      let question = try #require(provider.questions.first { $0.target == "/userinfo" })
      #expect(question.header("Authorization") == "Bearer access-1")
      // An address that is not verified is not taken over.
      #expect(try users(shop) == ["Anna Smith | Anna Smith | - | user"])
    }
  }

  @Test func `a complete ID token needs no userinfo`() throws {
    try withProvider { (shop, provider) throws in
      let answer = try Arrival(shop, provider).arrive(shop)
      #expect(answer.opensSession)
      #expect(!provider.questions.contains { $0.target == "/userinfo" })
    }
  }

  @Test(arguments: [
    ("groups", "groups", #"["shop"]"#), ("groups", "groups", #""shop""#),
    ("https://id.example/groups", "https://id.example/groups", #"["a","shop"]"#),
    ("realm_access.roles", "realm_access", #"{"roles":["shop"]}"#),
  ])
  func `only members of the allowed group sign in`(setting: String, claim: String, value: String) throws {
    let settle = { (settings: inout OpenIDSettings) in
      settings.allowedGroup = "shop"
      settings.groupsClaim = setting
    }
    try withProvider(settings: settle) { (shop, provider) throws in
      for other in [nil, "[]", #"["shops"]"#, #"{"roles":"shops"}"#, "1"] {
        provider.change { $0.claims[claim] = .some(other) }
        let answer = try Arrival(shop, provider).arrive(shop)
        #expect(answer.status == 403 && answer["code"] == "not_in_group")
      }
      #expect(try shop.count("users") == 0)
      provider.change { $0.claims[claim] = value }
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
    }
  }

  @Test func `the admin group is read at each sign-in`() throws {
    try withProvider(settings: { $0.adminGroup = "admins" }) { (shop, provider) throws in
      try shop.person("root", .admin)
      func role(in groups: String?) throws -> String? {
        provider.change { $0.claims["groups"] = .some(groups) }
        #expect(try Arrival(shop, provider).arrive(shop).opensSession)
        return try users(shop).last?.split(separator: " ").last.map(String.init)
      }
      #expect(try role(in: nil) == "user")
      #expect(try role(in: #"["admins"]"#) == "admin")
      #expect(try role(in: #"["others"]"#) == "user")
    }
  }

  @Test func `a signed-in user links the identity, and nobody else can have it then`() throws {
    try withProvider { (shop, provider) throws in
      let session = try cookie(of: "bob", shop)
      let arrival = try Arrival(shop, provider, "/api/v1/auth/oidc?link=true", cookie: session)
      let linked = arrival.arrive(shop)
      #expect(linked.status == 302 && !linked.opensSession)
      // Once more changes nothing.
      #expect(try Arrival(shop, provider, "/api/v1/auth/oidc?link=true", cookie: session).arrive(shop).status == 302)
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      #expect(try shop.count("users") == 1)

      let other = try cookie(of: "carl", shop)
      let refused = try Arrival(shop, provider, "/api/v1/auth/oidc?link=true", cookie: other).arrive(shop)
      #expect(refused.status == 409 && refused["code"] == "identity_taken")
    }
  }

  @Test func `linking needs a living session of the own page`() throws {
    try withProvider { (shop, provider) throws in
      let session = try cookie(of: "bob", shop)
      for (cookie, site, status) in [
        (nil, "same-origin", 401), ("tuckshop_session=x", "same-origin", 401), (session, "cross-site", 403),
        (session, "same-origin", 302),
      ] {
        var request = Request(.get, "/api/v1/auth/oidc?link=true")
        request.headers.add("Sec-Fetch-Site", site)
        if let cookie { request.headers.add("Cookie", cookie) }
        #expect(shop.worker.ask(request).status == status)
      }
      try shop.owner.run("UPDATE users SET is_active = false")
      var request = Request(.get, "/api/v1/auth/oidc?link=true")
      request.headers.add("Cookie", session)
      #expect(shop.worker.ask(request).status == 401)
    }
  }

  @Test func `a deleted or inactive user does not come back`() throws {
    try withProvider { (shop, provider) throws in
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      try shop.owner.run("UPDATE users SET is_active = false")
      #expect(try Arrival(shop, provider).arrive(shop).status == 403)
      try shop.owner.run("UPDATE users SET deleted_at = now()")
      let answer = try Arrival(shop, provider).arrive(shop, accepting: "text/html,*/*")
      #expect(answer.status == 401 && answer.text.contains("Your account in this shop was deleted."))
      #expect(try shop.count("users") == 1)
    }
  }

  @Test(arguments: [
    ("/wallet", "/wallet"), ("/", "/"), ("", "/"), ("//evil.example", "/"), ("/%5Cevil.example", "/"),
    ("https://evil.example", "/"), ("wallet", "/"), ("/%09/evil.example", "/"), ("/a%0D%0AX:b", "/"), ("/%C3%A9", "/"),
    ("/a//b", "/a//b"), ("/" + String(repeating: "a", count: 512), "/"),
  ])
  func `the browser returns only to a path of the shop`(wanted: String, path: String) throws {
    try withProvider { (shop, provider) throws in
      let arrival = try Arrival(shop, provider, "/api/v1/auth/oidc?return=" + wanted)
      #expect(arrival.arrive(shop).header("Location") == path)
    }
  }

  @Test func `over https the ticket is for https alone`() throws {
    try withShop { shop in
      let provider = try ProviderStub()
      let plain = try provider.settings()
      let settings = OpenIDSettings(issuer: plain.issuer, clientID: "the shop", publicURL: "https://shop.example")
      shop.worker.desk.openID = OpenIDSignIn(settings)
      let cookie = try #require(shop.ask(.get, "/api/v1/auth/oidc").header("Set-Cookie"))
      #expect(cookie.hasPrefix("__Secure-tuckshop-oidc="))
      #expect(cookie.hasSuffix("; Path=/api/v1/auth/oidc; Max-Age=600; HttpOnly; SameSite=Lax; Secure"))
    }
  }

  @Test func `a key that the provider has added is found, and forged tokens do not make us ask again and again`() throws
  {
    var ages = OpenIDSignIn.Ages()
    ages.keysMilliseconds = 600_000
    try withProvider(ages) { (shop, provider) throws in
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      provider.change { $0.header["kid"] = quoted("k2") }
      for _ in 0..<3 { #expect(try Arrival(shop, provider).arrive(shop)["code"] == "identity_refused") }
      #expect(provider.questions.count { $0.target == "/keys" } == 1)
    }
    ages.keysMilliseconds = 0
    try withProvider(ages) { (shop, provider) throws in
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      let keys = JSON.array([ProviderStub.jwk(), ProviderStub.jwk(ProviderStub.otherKey, id: "k2")])
      provider.change {
        $0.header["kid"] = quoted("k2")
        $0.signer = ProviderStub.otherKey
        $0.keySet = .json(String(decoding: JSON.object([.init(name: "keys", value: keys)]).bytes, as: UTF8.self))
      }
      #expect(try Arrival(shop, provider).arrive(shop).opensSession)
      #expect(provider.questions.count { $0.target == "/keys" } == 2)
    }
  }

  @Test func `the provider's description is asked for once, and again when it is old`() throws {
    for (milliseconds, count) in [(600_000, 1), (0, 6)] {
      var ages = OpenIDSignIn.Ages()
      ages.metadataMilliseconds = milliseconds
      try withProvider(ages) { (shop, provider) throws in
        for _ in 0..<2 { #expect(try Arrival(shop, provider).arrive(shop).opensSession) }
        let asked = provider.questions.count { $0.target == "/.well-known/openid-configuration" }
        #expect(asked == count)
      }
    }
  }

  @Test func `a provider that failed is left alone for a while`() throws {
    try withProvider { (shop, provider) throws in
      provider.change { $0.discovery = .json("{") }
      #expect(shop.ask(.get, "/api/v1/auth/oidc")["code"] == "provider_failed")
      let answer = shop.ask(.get, "/api/v1/auth/oidc")
      #expect(answer["code"] == "provider_unreachable" && answer.header("Retry-After") == "5")
      #expect(provider.questions.count == 1)
    }
    var ages = OpenIDSignIn.Ages()
    ages.pauseMilliseconds = 0
    try withProvider(ages) { (shop, provider) throws in
      provider.change { $0.discovery = .json("{") }
      #expect(shop.ask(.get, "/api/v1/auth/oidc")["code"] == "provider_failed")
      provider.change { $0.discovery = nil }
      #expect(shop.ask(.get, "/api/v1/auth/oidc").status == 302)
    }
  }

  @Test func `a browser is told in a page, and other clients in a problem`() throws {
    try withProvider { (shop, provider) throws in
      var arrival = try Arrival(shop, provider)
      arrival.cookie = nil
      let page = arrival.arrive(shop, accepting: "text/html,application/xhtml+xml;q=0.9")
      #expect(page.status == 400)
      #expect(page.header("Content-Type") == "text/html; charset=utf-8")
      #expect(page.text.contains("This browser has not started this sign-in, or keeps no cookies. Start again."))
      #expect(page.text.contains(#"href="/">"#))
      #expect(!page.text.contains("<script") && !page.text.contains("style="))
      #expect(arrival.arrive(shop).header("Content-Type") == "application/problem+json")
    }
  }

  @Test func `without a provider there is no such route, and the methods say so`() throws {
    try withShop { shop in
      #expect(shop.ask(.get, "/api/v1/auth/oidc").status == 404)
      #expect(shop.ask(.get, "/api/v1/auth/oidc/callback").status == 404)
      #expect(shop.ask(.get, "/api/v1/auth/methods").members["oidc"] == .null)
    }
    try withProvider { shop, _ in
      let methods = shop.ask(.get, "/api/v1/auth/methods").members["oidc"]
      #expect(methods == ["name": "Example", "url": "/api/v1/auth/oidc"])
    }
  }

  private func users(_ shop: Shop) throws -> [String] {
    try shop.owner.rows(
      """
      SELECT concat_ws(' | ', username, coalesce(full_name, '-'), coalesce(email, '-'), role)
      FROM users ORDER BY created_at
      """
    ) { try $0.value(0) }
  }

  /// The session cookie of a new user with a password.
  private func cookie(of name: String, _ shop: Shop) throws -> String {
    try shop.person(name, password: "a long password")
    let answer = shop.ask(
      .post, "/api/v1/auth/session", ["username": .string(name), "password": "a long password"])
    return String(try #require(answer.header("Set-Cookie")).prefix { $0 != ";" })
  }
}
