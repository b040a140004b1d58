import Support
import Testing
import Tokens

/// Tokens that are signed by the right key but have wrong claims.
@Suite(.tiers(.unit, .security))
struct ForgedClaimTests {
  static let issuers =
    Forgery.claim(
      "iss",
      [
        #""""#, #""https://shop.example/""#, #""https://SHOP.example""#, #""https://shop.example.evil""#, #""shop""#,
        #""https://shop.example\u0301""#,
      ], .wrongIssuer)
    + Forgery.claim("iss", [nil, "null", "1", #"["https://shop.example"]"#, "{}"], .badClaim("iss"))

  static let audiences =
    Forgery.claim(
      "aud", [#""""#, #""Tuckshop""#, #""tuckshop2""#, #""tuck""#, "[]", #"["other"]"#, #"["tuckshop,other"]"#],
      .wrongAudience)
    + Forgery.claim(
      "aud", [nil, "null", "1", "true", "{}", #"{"tuckshop":1}"#, #"["tuckshop",1]"#, #"[["tuckshop"]]"#],
      .badClaim("aud"))

  static let names =
    Forgery.claim("sub", [nil, "null", #""""#, "17", "true", #"["17"]"#, "{}"], .badClaim("sub"))
    + Forgery.claim("jti", [nil, "null", #""""#, "1", "false", #"["t-1"]"#], .badClaim("jti"))

  static let absurdTimes: [String?] = [
    "null", "true", #""1700000900""#, #""""#, "[]", "[1700000900]", "{}", "-1", "-1700000900", "1e400", "-1e400",
    "1.7e9", "1700000900.0", "1700000900.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551616", "253402300800", String(repeating: "9", count: 500), "-0.0",
  ]

  static let times =
    Forgery.claim("exp", absurdTimes + [nil], .badClaim("exp"))
    + Forgery.claim("iat", absurdTimes + [nil], .badClaim("iat"))
    + Forgery.claim("nbf", absurdTimes, .badClaim("nbf"))
    + Forgery.claim("exp", ["0", "1", "1600000000", "1699999940"], .expired)
    + Forgery.claim("nbf", ["1700000061", "1800000000", "253402300799"], .notYetValid)
    + Forgery.claim("iat", ["1700000061", "1800000000", "253402300799"], .notYetValid)

  @Test(arguments: issuers + audiences + names + times)
  func `a wrong claim is refused for its reason`(forgery: Forgery) throws {
    let mint = try Mint()
    let text = try forgery.make(mint)
    #expect(throws: forgery.refusal) { try mint.tokens.verify(text, now: Mint.now) }
  }

  @Test(arguments: [
    #"{"alg":"HS256","alg":"none"}"#, #"{"alg":"none","alg":"HS256"}"#, #"{"alg":"HS256","\u0061lg":"HS256"}"#,
  ])
  func `a repeated member of a header is refused`(header: String) throws {
    let mint = try Mint()
    let members = header.dropLast() + #","kid":"\#(mint.keys[0].kid)","typ":"at+jwt"}"#
    #expect(throws: TokenRefusal.malformed) { try mint.tokens.verify(mint.sign(String(members)), now: Mint.now) }
  }

  @Test(arguments: [
    #""exp":1"#, #""exp":1700000900"#, #""\u0065xp":1900000000"#, #""x":{"a":1,"a":2}"#, #""x":[{"a":1,"b":1,"a":1}]"#,
    #""sub":"1""#, #""s\u0075b":"1""#, #""x":1,"x":1"#, #""é":1,"\u00e9":1"#,
  ])
  func `a repeated member of a payload is refused`(member: String) throws {
    let mint = try Mint()
    let payload = mint.payload().dropLast() + "," + member + "}"
    #expect(throws: TokenRefusal.malformed) {
      try mint.tokens.verify(mint.sign(nil, String(payload)), now: Mint.now)
    }
  }
}
