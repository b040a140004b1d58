import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// Every known way to forge a token, sent as a bearer token to the whole API.
@Suite(.tiers(.api, .security))
struct ForgedBearerTests {
  struct Forgery: Sendable {
    let name: String
    let make: @Sendable (Forger) throws -> String

    init(_ name: String, _ make: @escaping @Sendable (Forger) throws -> String) {
      self.name = name
      self.make = make
    }

    /// Signed by the right key, with one thing wrong.
    static func header(_ name: String, _ value: String?) -> Forgery {
      Forgery("header \(name): \(value ?? "missing")") { $0.sign($0.header([name: value])) }
    }
    static func claim(_ name: String, _ value: String?) -> Forgery {
      Forgery("claim \(name): \(value ?? "missing")") { $0.sign(nil, $0.payload([name: value])) }
    }
  }

  static let shapes = [
    Forgery("nothing") { _ in "" }, Forgery("a word") { _ in "token" }, Forgery("only dots") { _ in ".." },
    Forgery("two parts") { $0.rewritten { "\($0[0]).\($0[1])" } },
    Forgery("four parts") { $0.rewritten { ($0 + ["e30"]).joined(separator: ".") } },
    Forgery("no signature") { $0.rewritten { "\($0[0]).\($0[1])." } },
    Forgery("a cut signature") { $0.rewritten { "\($0[0]).\($0[1]).\($0[2].dropLast(4))" } },
    Forgery("padding") { $0.sign() + "=" }, Forgery("a blank behind") { $0.sign() + " " },
    Forgery("two tokens") { $0.sign() + "," + $0.sign() },
    Forgery("over 4096 bytes") { $0.sign(nil, $0.payload(["x": "\"\(String(repeating: "x", count: 4096))\""])) },
    Forgery("another payload under this signature") { forger in
      let admin = forger.sign(nil, forger.payload(["role": "\"admin\""])).split(separator: ".")[1]
      return forger.rewritten { "\($0[0]).\(admin).\($0[2])" }
    },
    Forgery("a payload that is a list") { $0.sign(nil, "[\($0.payload())]") },
    Forgery("a payload that is no JSON") { $0.sign(nil, "sub=1") },
    Forgery("a claim twice") { $0.sign(nil, $0.payload().dropLast() + ",\"sub\":\"x\"}") },
    Forgery("a header twice") { $0.sign($0.header().dropLast() + ",\"alg\":\"none\"}") },
    Forgery("a refresh token") { _ in OpaqueToken().text },
  ]

  static let keys = [
    Forgery("alg none") { forger in
      let parts = forger.sign(forger.header(["alg": "\"none\""])).split(separator: ".")
      return "\(parts[0]).\(parts[1])."
    },
    .header("alg", "\"none\""), .header("alg", "\"HS512\""), .header("alg", "\"EdDSA\""), .header("alg", "\"RS256\""),
    .header("alg", nil), .header("kid", nil), .header("kid", "\"x\""), .header("kid", "\"../../dev/null\""),
    .header("kid", "\"' OR '1'='1\""), .header("kid", "null"), .header("typ", nil), .header("typ", "\"JWT\""),
    .header("typ", "\"rt+jwt\""), .header("crit", "[\"exp\"]"),
    Forgery("an empty key") { $0.sign(with: .secret([])) },
    Forgery("a key of zeros") { $0.sign(with: .secret(Array(repeating: 0, count: 32))) },
    Forgery("a key of one's own") { $0.sign(with: .secret(Random.bytes(32))) },
    Forgery("the id as the key") { $0.sign(with: .secret(Array($0.keyID.utf8))) },
    Forgery("an Ed25519 key") { $0.sign(with: .pair(try AsymmetricKey(ed25519Seed: $0.secret))) },
    Forgery("a key in the header") {
      $0.sign($0.header(["jwk": #"{"kty":"oct","k":"AAAA","alg":"HS256"}"#]), with: .secret([0, 0, 0]))
    },
    Forgery("a key's address in the header") {
      $0.sign($0.header(["jku": "\"http://127.0.0.1:1/jwks\""]), with: .secret([0, 0, 0]))
    },
  ]

  static let claims: [Forgery] =
    [
      ("iss", nil), ("iss", "\"\""), ("iss", "\"Tuckshop\""), ("iss", "\"https://evil.example\""), ("aud", nil),
      ("aud", "\"other\""), ("aud", "[]"), ("sub", nil), ("sub", "\"\""), ("sub", "1"), ("sub", "\"anna\""),
      ("sub", "\"00000000-0000-0000-0000-00000000000\""), ("sub", "\"' OR 1=1 --\""), ("jti", nil), ("exp", nil),
      ("exp", "0"), ("exp", "\"9999999999\""), ("exp", "1e99"), ("exp", "-1"), ("iat", nil), ("iat", "4000000000"),
      ("nbf", "4000000000"), ("role", nil), ("role", "\"root\""), ("role", "1"), ("role", "\"Admin\""),
      ("username", nil),
      ("username", "1"),
    ].map(Forgery.claim) + [
      Forgery("expired by more than clocks differ") { $0.sign(nil, $0.payload(["exp": "\($0.now - 61)"])) }
    ]

  @Test func `all forged tokens are refused alike, without a reason`() throws {
    try withShop { shop in
      let forger = try Forger(keyFile: shop.place.keyFile, user: try shop.person("anna"))
      // The forger leaves the rest valid; otherwise all would be refused for another reason.
      #expect(shop.worker.me(forger.sign())["username"] == "anna")
      let forgeries = Self.shapes + Self.keys + Self.claims
      var answers: Set<String> = []
      for forgery in forgeries {
        let answer = shop.worker.me(try forgery.make(forger))
        #expect(answer.status == 401, "\(forgery.name)")
        #expect(answer.header("Content-Type") == "application/problem+json", "\(forgery.name)")
        #expect(answer.header("WWW-Authenticate") == "Bearer error=\"invalid_token\"", "\(forgery.name)")
        answers.insert(answer.text)
      }
      #expect(forgeries.count > 60)
      #expect(answers.count == 1)
      #expect(shop.worker.lender.opened == 1)
    }
  }

  @Test func `a forged token costs no connection`() throws {
    let booted = try Booted(database: .nowhere)
    #expect(booted.me("a.b.c").status == 401)
    #expect(booted.ask(.get, "/api/v1/users").status == 401)
    #expect(booted.lender.failures == 0)
  }

  @Test func `a request without a token is asked for one, and other schemes do not count`() throws {
    let booted = try Booted(database: .nowhere)
    func answer(_ authorization: String?) -> Answer {
      var headers = Headers()
      if let authorization { headers.add("Authorization", authorization) }
      return booted.ask(Request(.get, "/api/v1/auth/me", headers: headers, id: "r-1"))
    }
    #expect(answer(nil)["code"] == "missing_token")
    #expect(answer(nil).header("WWW-Authenticate") == "Bearer")
    for odd in [
      "", "Bearer", "Basic YTpi", "Bearer\ta.b.c", "Bearer:a.b.c", "Token a.b.c", "bearera.b.c", "\"Bearer\" x",
    ] {
      #expect(answer(odd).status == 401, "\(odd)")
      #expect(answer(odd)["code"] == "invalid_token_signature", "\(odd)")
    }
  }

  @Test func `the scheme may be written in any case`() throws {
    try withShop { shop in
      let token = shop.token(try shop.person("anna"))
      for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        let request = Request(.get, "/api/v1/auth/me", headers: ["Authorization": scheme + token], id: "r-1")
        #expect(shop.worker.ask(request).status == 200, "\(scheme)")
      }
    }
  }
}
