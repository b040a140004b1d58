import API
import HTTP
import Identity
import Notation
import Support
import Telemetry
import Testing
import Tokens

/// Every way in which an answer of the provider can be wrong: each is refused with a sentence, and nobody is signed in.
@Suite(.tiers(.api, .database, .security))
struct BrokenCallbackTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let status: Int
    let code: String
    let ruin: @Sendable (inout Arrival, inout ProviderStub.Behaviour, Shop, ProviderStub) throws -> Void

    init(
      _ name: String, _ status: Int, _ code: String,
      _ ruin: @escaping @Sendable (inout Arrival, inout ProviderStub.Behaviour, Shop, ProviderStub) throws -> Void
    ) {
      (testDescription, self.status, self.code, self.ruin) = (name, status, code, ruin)
    }

    static func claim(_ name: String, _ value: String?) -> Case {
      Case("\(name) is \(value?.prefix(20) ?? "missing")", 503, "identity_refused") { _, behaviour, _, _ in
        behaviour.claims[name] = .some(value)
      }
    }

    static func header(_ name: String, _ value: String?) -> Case {
      Case("header \(name) is \(value ?? "missing")", 503, "identity_refused") { _, behaviour, _, _ in
        behaviour.header[name] = .some(value)
      }
    }

    static func token(_ name: String, _ status: Int, _ code: String, _ reply: WebStub.Reply) -> Case {
      Case("the token endpoint \(name)", status, code) { _, behaviour, _, _ in behaviour.token = reply }
    }
  }

  private static func ticket(_ arrival: Arrival, _ shop: Shop, startedAgo seconds: Int, for purpose: String) -> String {
    let ticket: JSON = [
      "state": .string(arrival.state), "nonce": .string(arrival.nonce), "verifier": "v", "return": "/",
      "started": .integer(Clock.unixSeconds - seconds),
    ]
    return "tuckshop-oidc=" + shop.worker.desk.authenticator.tokens.seal(ticket.bytes, for: purpose)
  }

  /// The state, the ticket and the rest of what the browser brings.
  static let browser: [Case] = [
    Case("no ticket", 400, "sign_in_not_started") { arrival, _, _, _ in arrival.cookie = nil },
    Case("a ticket of another name", 400, "sign_in_not_started") { arrival, _, _, _ in
      arrival.cookie = arrival.cookie.map { "x" + $0 }
    },
    Case("an empty ticket", 400, "sign_in_unknown") { arrival, _, _, _ in arrival.cookie = "tuckshop-oidc=" },
    Case("another browser's ticket", 400, "sign_in_mismatch") { arrival, _, shop, provider in
      arrival.cookie = try Arrival(shop, provider).cookie
    },
    Case("a changed ticket", 400, "sign_in_unknown") { arrival, _, _, _ in
      let parts = try #require(arrival.cookie).parts
      let text = String(decoding: try #require(Base64.url.decode(parts[1].utf8)), as: UTF8.self)
      let changed = text.replacing(#""return":"/""#, with: #""return":"/x""#)
      #expect(changed != text)
      arrival.cookie = [parts[0], Base64.url.encode(Array(changed.utf8)), parts[2]].joined(separator: ".")
    },
    Case("another shop's ticket", 400, "sign_in_unknown") { arrival, _, _, _ in
      arrival.cookie = "tuckshop-oidc=" + (try Mint()).tokens.seal([0x7B, 0x7D], for: "oidc-ticket")
    },
    Case("text sealed for another purpose", 400, "sign_in_unknown") { arrival, _, shop, _ in
      arrival.cookie = ticket(arrival, shop, startedAgo: 1, for: "another purpose")
    },
    Case("an access token as the ticket", 400, "sign_in_unknown") { arrival, _, shop, _ in
      arrival.cookie = "tuckshop-oidc=" + shop.token(try shop.person("bob"))
    },
    Case("an expired ticket", 400, "sign_in_expired") { arrival, _, shop, _ in
      arrival.cookie = ticket(arrival, shop, startedAgo: 601, for: "oidc-ticket")
    },
    Case("a ticket of the future", 400, "sign_in_expired") { arrival, _, shop, _ in
      arrival.cookie = ticket(arrival, shop, startedAgo: -90, for: "oidc-ticket")
    },
    Case("no state", 400, "sign_in_mismatch") { arrival, _, _, _ in arrival.set("state") },
    Case("an empty state", 400, "sign_in_mismatch") { arrival, _, _, _ in arrival.set("state", "") },
    Case("another state", 400, "sign_in_mismatch") { arrival, _, _, _ in
      arrival.set("state", String(arrival.state.reversed()))
    },
    Case("two states", 400, "sign_in_mismatch") { arrival, _, _, _ in
      arrival.set("state", arrival.state, arrival.state)
    },
    Case("a state that is no text", 400, "sign_in_mismatch") { arrival, _, _, _ in arrival.set("state", "%FF") },
    Case("another issuer", 400, "wrong_provider") { arrival, _, _, _ in arrival.set("iss", "https://other.example") },
    Case("the issuer with a slash", 400, "wrong_provider") { arrival, _, _, provider in
      arrival.set("iss", provider.issuer + "/")
    },
    Case("two issuers", 400, "wrong_provider") { arrival, _, _, provider in
      arrival.set("iss", provider.issuer, provider.issuer)
    },
    Case("an error of another issuer", 400, "wrong_provider") { arrival, _, _, _ in
      arrival.set("iss", "https://other.example")
      arrival.set("error", "access_denied")
    },
    Case("the user declined", 403, "sign_in_declined") { arrival, _, _, _ in
      arrival.set("code")
      arrival.set("error", "access_denied")
    },
    Case("an error beside a code", 403, "sign_in_declined") { arrival, _, _, _ in
      arrival.set("error", "<script>")
    },
    Case("no code", 400, "no_code") { arrival, _, _, _ in arrival.set("code") },
    Case("an empty code", 400, "no_code") { arrival, _, _, _ in arrival.set("code", "") },
    Case("two codes", 400, "no_code") { arrival, _, _, _ in arrival.set("code", "c-1", "c-2") },
  ]

  static let endpoints: [Case] = [
    .token("knows no such code", 400, "code_refused", .json(#"{"error":"invalid_grant"}"#, status: 400)),
    .token("knows no such shop", 503, "provider_failed", .json(#"{"error":"invalid_client"}"#, status: 401)),
    .token("fails", 503, "provider_failed", .answer(500)),
    .token("redirects", 503, "provider_failed", .text("HTTP/1.1 307 X\r\nLocation: /t\r\nContent-Length: 0\r\n\r\n")),
    .token("answers garbage", 503, "provider_failed", .json("{")),
    .token("speaks another protocol", 503, "provider_unreachable", .text("220 mail.example ESMTP\r\n")),
    .token("answers without an end", 503, "provider_unreachable", .endless),
    .token("is silent", 503, "provider_unreachable", .silence),
    .token("gives no ID token", 503, "provider_failed", .json(#"{"access_token":"x"}"#)),
    .token("gives a number as ID token", 503, "provider_failed", .json(#"{"id_token":1}"#)),
    Case("the key set is garbage", 503, "provider_failed") { _, behaviour, _, _ in behaviour.keySet = .json("[]") },
    Case("the key set is empty", 503, "identity_refused") { _, behaviour, _, _ in
      behaviour.keySet = .json(#"{"keys":[]}"#)
    },
    Case("the key set has a private key", 503, "provider_failed") { _, behaviour, _, _ in
      let key = String(decoding: ProviderStub.jwk().bytes, as: UTF8.self).dropLast() + #","d":"AAAA"}"#
      behaviour.keySet = .json(#"{"keys":["# + key + "]}")
    },
    Case("userinfo is about another", 503, "identity_refused") { _, behaviour, _, _ in
      behaviour.claims.updateValue(nil, forKey: "email")
      behaviour.userinfo = .json(#"{"sub":"s-2","email":"bob@example.org"}"#)
    },
    Case("userinfo is about nobody", 503, "identity_refused") { _, behaviour, _, _ in
      behaviour.claims.updateValue(nil, forKey: "email")
      behaviour.userinfo = .json(#"{"email":"bob@example.org"}"#)
    },
    Case("the access token would be two headers", 503, "provider_failed") { _, behaviour, _, _ in
      behaviour.claims.updateValue(nil, forKey: "email")
      behaviour.accessToken = "x\r\nX-Other: y"
    },
    Case("userinfo fails", 503, "provider_failed") { _, behaviour, _, _ in
      behaviour.claims.updateValue(nil, forKey: "name")
      behaviour.userinfo = .answer(500)
    },
  ]

  static let forgeries: [Case] = [
    Case("no token at all", 503, "identity_refused") { _, behaviour, _, _ in behaviour.idToken = "a.b" },
    Case("a token of 20 KB", 503, "identity_refused") { _, behaviour, _, _ in
      behaviour.claims["x"] = quoted(String(repeating: "x", count: 15_000))
    },
    Case("no signature and no algorithm", 503, "identity_refused") { _, behaviour, _, provider in
      behaviour.header["alg"] = quoted("none")
      let parts = provider.idToken(behaviour).parts
      behaviour.idToken = parts[0] + "." + parts[1] + "."
    },
    Case("the public key as a shared secret", 503, "identity_refused") { _, behaviour, _, provider in
      behaviour.header["alg"] = quoted("HS256")
      let parts = provider.idToken(behaviour).parts
      let signed = parts[0] + "." + parts[1]
      let signature = SignatureKey.secret(ProviderStub.key.ed25519PublicKey).sign(Array(signed.utf8))
      behaviour.idToken = signed + "." + Base64.url.encode(signature)
    },
    Case("another key's signature", 503, "identity_refused") { _, behaviour, _, _ in
      behaviour.signer = ProviderStub.otherKey
    },
    Case("another token's signature", 503, "identity_refused") { _, behaviour, _, provider in
      let other = provider.idToken(behaviour).parts[2]
      behaviour.claims["sub"] = quoted("s-2")
      let parts = provider.idToken(behaviour).parts
      behaviour.idToken = parts[0] + "." + parts[1] + "." + other
    },
    .header("alg", quoted("RS256")), .header("alg", quoted("ES256")), .header("alg", nil),
    .header("kid", quoted("k2")), .header("crit", #"["exp"]"#), .header("typ", quoted("at+jwt")),
    .header("typ", quoted("logout+jwt")),
    .claim("iss", quoted("https://other.example")), .claim("iss", nil), .claim("aud", quoted("another shop")),
    .claim("aud", nil), .claim("aud", "[]"), .claim("aud", #"["the shop","another shop"]"#), .claim("azp", quoted("x")),
    .claim("azp", "1"), .claim("exp", "1700000000"), .claim("exp", nil), .claim("exp", quoted("9999999999")),
    .claim("iat", "4000000000"), .claim("iat", nil), .claim("nbf", "4000000000"), .claim("nonce", nil),
    .claim("nonce", quoted("another nonce")), .claim("nonce", quoted("")), .claim("sub", nil),
    .claim("sub", quoted("")),
    .claim("sub", "1"), .claim("sub", quoted(String(repeating: "s", count: 256))),
  ]

  @Test(arguments: browser + endpoints + forgeries)
  func `a broken answer signs nobody in`(broken: Case) throws {
    try withProvider { shop, provider in
      var arrival = try Arrival(shop, provider)
      var behaviour = ProviderStub.Behaviour()
      behaviour.nonce = arrival.nonce
      try broken.ruin(&arrival, &behaviour, shop, provider)
      let final = behaviour
      provider.change { $0 = final }
      let users = try shop.count("users")
      let answer = arrival.arrive(shop)
      #expect(answer.status == broken.status, "\(answer.text)")
      #expect(answer["code"] == broken.code)
      #expect(answer["detail"]?.hasSuffix(".") == true)
      #expect(!answer.opensSession)
      #expect(try shop.count("users") == users)
      #expect(try shop.count("sessions") == 0)
      #expect(try shop.count("identities") == 0)
    }
  }

  @Test func `an answer that must name its issuer and does not signs nobody in`() throws {
    try withProvider { shop, provider in
      provider.change { $0.metadata["authorization_response_iss_parameter_supported"] = .some(true) }
      var arrival = try Arrival(shop, provider)
      #expect(arrival.arrive(shop)["code"] == "wrong_provider")
      arrival.set("iss", provider.issuer)
      #expect(arrival.arrive(shop).opensSession)
    }
  }

  @Test func `an answer that comes again signs nobody in, whatever became of the first`() throws {
    try withProvider { shop, provider in
      let arrival = try Arrival(shop, provider)
      #expect(arrival.arrive(shop).opensSession)
      let again = arrival.arrive(shop)
      #expect(again.status == 409 && again["code"] == "sign_in_used" && !again.opensSession)
      #expect(provider.questions.count { $0.target == "/token" } == 1)

      let second = try Arrival(shop, provider)
      provider.change { $0.token = .answer(500) }
      #expect(second.arrive(shop).status == 503)
      provider.change { $0.token = nil }
      #expect(second.arrive(shop)["code"] == "sign_in_used")
    }
  }

  @Test(
    arguments: [
      ("issuer", "https://other.example"), ("issuer", nil), ("authorization_endpoint", "http://id.example/authorize"),
      ("token_endpoint", "http://id.example/token"), ("token_endpoint", nil), ("jwks_uri", "file:///etc/passwd"),
      ("userinfo_endpoint", "http://id.example/userinfo"),
    ] as [(String, String?)])
  func `a provider that announces something impossible signs nobody in`(member: String, value: String?) throws {
    try withProvider { shop, provider in
      provider.change { $0.metadata[member] = .some(value.map(JSON.string)) }
      let answer = shop.ask(.get, "/api/v1/auth/oidc")
      #expect(answer.status == 503 && answer["code"] == "provider_failed")
      #expect(answer.headers("Set-Cookie").isEmpty)
      let log = try shop.worker.logText()
      #expect(log.contains("badProvider"))
    }
  }
}
