import Support
import Testing
import Tokens

/// Tokens whose header tries to choose the key, the algorithm or the rules.
@Suite(.tiers(.unit, .security))
struct ForgedHeaderTests {
  static let algorithms =
    Forgery.header(
      "alg",
      [
        #""none""#, #""None""#, #""NONE""#, #""nOnE""#, #""""#, #""hs256""#, #""HS256 ""#, #""HS384""#, #""HS512""#,
        #""RS256""#, #""ES256""#, #""EdDSA""#, #""PS256""#, #""HS256\u0301""#, #""dir""#,
      ], .wrongAlgorithm)
    + Forgery.header("alg", [nil, "null", "1", "true", #"["HS256"]"#, #"{"alg":"HS256"}"#], .malformed)
    + [
      Forgery("alg none without a signature", .badSignature) {
        let parts = try $0.sign($0.header(["alg": #""none""#])).parts
        return "\(parts[0]).\(parts[1])."
      },
      Forgery("alg none with one byte for a signature", .wrongAlgorithm) {
        let parts = try $0.sign($0.header(["alg": #""none""#])).parts
        return "\(parts[0]).\(parts[1]).AA"
      },
    ]

  /// The Ed25519 key of the second entry is public; anybody could compute an HMAC with it.
  static let confusions =
    [
      Forgery("HS256 keyed with the PEM of our public key", .wrongAlgorithm) { mint in
        try confused(mint) { Array($0.ed25519PEM.utf8) }
      },
      Forgery("HS256 keyed with the bytes of our public key", .wrongAlgorithm) { mint in
        try confused(mint) { $0.ed25519PublicKey }
      },
      Forgery("HS256 keyed with our public key as the JWKS has it", .wrongAlgorithm) { mint in
        try confused(mint) { Array(Base64.url.encode($0.ed25519PublicKey).utf8) }
      },
      Forgery("EdDSA with the id of the HS256 key", .wrongAlgorithm) {
        try Mint.sign(
          Array($0.header(["alg": #""EdDSA""#]).utf8), Array($0.payload().utf8), $0.keys[1].material)
      },
      Forgery("HS256 named, Ed25519 signed, with the id of the HS256 key", .badSignature) {
        try Mint.sign(Array($0.header().utf8), Array($0.payload().utf8), $0.keys[1].material)
      },
      Forgery("EdDSA named, HMAC signed, with the id of the Ed25519 key", .badSignature) {
        try Mint.sign(Array($0.header(key: 1).utf8), Array($0.payload().utf8), $0.keys[0].material)
      },
    ]

  private static func confused(_ mint: Mint, _ secret: (AsymmetricKey) -> [UInt8]) throws -> String {
    let pair = try AsymmetricKey(ed25519Seed: Base64.url.decode(mint.keys[1].secret)!)
    let header = mint.header(["alg": #""HS256""#], key: 1)
    return Mint.sign(Array(header.utf8), Array(mint.payload().utf8), .secret(secret(pair)))
  }

  static let keyIDs =
    Forgery.header(
      "kid",
      [
        nil, #""""#, #""../../../../dev/null""#, #""/dev/null""#, #""' UNION SELECT 'key' --""#, #""| sleep 9""#,
        #""http://169.254.169.254/""#, #""*""#, #""%""#, quoted(String(repeating: "k", count: 2000)),
      ], .unknownKey)
    + Forgery.header("kid", ["null", "0", "true", "[]", "{}", #""a\u0000""#], .malformed)
    + [
      Forgery("kid in another case", .unknownKey) {
        let id = String($0.keys[0].kid.map { $0.isLowercase ? Character($0.uppercased()) : Character($0.lowercased()) })
        return try $0.sign($0.header(["kid": quoted(id)]))
      },
      Forgery("kid with a blank behind it", .unknownKey) {
        try $0.sign($0.header(["kid": quoted($0.keys[0].kid + " ")]))
      },
      Forgery("kid of no key, signed with an empty one", .unknownKey) {
        Mint.sign(Array($0.header(["kid": #""/dev/null""#]).utf8), Array($0.payload().utf8), .secret([]))
      },
      Forgery("our kid, signed with an empty key", .badSignature) {
        Mint.sign(Array($0.header().utf8), Array($0.payload().utf8), .secret([]))
      },
      Forgery("our kid, signed with zeros", .badSignature) {
        Mint.sign(
          Array($0.header().utf8), Array($0.payload().utf8), .secret(Array(repeating: 0, count: 32)))
      },
      Forgery("another shop's key", .unknownKey) { _ in try Mint().sign() },
      Forgery("another shop's key under our id", .badSignature) {
        Mint.sign(Array($0.header().utf8), Array($0.payload().utf8), .secret(Random.bytes(32)))
      },
    ]

  static let foreignKeys =
    ["jwk", "jku", "x5u", "x5c", "x5t"].map { name in
      Forgery("an attacker's key in \(name)", .badSignature) { mint in
        let key = "c2VjcmV0"
        let value =
          switch name {
          case "jwk": #"{"kty":"oct","k":"\#(key)","alg":"HS256"}"#
          case "x5c": #"["\#(key)"]"#
          default: quoted("data:," + key)
          }
        return Mint.sign(
          Array(mint.header([name: value]).utf8), Array(mint.payload().utf8), .secret(Base64.url.decode(key)!))
      }
    }

  static let rules =
    Forgery.header("crit", [#"["exp"]"#, "[]", #""exp""#, "null", #"["b64"]"#, "{}"], .criticalHeader)
    + Forgery.header(
      "typ",
      [
        nil, #""JWT""#, #""jwt""#, #""AT+JWT""#, #""application/at+jwt""#, #""rt+jwt""#, #""logout+jwt""#, #""""#,
        #""at+jwt ""#, #""at jwt""#,
      ], .wrongType)
    + Forgery.header("typ", ["null", "1", #"["at+jwt"]"#], .malformed)

  @Test(arguments: algorithms + confusions + keyIDs + foreignKeys + rules)
  func `a forged header is refused for its reason`(forgery: Forgery) throws {
    let mint = try Mint()
    let text = try forgery.make(mint)
    #expect(throws: forgery.refusal) { try mint.tokens.verify(text, now: Mint.now) }
  }
}
