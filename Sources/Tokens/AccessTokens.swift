// Knows keys, signatures, claims and password hashes: bytes in, values out.
// Refuses to know the database and its users.

internal import Notation

/// Issues this shop's access tokens, and accepts no others.
package struct AccessTokens: Sendable {
  private let issuer: String
  private let audience: String
  package private(set) var keys: TokenKeys

  package init(issuer: String, audience: String, keys: TokenKeys) {
    self.issuer = issuer
    self.audience = audience
    self.keys = keys
  }

  package func issue(_ claims: Claims) -> String {
    let key = keys.signing
    // The same claims are the same token, in every process.
    let payload = JSON.members([
      "aud": .string(audience), "exp": .integer(claims.expiresAt), "gen": .integer(claims.generation),
      "iat": .integer(claims.issuedAt), "iss": .string(issuer), "jti": .string(claims.tokenID),
      "role": claims.role.map(JSON.string), "sid": claims.session.map(JSON.string), "sub": .string(claims.subject),
      "username": claims.username.map(JSON.string),
    ])
    let text = CompactToken.text(header: key.header, payload: payload.bytes, signedBy: key.material)
    precondition(text.utf8.count <= CompactToken.largestByteCount, "no worker would read a token of this size")
    return text
  }

  package func verify(_ text: String, now: Int) throws(TokenRefusal) -> Claims {
    try verify(try CompactToken(text), now: now)
  }

  package func verify(_ token: CompactToken, now: Int) throws(TokenRefusal) -> Claims {
    let key = try key(of: token)
    guard token.isSigned(by: key.material) else { throw .badSignature }
    let payload = try token.payload()
    let registered = try RegisteredClaims(payload, issuer: issuer, audience: audience, now: now)
    return Claims(
      subject: registered.subject, tokenID: try RegisteredClaims.tokenID(in: payload), issuedAt: registered.issuedAt,
      expiresAt: registered.expiresAt, username: payload.text("username"), role: payload.text("role"),
      session: payload.text("sid"), generation: payload.integer("gen") ?? 0)
  }

  /// A text that only this shop can have made, and only for this purpose. Everybody can read what it says.
  package func seal(_ bytes: [UInt8], for purpose: String) -> String {
    let seal = keys.signing.material.sign(Self.sealed(bytes, purpose))
    return [keys.signing.id, Base64.url.encode(bytes), Base64.url.encode(seal)].joined(separator: ".")
  }

  package func unseal(_ text: String, for purpose: String) -> [UInt8]? {
    let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let key = keys[String(decoding: parts[0], as: UTF8.self)],
      let bytes = Base64.url.decode(parts[1]), let seal = Base64.url.decode(parts[2]),
      key.material.verifies(seal, of: Self.sealed(bytes, purpose))
    else { return nil }
    return bytes
  }

  /// A NUL stands in no token, so no token is taken for a sealed text, nor the reverse.
  private static func sealed(_ bytes: [UInt8], _ purpose: String) -> [UInt8] { Array(purpose.utf8) + [0] + bytes }

  private func key(of token: CompactToken) throws(TokenRefusal) -> TokenKey {
    if let key = keys.first(where: { token.hasHeader($0.header) }) { return key }
    // The same header may be written in another way.
    let header = try token.header()
    guard header.type == TokenKey.tokenType else { throw .wrongType }
    guard let id = header.keyID, let key = keys[id] else { throw .unknownKey }
    guard header.algorithm == key.algorithm.rawValue else { throw .wrongAlgorithm }
    return key
  }

  /// Reads a rotated key file; true if there was one. Call this at every idle tick, and before refusing a token for an
  /// unknown key: another worker may have seen the rotation first.
  package mutating func reloadIfChanged() throws(KeyError) -> Bool {
    guard let newer = try keys.reloadIfChanged() else { return false }
    keys = newer
    return true
  }
}
