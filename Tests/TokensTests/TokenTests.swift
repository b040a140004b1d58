import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct TokenTests {
  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA])
  func `an issued token verifies and has the same claims`(algorithm: SignatureAlgorithm) throws {
    let mint = try Mint(algorithm)
    let text = mint.tokens.issue(Mint.claims)
    #expect(try mint.tokens.verify(text, now: Mint.now) == Mint.claims)
  }

  @Test func `optional claims are left out`() throws {
    let mint = try Mint()
    let claims = Claims(subject: "1", tokenID: "t", issuedAt: Mint.now, expiresAt: Mint.now + 1)
    let text = mint.tokens.issue(claims)
    #expect(try mint.tokens.verify(text, now: Mint.now) == claims)
    let payload = try #require(Base64.url.decode(text.parts[1]))
    #expect(!String(decoding: payload, as: UTF8.self).contains("role"))
  }

  @Test(arguments: [
    "", "a\"b\\c/d", "line\nend", "\u{1}\u{7F}", "e\u{301}", "😀", String(repeating: "\u{2}", count: 255),
  ])
  func `any name comes back byte for byte`(name: String) throws {
    let mint = try Mint()
    var claims = Mint.claims
    claims.username = name
    let read = try mint.tokens.verify(mint.tokens.issue(claims), now: Mint.now)
    #expect(Array(read.username!.utf8) == Array(name.utf8))
  }

  @Test(arguments: [
    (-60, true), (-61, false), (0, true), (899, true), (900, true), (959, true), (960, false), (961, false),
  ])
  func `a token is valid in its time, with a minute of leeway on either side`(after: Int, isValid: Bool) throws {
    let mint = try Mint()
    let text = mint.tokens.issue(Mint.claims)
    let verified = try? mint.tokens.verify(text, now: Mint.now + after)
    #expect((verified != nil) == isValid)
  }

  @Test(arguments: [Int.min, -1, 0, Int.max])
  func `no wrong clock crashes anything`(now: Int) throws {
    let mint = try Mint()
    let text = mint.tokens.issue(Mint.claims)
    #expect(throws: TokenRefusal.self) { try mint.tokens.verify(text, now: now) }
  }

  @Test func `a handwritten token is accepted, with blanks and additional members`() throws {
    let mint = try Mint()
    #expect(throws: Never.self) { try mint.tokens.verify(mint.sign(), now: Mint.now) }
    let header = mint.header([
      "jku": quoted("https://evil.example/keys"), "jwk": "{}", "x5u": "1", "x5c": "[\"\"]", "cty": quoted("JWT"),
    ])
    let payload =
      "\r\n " + mint.payload(["nbf": "\(Mint.now)", "x": #"{"a":[1,-0.5e+3,true,null,"\ud83d\ude00"]}"#]) + "\t"
    #expect(throws: Never.self) { try mint.tokens.verify(mint.sign(header, payload), now: Mint.now) }
  }

  @Test func `two names that only look the same are different`() throws {
    let mint = try Mint()
    let payload = mint.payload(["\u{E9}": "1", "e\u{301}": "2"])
    #expect(throws: Never.self) { try mint.tokens.verify(mint.sign(nil, payload), now: Mint.now) }
  }

  @Test(arguments: [#"["tuckshop"]"#, #"["other","tuckshop"]"#, #"["t\u0075ckshop"]"#, #""tuckshop""#])
  func `an audience is one of a list, or alone`(audience: String) throws {
    let mint = try Mint()
    #expect(throws: Never.self) {
      try mint.tokens.verify(mint.sign(nil, mint.payload(["aud": audience])), now: Mint.now)
    }
  }

  @Test func `a token may be 4096 bytes long and no longer`() throws {
    let mint = try Mint()
    func token(_ padding: Int) throws -> String {
      try mint.sign(nil, mint.payload(["pad": quoted(String(repeating: "a", count: padding))]))
    }
    let longest = try #require((2000...3200).last { (try? token($0).utf8.count) ?? .max <= 4096 })
    #expect(try token(longest).utf8.count > 4092)
    #expect(throws: Never.self) { try mint.tokens.verify(token(longest), now: Mint.now) }
    #expect(throws: TokenRefusal.malformed) { try mint.tokens.verify(token(longest + 3), now: Mint.now) }
  }

  @Test func `a printed or dumped key shows no secret`() throws {
    let mint = try Mint()
    var dumped = ""
    dump(mint.tokens, to: &dumped)
    #expect(!dumped.contains("32 elements"))
    let all = dumped + "\(mint.tokens.keys.signing) \(String(reflecting: mint.tokens))"
    #expect(all.contains(mint.keys[0].kid))
    for key in mint.keys {
      #expect(!all.contains(key.secret))
      #expect(!all.contains(Base64.url.decode(key.secret)!.prefix(4).map(String.init).joined(separator: ", ")))
    }
  }
}
