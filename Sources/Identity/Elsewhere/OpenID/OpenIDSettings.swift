package import Outbound

/// The one provider by which people sign in with OpenID Connect, as its operator and ours have agreed.
package struct OpenIDSettings: Sendable {
  package let issuer: WebAddress
  package let clientID: String
  /// Nil for a public client, whom PKCE alone protects.
  package let clientSecret: String?
  /// The address of this shop in people's browsers, without a slash at its end.
  package let publicURL: String
  package var scopes = "openid profile email"
  /// The words on the button.
  package var name = "Single sign-on"
  /// Only members of this group may sign in; nil: everybody whom the provider knows.
  package var allowedGroup: String?
  /// Members of this group are admins, and no others; nil: groups change no roles.
  package var adminGroup: String?
  /// The name of a claim, or the path to it (`realm_access.roles`).
  package var groupsClaim = "groups"

  package static let path = "/api/v1/auth/oidc"
  static let ticketPurpose = "oidc-ticket"

  package init(issuer: WebAddress, clientID: String, clientSecret: String? = nil, publicURL: String) {
    self.issuer = issuer
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.publicURL = publicURL
  }

  /// The provider knows this address and compares it byte by byte.
  package var redirectURI: String { publicURL + Self.path + "/callback" }

  package var isSecure: Bool { publicURL.hasPrefix("https://") }

  /// A browser accepts the prefix only over https, so no other host of the domain can plant such a cookie.
  package var cookieName: String { isSecure ? "__Secure-tuckshop-oidc" : "tuckshop-oidc" }

  var asksForGroups: Bool { allowedGroup != nil || adminGroup != nil }
}

/// The reason why a sign-in through the provider ends without a session. The texts are for the log.
package enum OpenIDRefusal: Error, Sendable, Equatable {
  /// The browser has no ticket: another one started, or it keeps no cookies.
  case noTicket
  case forgedTicket
  case expiredTicket
  case otherState
  case otherIssuer
  /// The provider itself said no, for example because the user cancelled.
  case declined(String)
  case noCode
  /// The same answer of the provider came before.
  case alreadyUsed
  /// The provider does not take the code, or not any more.
  case codeRefused
  case notInGroup
  /// As many workers as may wait for the provider are waiting.
  case busy
  case unreachable(String)
  /// The provider answers, but not as the protocol or our settings want it.
  case badProvider(String)
  case badIDToken(String)
}
