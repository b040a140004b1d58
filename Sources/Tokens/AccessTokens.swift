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
      subject: registered.subject, tokenID: registered.tokenID, issuedAt: registered.issuedAt,
      expiresAt: registered.expiresAt, username: payload.text("username"), role: payload.text("role"),
      session: payload.text("sid"), generation: payload.integer("gen") ?? 0)
  }

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
