internal import Notation

/// The claims of this shop's access tokens. They are true once `AccessTokens.verify` has returned them.
package struct Claims: Sendable, Equatable {
  package var subject: String
  package var tokenID: String
  package var issuedAt: Int
  package var expiresAt: Int
  package var username: String?
  package var role: String?
  /// The session whose end ends this token too.
  package var session: String?
  /// The user's generation when the token was issued. A later generation ends the token.
  package var generation: Int

  package init(
    subject: String, tokenID: String, issuedAt: Int, expiresAt: Int, username: String? = nil, role: String? = nil,
    session: String? = nil, generation: Int = 0
  ) {
    self.subject = subject
    self.tokenID = tokenID
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
    self.username = username
    self.role = role
    self.session = session
    self.generation = generation
  }
}

/// The claims that a token of any kind must have (RFC 7519, section 4.1), checked against what this shop expects.
package struct RegisteredClaims {
  package let subject: String
  package let audiences: [String]
  package let issuedAt: Int
  package let expiresAt: Int

  /// The largest difference between two clocks.
  package static let leewaySeconds = 60
  /// The last second of the year 9999, where adding the leeway cannot overflow.
  package static let lastTime = 253_402_300_799

  package init(_ payload: JSONObject, issuer: String, audience: String, now: Int) throws(TokenRefusal) {
    guard let namedIssuer = payload.text("iss") else { throw .badClaim("iss") }
    guard let namedAudiences = payload.texts("aud") else { throw .badClaim("aud") }
    guard let subject = payload.text("sub"), !subject.isEmpty else { throw .badClaim("sub") }
    self.subject = subject
    audiences = namedAudiences
    issuedAt = try Self.time("iat", in: payload)
    expiresAt = try Self.time("exp", in: payload)
    let notBefore = payload["nbf"] == nil ? issuedAt : try Self.time("nbf", in: payload)
    // As bytes: issuers whose names only look the same are different.
    guard namedIssuer.hasSameBytes(as: issuer) else { throw .wrongIssuer }
    guard namedAudiences.contains(where: { $0.hasSameBytes(as: audience) }) else { throw .wrongAudience }
    guard now < expiresAt + Self.leewaySeconds else { throw .expired }
    guard max(notBefore, issuedAt) - Self.leewaySeconds <= now else { throw .notYetValid }
  }

  /// An access token can be revoked by its id; an ID token has none.
  package static func tokenID(in payload: JSONObject) throws(TokenRefusal) -> String {
    guard let tokenID = payload.text("jti"), !tokenID.isEmpty else { throw .badClaim("jti") }
    return tokenID
  }

  private static func time(_ name: String, in payload: JSONObject) throws(TokenRefusal) -> Int {
    guard let time = payload.integer(name), (0...lastTime).contains(time) else { throw .badClaim(name) }
    return time
  }
}
