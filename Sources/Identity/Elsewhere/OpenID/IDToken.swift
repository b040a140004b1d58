internal import Notation
internal import Outbound
internal import Tokens

/// An ID token: read strictly, and believed only after its signature and claims have been checked (OpenID Connect Core
/// 1.0, section 3.1.3.7).
struct IDToken {
  let subject: String
  let payload: JSONObject

  private static let mostBytes = 16_384

  init(
    _ text: String, _ settings: OpenIDSettings, nonce: String, now: Int,
    key: (_ id: String?, _ algorithm: SignatureAlgorithm) throws -> AsymmetricKey
  ) throws {
    do {
      let token = try CompactToken(text, mostBytes: Self.mostBytes)
      let header = try token.header()
      // An access token or a logout token of the same provider is no proof of a sign-in.
      guard header.type.map({ $0.lowercased() == "jwt" }) ?? true else { throw TokenRefusal.wrongType }
      guard let algorithm = SignatureAlgorithm(spelled: header.algorithm), algorithm != .hs256 else {
        throw TokenRefusal.wrongAlgorithm
      }
      guard token.isSigned(by: .pair(try key(header.keyID, algorithm))) else { throw TokenRefusal.badSignature }
      payload = try token.payload()
      let claims = try RegisteredClaims(payload, issuer: settings.issuer.text, audience: settings.clientID, now: now)
      guard claims.subject.utf8.count <= ForeignIdentity.mostBytes else { throw TokenRefusal.badClaim("sub") }
      subject = claims.subject
      try checkParty(claims.audiences, settings.clientID)
      guard let named = payload.text("nonce"), Digest.areEqual(Array(named.utf8), Array(nonce.utf8)) else {
        throw TokenRefusal.badClaim("nonce")
      }
    } catch let refusal as TokenRefusal {
      throw OpenIDRefusal.badIDToken("\(refusal)")
    }
  }

  /// A token for several clients says who asked for it.
  private func checkParty(_ audiences: [String], _ clientID: String) throws(TokenRefusal) {
    guard payload["azp"] != nil || audiences.count > 1 else { return }
    guard let party = payload.text("azp"), party.hasSameBytes(as: clientID) else { throw .badClaim("azp") }
  }
}
