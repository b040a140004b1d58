internal import Notation
internal import Outbound
internal import Tokens

/// The provider's words about the person who has signed in.
package struct OpenIDProfile: Sendable, Equatable {
  package let subject: String
  package private(set) var username: String?
  package private(set) var name: String?
  package private(set) var email: String?
  /// Nil if the provider does not say.
  package private(set) var isEmailVerified: Bool?
  /// Nil if the provider says nothing about groups.
  package private(set) var groups: [String]?

  init(subject: String) { self.subject = subject }

  /// Adds the values that are still missing.
  mutating func add(_ claims: JSONObject, groupsClaim: String) {
    username = username ?? claims.filled("preferred_username")
    name = name ?? claims.filled("name")
    // The two belong together: a verification does not hold for another address.
    if email == nil, let address = claims.filled("email") {
      email = address
      switch claims["email_verified"] {
      case .bool(let flag): isEmailVerified = flag
      case .string(let word): isEmailVerified = word == "true"
      default: break
      }
    }
    groups = groups ?? Self.groups(claims, groupsClaim)
  }

  /// The name may itself contain dots, as URLs do; then it is no path.
  private static func groups(_ claims: JSONObject, _ claim: String) -> [String]? {
    if claims[claim] != nil { return claims.texts(claim) }
    var path = Percent.split(claim[...], at: ".").map(String.init)
    let last = path.removeLast()
    var object = claims
    for name in path {
      guard let inner = object[name].flatMap(JSONObject.init) else { return nil }
      object = inner
    }
    return object.texts(last)
  }

  package func isIn(_ group: String) -> Bool { groups?.contains { $0.hasSameBytes(as: group) } == true }

  /// The sign-in of this person. An address that the provider calls unverified may belong to somebody else.
  package func signIn(_ settings: OpenIDSettings) -> ProviderSignIn {
    let usableEmail = isEmailVerified == false ? nil : email
    // Not every provider has names for its people: Google has only addresses.
    let local = usableEmail.flatMap { $0.split(separator: "@").first }.map(String.init)
    let identity = ForeignIdentity(
      issuer: settings.issuer.text, subject: subject, names: [username, local, name, "user"].compactMap { $0 },
      fullName: name, email: usableEmail)
    return ProviderSignIn(
      identity, isEmailVerified: isEmailVerified == true, isAdmin: settings.adminGroup.map(isIn))
  }
}

extension JSONObject {
  fileprivate func filled(_ name: String) -> String? { text(name).flatMap { $0.isEmpty ? nil : $0 } }
}
