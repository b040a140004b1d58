package import FoundationEssentials
package import Tokens

/// Who is asking, as far as it is proved.
package struct Caller: Sendable, Equatable {
  package let id: UUID
  package let username: String
  package let role: Role
  /// What a logout ends; nil for those whose proof is not ours to end.
  package var session: UUID?
  package var tokenID: UUID?
  /// When that token expires, in seconds since 1970.
  package var expiresAt: Int?

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

  init(_ user: User) {
    self.init(id: user.id, username: user.username, role: user.role)
  }
}

/// Why a caller is not let in.
package enum CallerRefusal: Error, Sendable, Equatable {
  case noToken
  case badToken(TokenRefusal)
  case badTelegram(TelegramRefusal)
  case revoked
  case inactive
  /// Signed in, but this is for others.
  case forbidden
}

/// What a request brings along to say who sent it.
package struct Credentials: Sendable {
  package var authorization: String?
  /// What nginx put into the trusted header.
  package var trustedUser: String?
  /// Whether the token may stand there without its scheme.
  package var mayBeBare: Bool

  package init(authorization: String?, trustedUser: String? = nil, mayBeBare: Bool = false) {
    self.authorization = authorization
    self.trustedUser = trustedUser
    self.mayBeBare = mayBeBare
  }
}
