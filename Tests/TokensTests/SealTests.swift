import Support
import Testing
import Tokens

/// Texts that the shop hands out and believes when they come back.
@Suite(.tiers(.unit, .security))
struct SealTests {
  private static let bytes: [UInt8] = Array(#"{"state":"s"}"#.utf8)

  @Test(arguments: [0, 1]) func `a sealed text says what was sealed, with the key that signs and the one before`(
    rotations: Int
  ) throws {
    let mint = try Mint(.hs256, .edDSA)
    let sealed = mint.tokens.seal(Self.bytes, for: "ticket")
    for _ in 0..<rotations { try TokenKeys.rotate(mint.keyFile, now: Mint.now) }
    #expect(try Mint.tokens(mint.keyFile).unseal(sealed, for: "ticket") == Self.bytes)
  }

  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA])
  func `a sealed text holds for its purpose and its shop alone`(algorithm: SignatureAlgorithm) throws {
    let mint = try Mint(algorithm)
    let sealed = mint.tokens.seal(Self.bytes, for: "ticket")
    #expect(mint.tokens.unseal(sealed, for: "ticket") == Self.bytes)
    #expect(mint.tokens.unseal(sealed, for: "ticke") == nil)
    #expect(try Mint(algorithm).tokens.unseal(sealed, for: "ticket") == nil)
    // The purpose and the bytes are told apart.
    #expect(mint.tokens.unseal(mint.tokens.seal([0x62], for: "a"), for: "ab") == nil)
  }

  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA])
  func `a changed text is refused`(algorithm: SignatureAlgorithm) throws {
    let tokens = try Mint(algorithm).tokens
    let parts = tokens.seal(Self.bytes, for: "ticket").parts
    let other = Base64.url.encode(Array(#"{"state":"t"}"#.utf8))
    for changed in [
      [parts[0], other, parts[2]], [parts[0], parts[1], String(parts[2].dropLast())], [parts[0], parts[1], ""],
      ["x", parts[1], parts[2]], [parts[0], parts[1]], parts + [""], [""], [parts[0], parts[1] + "=", parts[2]],
    ] {
      #expect(tokens.unseal(changed.joined(separator: "."), for: "ticket") == nil)
    }
  }

  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA])
  func `no token is a sealed text, and no sealed text is a token`(algorithm: SignatureAlgorithm) throws {
    let mint = try Mint(algorithm)
    let token = mint.tokens.issue(Mint.claims)
    #expect(mint.tokens.unseal(token, for: "ticket") == nil)
    let parts = token.parts
    // The token's signature under the key's name, over any bytes that somebody may choose.
    for purpose in ["", "ticket", parts[0]] {
      let forged = [mint.keys[0].kid, parts[1], parts[2]].joined(separator: ".")
      #expect(mint.tokens.unseal(forged, for: purpose) == nil)
    }
    let sealed = mint.tokens.seal(Array(mint.payload().utf8), for: "ticket")
    #expect(throws: TokenRefusal.self) { try mint.tokens.verify(sealed, now: Mint.now) }
    let dressed = [Base64.url.encode(Array(mint.header().utf8)), sealed.parts[1], sealed.parts[2]].joined(
      separator: ".")
    #expect(throws: TokenRefusal.badSignature) { try mint.tokens.verify(dressed, now: Mint.now) }
  }
}
