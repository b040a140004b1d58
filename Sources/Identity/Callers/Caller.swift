package import FoundationEssentials
package import Tokens

/// The user behind a request, as proved.
package struct Caller: Sendable, Equatable {
  package let id: UUID
  package let username: String
  package let role: Role
  /// The session that a logout ends; nil if the proof is not from this shop.
  package var session: UUID?
  package var tokenID: UUID?
  /// When that token expires, in seconds since 1970.
  package var expiresAt: Int?
  /// Whether another issuer made the token.
  var isForeign = false

  package init(
    id: UUID, username: String, role: Role, session: UUID? = nil, tokenID: UUID? = nil, expiresAt: Int? = nil
  ) {
    self.id = id
    self.username = username
    self.role = role
    self.session = session
    self.tokenID = tokenID
    self.expiresAt = expiresAt
  }
}

/// The reason why a caller is refused.
package enum CallerRefusal: Error, Sendable, Equatable {
  case noToken
  case badToken(TokenRefusal)
  case badTelegram(TelegramRefusal)
  case revoked
  case inactive
  /// Signed in, but without the role for this.
  case forbidden
  /// The page of another site sent the request.
  case otherSite
}

/// The parts of a request that say who sent it.
package struct Credentials: Sendable {
  package var authorization: String?
  /// The user that nginx named in the trusted header.
  package var trustedUser: String?
  /// Whether the token may come without its scheme.
  package var mayBeBare: Bool

  package init(authorization: String?, trustedUser: String? = nil, mayBeBare: Bool = false) {
    self.authorization = authorization
    self.trustedUser = trustedUser
    self.mayBeBare = mayBeBare
  }
}
