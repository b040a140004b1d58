import Identity
import Support
import Testing
import Tokens

/// Foreign issuers with Ed25519 keys of the test, so that every token can be signed here.
@Suite(.tiers(.unit, .security))
struct ForeignKeySetTests {
  private static let one = try! AsymmetricKey(ed25519Seed: Array(repeating: 1, count: 32))
  private static let two = try! AsymmetricKey(ed25519Seed: Array(repeating: 2, count: 32))

  private static func jwk(_ key: AsymmetricKey, _ more: String = "") -> String {
    #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64.url.encode(key.ed25519PublicKey))"\#(more)}"#
  }

  private static func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

  private static func token(
    _ key: AsymmetricKey, header: String = "", claims changes: KeyValuePairs<String, String?> = [:]
  ) -> String {
    let payload = jsonObject(
      [
        ("iss", quoted(Trust.issuer)), ("aud", quoted("tuckshop")), ("sub", quoted("42")), ("jti", quoted("t-1")),
        ("iat", "\(Mint.now)"), ("exp", "\(Mint.now + 900)"),
      ], changes)
    return Mint.sign(Array(#"{"alg":"EdDSA"\#(header)}"#.utf8), Array(payload.utf8), .pair(key))
  }

  private func verify(_ set: String, _ token: String) throws -> String? {
    try Trust("EdDSA", key: set, user: "sub").verify(token)
  }

  @Test func `the key id chooses among several keys`() throws {
    let set = Self.set(Self.jwk(Self.one, #","kid":"1""#), Self.jwk(Self.two, #","kid":"2""#))
    #expect(try verify(set, Self.token(Self.one, header: #","kid":"1""#)) == "42")
    #expect(try verify(set, Self.token(Self.two, header: #","kid":"2""#)) == "42")
    #expect(throws: TokenRefusal.badSignature) { try verify(set, Self.token(Self.one, header: #","kid":"2""#)) }
    #expect(throws: TokenRefusal.unknownKey) { try verify(set, Self.token(Self.one, header: #","kid":"3""#)) }
    #expect(throws: TokenRefusal.unknownKey) { try verify(set, Self.token(Self.one)) }
  }

  @Test func `a single key needs no id, but a wrong id is refused`() throws {
    let named = Self.set(Self.jwk(Self.one, #","kid":"1""#))
    #expect(try verify(named, Self.token(Self.one)) == "42")
    #expect(throws: TokenRefusal.unknownKey) { try verify(named, Self.token(Self.one, header: #","kid":"2""#)) }
    let unnamed = Self.set(Self.jwk(Self.one))
    #expect(try verify(unnamed, Self.token(Self.one)) == "42")
    #expect(try verify(unnamed, Self.token(Self.one, header: #","kid":"2""#)) == "42")
  }

  @Test(arguments: [
    #","use":"enc""#, #","alg":"ES256""#, #","alg":"Ed448""#, #","key_ops":["sign"]"#, #","key_ops":[]"#,
  ])
  func `a key for another purpose is ignored`(more: String) throws {
    let other = Self.jwk(Self.one, #","kid":"1""# + more)
    #expect(throws: KeyError.self) { try verify(Self.set(other), Self.token(Self.one)) }
    let set = Self.set(other, Self.jwk(Self.two, #","kid":"2","use":"sig","alg":"EdDSA","key_ops":["verify"]"#))
    #expect(throws: TokenRefusal.unknownKey) { try verify(set, Self.token(Self.one, header: #","kid":"1""#)) }
    #expect(try verify(set, Self.token(Self.two)) == "42")
  }

  @Test(arguments: ["", #","typ":"JWT""#, #","typ":"jwt""#, #","typ":"at+jwt""#, #","typ":"application/at+jwt""#])
  func `an access token may declare its type or omit it`(header: String) throws {
    #expect(try verify(Self.set(Self.jwk(Self.one)), Self.token(Self.one, header: header)) == "42")
  }

  @Test(arguments: [
    (#","typ":"logout+jwt""#, TokenRefusal.wrongType), (#","typ":"secevent+jwt""#, .wrongType),
    (#","typ":"dpop+jwt""#, .wrongType), (#","typ":"""#, .wrongType), (#","typ":1"#, .malformed),
    (#","crit":["exp"]"#, .criticalHeader), (#","alg":"EdDSA""#, .malformed), (#","kid":7"#, .malformed),
  ])
  func `any other header is refused`(header: String, refusal: TokenRefusal) throws {
    #expect(throws: refusal) { try verify(Self.set(Self.jwk(Self.one)), Self.token(Self.one, header: header)) }
  }

  @Test(arguments: ["sub", "jti", "aud", "iat", "exp"])
  func `each claim is required of other issuers too`(name: String) throws {
    let token = Self.token(Self.one, claims: [name: nil])
    #expect(throws: TokenRefusal.badClaim(name)) { try verify(Self.set(Self.jwk(Self.one)), token) }
  }

  @Test(arguments: [#""""#, "7", "null", #"["a"]"#, nil])
  func `the claim for the user must contain a name`(value: String?) throws {
    let token = Self.token(Self.one, claims: ["name": value])
    #expect(throws: TokenRefusal.badClaim("name")) {
      try Trust("EdDSA", key: Self.set(Self.jwk(Self.one)), user: "name").verify(token)
    }
  }

  /// A mistake in the file of issuers or its keys is reported at the start, with the entry's name.
  @Test(arguments: [
    ("RS256", ForeignFixtures.rsa1024PEM, "1024 bits"),
    (
      "RS256", set(#"{"kty":"RSA","n":"\#(ForeignFixtures.rsa1024Modulus)","e":"AQAB"}"#), "1024 bits"
    ),
    ("RS256", set(#"{"kty":"RSA","n":"\#(ForeignFixtures.rsa1024Modulus)","e":"AA"}"#), "sound"),
    ("RS256", set(#"{"kty":"RSA","n":"\#(ForeignFixtures.rsa1024Modulus)"}"#), "its e is not base64url"),
    ("ES256", ForeignFixtures.p384PEM, "neither RSA, nor P-256"),
    ("ES256", ForeignFixtures.rsaPEM, "a key for RS256"), ("RS256", ForeignFixtures.ecCertificate, "a key for ES256"),
    ("EdDSA", ForeignFixtures.ecPEM, "a key for ES256"),
    ("ES256", "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n", "private"),
    ("ES256", "-----BEGIN PUBLIC KEY-----\nMIG\n-----END PUBLIC KEY-----\n", "no public key"),
    ("ES256", "-----BEGIN CERTIFICATE-----\nMIG\n-----END CERTIFICATE-----\n", "no public key"),
    ("ES256", "", "neither PEM nor"), ("ES256", "{}", "neither PEM nor"), ("ES256", set(), "no key for ES256"),
    ("ES256", set(jwk(one)), "no key for ES256"), ("EdDSA", set(jwk(one, #","d":"AA""#)), "private"),
    ("EdDSA", set(jwk(one), jwk(two)), "do not tell them apart"),
    ("EdDSA", set(jwk(one, #","kid":"1""#), jwk(two, #","kid":"1""#)), "do not tell them apart"),
    ("EdDSA", set(jwk(one, #","kid":"1""#), jwk(two)), "do not tell them apart"),
    ("EdDSA", set(#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#), "32 bytes"),
    ("EdDSA", set(#"{"kty":"OKP","crv":"Ed25519","x":"A+/="}"#), "not base64url"),
    ("ES256", set(#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#), "32 bytes"),
    (
      "ES256", set(#"{"kty":"EC","crv":"P-256","x":"\#(ForeignFixtures.ecX)","y":"\#(ForeignFixtures.ecX)"}"#),
      "no public key"
    ),
    ("HS256", ForeignFixtures.ecPEM, "none of RS256, ES256, EdDSA"), ("none", "", "none of RS256, ES256, EdDSA"),
  ])
  func `a bad key is refused at the start`(algorithm: String, key: String, reason: String) throws {
    let error = #expect(throws: KeyError.self) { try Trust(algorithm, key: key).issuers() }
    #expect(error?.description.contains("entry 1 (https://auth.example)") == true)
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("", "not JSON"), ("{}", "wrong type"), ("[{}]", "entry 1, issuer is missing"),
    ("[1]", "entry 1, it has the wrong type"),
    (#"[{"issuer":"a","audience":"b","algorithm":"ES256","key_file":"key"}]"#, "entry 1, user_claim is missing"),
    (#"[{"issuer":1,"audience":"b","algorithm":"ES256","key_file":"key","user_claim":"sub"}]"#, "entry 1, issuer"),
    (#"[{"issuer":"","audience":"b","algorithm":"ES256","key_file":"key","user_claim":"sub"}]"#, "must not be empty"),
    (#"[{"issuer":"a","audience":"b","algorithm":"ES256","key_file":"gone","user_claim":"sub"}]"#, "cannot be read"),
    (#"[{"issuer":"us","audience":"b","algorithm":"ES256","key_file":"key","user_claim":"sub"}]"#, "our own name"),
    (
      #"""
      [{"issuer":"a","audience":"b","algorithm":"ES256","key_file":"key","user_claim":"sub"},
       {"issuer":"a","audience":"c","algorithm":"ES256","key_file":"key","user_claim":"sub"}]
      """#, "entry 2 (a): it is named twice"
    ),
  ])
  func `an invalid file of issuers is refused`(text: String, reason: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write("issuers.json", text)
    try directory.write("key", ForeignFixtures.ecPEM)
    let error = #expect(throws: KeyError.self) {
      try ForeignIssuers(file: directory / "issuers.json", own: "us")
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func `a missing file of issuers is an error, not an empty list`() {
    #expect(throws: KeyError.self) { try ForeignIssuers(file: "/nonexistent", own: "us") }
  }
}
