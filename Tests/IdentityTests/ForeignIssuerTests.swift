import Identity
import Support
import Testing
import Tokens

/// A file of trusted issuers with one entry, and its key file.
struct Trust {
  let directory: TemporaryDirectory

  static let issuer = "https://auth.example"

  init(_ algorithm: String, key: String, user: String = "preferred_username", audience: String = "tuckshop") throws {
    directory = try TemporaryDirectory()
    try directory.write("key", key)
    try directory.write(
      "issuers.json",
      """
      [{"issuer":"\(Self.issuer)","audience":"\(audience)","algorithm":"\(algorithm)","key_file":"key",
        "user_claim":"\(user)"}]
      """)
  }

  func issuers() throws -> ForeignIssuers { try ForeignIssuers(file: directory / "issuers.json", own: "us") }

  func verify(_ text: String, now: Int = Mint.now) throws -> String? {
    try issuers().verify(CompactToken(text), now: now)?.identity.names.first
  }
}

@Suite(.tiers(.unit, .security))
struct ForeignIssuerTests {
  private typealias Fixtures = ForeignFixtures

  static let jwkEC = #"{"keys":[{"kty":"EC","crv":"P-256","kid":"e1","x":"\#(Fixtures.ecX)","y":"\#(Fixtures.ecY)"}]}"#

  @Test(arguments: [
    ("RS256", Fixtures.rsaPEM, Fixtures.rs256), ("ES256", Fixtures.ecPEM, Fixtures.es256),
    ("ES256", Fixtures.ecCertificate, Fixtures.es256), ("ES256", jwkEC, Fixtures.es256),
  ])
  func `a token signed by another service is believed`(algorithm: String, key: String, token: String) throws {
    #expect(try Trust(algorithm, key: key).verify(token) == "Аня")
  }

  @Test func `one entry's token is not believed with another entry's key`() throws {
    #expect(throws: TokenRefusal.wrongAlgorithm) { try Trust("ES256", key: Fixtures.ecPEM).verify(Fixtures.rs256) }
    #expect(throws: TokenRefusal.wrongAlgorithm) { try Trust("RS256", key: Fixtures.rsaPEM).verify(Fixtures.es256) }
  }

  @Test func `a token from an unknown issuer is left to the other checks`() throws {
    let mint = try Mint()
    let trust = try Trust("ES256", key: Fixtures.ecPEM)
    #expect(try trust.verify(mint.sign()) == nil)
    #expect(try trust.verify(mint.sign(nil, mint.payload(["iss": nil]))) == nil)
    #expect(try trust.verify(mint.sign(nil, mint.payload(["iss": "[]"]))) == nil)
    #expect(try ForeignIssuers().verify(CompactToken(Fixtures.es256), now: Mint.now)?.identity == nil)
  }

  @Test func `a token's time, audience and user are checked`() throws {
    let trust = try Trust("ES256", key: Fixtures.ecPEM)
    #expect(throws: TokenRefusal.expired) { try trust.verify(Fixtures.es256, now: Mint.now + 960) }
    #expect(throws: TokenRefusal.notYetValid) { try trust.verify(Fixtures.es256, now: Mint.now - 61) }
    #expect(throws: TokenRefusal.wrongAudience) {
      try Trust("ES256", key: Fixtures.ecPEM, audience: "tuck").verify(Fixtures.es256)
    }
    #expect(throws: TokenRefusal.badClaim("email")) {
      try Trust("ES256", key: Fixtures.ecPEM, user: "email").verify(Fixtures.es256)
    }
  }

  private static let order: [UInt8] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
  ]
  private static let zeros = [UInt8](repeating: 0, count: 32)
  private static let one = [UInt8](repeating: 0, count: 31) + [1]

  @Test(arguments: [
    zeros + zeros, zeros + one, one + zeros, order + one, one + order, order + order, one + one,
    Array(repeating: 0xFF, count: 64), [], [0], zeros, zeros + one + [0], Array(repeating: 0, count: 63),
    [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00],
  ])
  func `no invented r and s pass as an ES256 signature`(signature: [UInt8]) throws {
    let parts = Fixtures.es256.parts
    let forged = "\(parts[0]).\(parts[1]).\(Base64.url.encode(signature.isEmpty ? [0] : signature))"
    #expect(throws: TokenRefusal.badSignature) { try Trust("ES256", key: Fixtures.ecPEM).verify(forged) }
  }

  @Test func `a signature has one encoding`() throws {
    #expect(throws: TokenRefusal.badSignature) { try Trust("ES256", key: Fixtures.ecPEM).verify(Fixtures.es256DER) }
    #expect(throws: TokenRefusal.badSignature) { try Trust("RS256", key: Fixtures.rsaPEM).verify(Fixtures.rs256PSS) }
    let parts = Fixtures.rs256.parts
    for signature in [[0], Array(repeating: 0, count: 256), [0] + Base64.url.decode(parts[2])!] as [[UInt8]] {
      let forged = "\(parts[0]).\(parts[1]).\(Base64.url.encode(signature))"
      #expect(throws: TokenRefusal.badSignature) { try Trust("RS256", key: Fixtures.rsaPEM).verify(forged) }
    }
  }

  /// RFC 8725, section 2.1: the public key is public, so knowing it proves nothing.
  @Test(arguments: [#""HS256""#, #""none""#, #""hs256""#, #""RS512""#, #""ES256K""#])
  func `the public key does not serve as an HMAC secret`(algorithm: String) throws {
    for (name, pem) in [("RS256", Fixtures.rsaPEM), ("ES256", Fixtures.ecPEM)] {
      let payload = Base64.url.decode(Fixtures.rs256.parts[1])!
      let forged = Mint.sign(Array(#"{"alg":\#(algorithm),"typ":"JWT"}"#.utf8), payload, .secret(Array(pem.utf8)))
      #expect(throws: TokenRefusal.wrongAlgorithm) { try Trust(name, key: pem).verify(forged) }
      let named = Mint.sign(Array(#"{"alg":"\#(name)","typ":"JWT"}"#.utf8), payload, .secret(Array(pem.utf8)))
      #expect(throws: TokenRefusal.badSignature) { try Trust(name, key: pem).verify(named) }
    }
  }
}
