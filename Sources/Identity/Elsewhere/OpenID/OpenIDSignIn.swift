package import FoundationEssentials
internal import Notation
package import Outbound
package import Postgres
package import Tokens

/// Sign-in through the provider: authorization code with PKCE (RFC 9700), one object per worker.
package final class OpenIDSignIn {
  package let settings: OpenIDSettings
  private let provider: OpenIDProvider

  /// For how long things are remembered.
  package struct Ages: Sendable {
    package var metadataMilliseconds = 3_600_000
    /// How long an unknown key leads to no second look.
    package var keysMilliseconds = 10_000
    /// How long a provider that failed is left alone.
    package var pauseMilliseconds = 5000
    package init() {}
  }

  /// All calls of one request together; the page has to be there within three seconds.
  private static let callMilliseconds = 2500

  package init(
    _ settings: OpenIDSettings, client: OutboundClient = OutboundClient(), ages: Ages = Ages()
  ) {
    self.settings = settings
    provider = OpenIDProvider(issuer: settings.issuer, client: client, ages: ages)
  }

  /// Limits the workers of a pool that wait for the provider.
  package func share(_ places: Places) { provider.places = places }

  /// The address at the provider to which the browser goes, and the cookie's value that it takes along.
  package func begin(
    returnPath: String?, for user: UUID? = nil, _ authenticator: Authenticator, now: Int
  ) throws -> (address: String, ticket: String) {
    let place = try provider.isKnown ? nil : provider.place()
    defer { withExtendedLifetime(place) {} }
    let endpoint = try provider.announced(until: .after(milliseconds: Self.callMilliseconds)).authorizationEndpoint.text
    let ticket = OpenIDTicket(returnPath: returnPath, user: user, now: now)
    let query = Percent.encoded([
      ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", settings.redirectURI),
      ("scope", settings.scopes), ("state", ticket.state), ("nonce", ticket.nonce),
      ("code_challenge", ticket.challenge), ("code_challenge_method", "S256"),
    ])
    let separator = endpoint.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
    return (endpoint + separator + query, authenticator.tokens.seal(ticket.bytes, for: OpenIDSettings.ticketPurpose))
  }

  /// The provider's answer as the browser brings it. A value that came twice is there twice.
  package struct Callback: Sendable {
    package var ticket: String?
    package var states: [String]
    package var issuers: [String]
    package var errors: [String]
    package var codes: [String]

    package init(ticket: String?, states: [String], issuers: [String], errors: [String], codes: [String]) {
      self.ticket = ticket
      self.states = states
      self.issuers = issuers
      self.errors = errors
      self.codes = codes
    }
  }

  /// The person whom the provider has signed in. The state is spent when this answer is known to belong to this browser,
  /// and before the provider hears of it.
  package func redeem(
    _ callback: Callback, _ authenticator: Authenticator, now: Int, on connection: borrowing Connection
  ) throws -> (profile: OpenIDProfile, ticket: OpenIDTicket) {
    let ticket = try ticket(of: callback, authenticator, now: now)
    let deadline = Deadline.after(milliseconds: Self.callMilliseconds)
    // With a place taken before the state is spent, a browser that found the shop busy may come again.
    let place = try provider.place()
    defer { withExtendedLifetime(place) {} }
    let metadata = try provider.announced(until: deadline)
    let code = try code(of: callback, metadata)
    try ticket.spend(on: connection)
    let answer = try trade(code, ticket, metadata, until: deadline)
    let idToken = try IDToken(answer.idToken, settings, nonce: ticket.nonce, now: now) { id, algorithm in
      try provider.key(id, for: algorithm, until: deadline)
    }
    let profile = try profile(of: idToken, answer.accessToken, metadata, until: deadline)
    if let group = settings.allowedGroup, !profile.isIn(group) { throw OpenIDRefusal.notInGroup }
    return (profile, ticket)
  }

  private func ticket(of callback: Callback, _ authenticator: Authenticator, now: Int) throws -> OpenIDTicket {
    guard let cookie = callback.ticket else { throw OpenIDRefusal.noTicket }
    guard let bytes = authenticator.unsealed(cookie, for: OpenIDSettings.ticketPurpose),
      let ticket = OpenIDTicket(bytes)
    else {
      throw OpenIDRefusal.forgedTicket
    }
    guard ticket.isFresh(now: now) else { throw OpenIDRefusal.expiredTicket }
    guard callback.states.count == 1, Digest.areEqual(Array(callback.states[0].utf8), Array(ticket.state.utf8)) else {
      throw OpenIDRefusal.otherState
    }
    return ticket
  }

  /// RFC 9207 protects from a mix-up with another provider: the issuer comes before anything else that was answered.
  private func code(of callback: Callback, _ metadata: OpenIDProvider.Metadata) throws -> String {
    let isNamed = callback.issuers.count == 1 && callback.issuers[0].hasSameBytes(as: settings.issuer.text)
    guard isNamed || callback.issuers.isEmpty && !metadata.namesItselfInCallbacks else {
      throw OpenIDRefusal.otherIssuer
    }
    if let error = callback.errors.first { throw OpenIDRefusal.declined(error) }
    guard callback.codes.count == 1, !callback.codes[0].isEmpty else { throw OpenIDRefusal.noCode }
    return callback.codes[0]
  }

  private func trade(
    _ code: String, _ ticket: OpenIDTicket, _ metadata: OpenIDProvider.Metadata, until deadline: Deadline
  ) throws -> (idToken: String, accessToken: String?) {
    var fields = [
      (name: "grant_type", value: "authorization_code"), ("code", code), ("redirect_uri", settings.redirectURI),
      ("code_verifier", ticket.verifier),
    ]
    var request = OutboundRequest(metadata.tokenEndpoint, milliseconds: 0)
    request.headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    if let secret = settings.clientSecret, metadata.tokenMethods.contains("client_secret_basic") {
      // RFC 6749, section 2.3.1: both are encoded as in a form first.
      let pair = Percent.encoded(settings.clientID) + ":" + Percent.encoded(secret)
      request.headers.append(("Authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
    } else {
      fields.append(("client_id", settings.clientID))
      if let secret = settings.clientSecret {
        guard metadata.tokenMethods.contains("client_secret_post") else {
          throw OpenIDRefusal.badProvider("it takes a secret neither by client_secret_basic nor by client_secret_post")
        }
        fields.append(("client_secret", secret))
      }
    }
    request.body = Array(Percent.encoded(fields).utf8)
    let response = try provider.send(request, until: deadline)
    let answer = JSONObject(response.body)
    guard response.status == 200 else {
      if answer?.text("error") == "invalid_grant" { throw OpenIDRefusal.codeRefused }
      throw OpenIDRefusal.badProvider(
        "its token endpoint answered \(response.status) \(answer?.text("error") ?? "without an error code")")
    }
    guard let idToken = answer?.text("id_token") else {
      throw OpenIDRefusal.badProvider("its token endpoint gave no ID token")
    }
    return (idToken, answer?.text("access_token"))
  }

  private func profile(
    of token: IDToken, _ accessToken: String?, _ metadata: OpenIDProvider.Metadata, until deadline: Deadline
  ) throws -> OpenIDProfile {
    var profile = OpenIDProfile(subject: token.subject)
    profile.add(token.payload, groupsClaim: settings.groupsClaim)
    let isComplete =
      profile.username != nil && profile.name != nil && profile.email != nil
      && (profile.groups != nil || !settings.asksForGroups)
    guard !isComplete, let endpoint = metadata.userinfoEndpoint, let accessToken else { return profile }
    guard accessToken.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw OpenIDRefusal.badProvider("its access token cannot be sent in a header")
    }
    let more = try provider.document(at: endpoint, "userinfo", bearer: accessToken, until: deadline)
    guard more.text("sub").map({ $0.hasSameBytes(as: token.subject) }) == true else {
      throw OpenIDRefusal.badIDToken("userinfo is about another subject")
    }
    profile.add(more, groupsClaim: settings.groupsClaim)
    return profile
  }
}
