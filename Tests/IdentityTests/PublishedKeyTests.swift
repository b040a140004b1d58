import FoundationEssentials
import Identity
import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct PublishedKeyTests {
  @Test func `a secret is not published`() throws {
    let keys = try Mint(.hs256).tokens.keys
    #expect(keys.jwks() == nil)
    #expect(keys.publicKeyPEM() == nil)
  }

  @Test func `a mixed file publishes its key pair alone`() throws {
    let mint = try Mint(.edDSA, .hs256)
    let text = String(decoding: try #require(mint.tokens.keys.jwks()), as: UTF8.self)
    #expect(text.contains(mint.keys[1].kid))
    #expect(!text.contains(mint.keys[0].kid))
    #expect(!text.contains("oct"))
    #expect(mint.tokens.keys.publicKeyPEM() == nil)
  }

  @Test func `neither form contains the private half`() throws {
    let mint = try Mint(.edDSA, .edDSA)
    let jwks = String(decoding: try #require(mint.tokens.keys.jwks()), as: UTF8.self)
    let pem = try #require(mint.tokens.keys.publicKeyPEM())
    for key in mint.keys {
      #expect(jwks.contains(key.kid))
      #expect(!jwks.contains(key.secret))
      #expect(!pem.contains(Data(Base64.url.decode(key.secret)!).base64EncodedString()))
    }
    #expect(!jwks.contains(#""d""#))
  }

  /// Verifies our tokens in another shop, which knows only the published keys.
  @Test(arguments: ["jwks", "pem"])
  func `others verify our tokens with the published keys`(form: String) throws {
    let mint = try Mint(.edDSA, .edDSA)
    let text =
      form == "pem"
      ? try #require(mint.tokens.keys.publicKeyPEM())
      : String(decoding: try #require(mint.tokens.keys.jwks()), as: UTF8.self)
    try mint.directory.write("public", text)
    try mint.directory.write(
      "issuers.json",
      """
      [{"issuer":"https://shop.example","audience":"tuckshop","algorithm":"EdDSA","key_file":"public",
        "user_claim":"username"}]
      """)
    let others = try ForeignIssuers(file: mint.directory / "issuers.json", own: "https://other.example")
    let user = try others.verify(CompactToken(mint.tokens.issue(Mint.claims)), now: Mint.now)
    #expect(user?.identity.names == ["Аня"])
  }
}
