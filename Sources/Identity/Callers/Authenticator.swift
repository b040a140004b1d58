package import FoundationEssentials
package import Postgres
package import Tokens

/// Finds out who is calling: first without the database, then with it. So a forged token costs no connection, and a
/// valid one costs no query.
package final class Authenticator {
  package private(set) var tokens: AccessTokens
  package var joining = JoiningRules()
  /// Told of users with a new generation before the first caller of a new second is admitted: their names or rights may
  /// have changed.
  package var onNewGeneration: (_ users: [UUID]) -> Void = { _ in }
  private let foreign: ForeignIssuers
  private let telegram: TelegramLogin?
  private let revocations = Revocations()
  private var refreshedAt = 0
  private var cache = CallerCache()

  private static let telegramMaxAgeSeconds = 86_400

  package init(tokens: AccessTokens, foreign: ForeignIssuers, telegram: TelegramLogin?) {
    self.tokens = tokens
    self.foreign = foreign
    self.telegram = telegram
  }

  /// The proof that a request carries by itself.
  package enum Proof {
    case own(Caller, Claims)
    case foreign(ForeignToken)
    case trustedHeader(ForeignIdentity)
  }

  package func examine(_ credentials: Credentials, now: Int) throws(CallerRefusal) -> Proof {
    guard let header = credentials.authorization else {
      guard let user = credentials.trustedUser, !user.isEmpty else { throw .noToken }
      guard let identity = ForeignIdentity(inTrustedHeader: user) else { throw .badToken(.badClaim("the user's name")) }
      return .trustedHeader(identity)
    }
    if let token = header.after(scheme: "bearer") { return try examine(bearer: token, now: now) }
    if credentials.mayBeBare { return try examine(bearer: header, now: now) }
    if let telegram, let data = header.after(scheme: "tma") {
      do {
        return .foreign(try telegram.verify(data, now: now, maxAgeSeconds: Self.telegramMaxAgeSeconds))
      } catch {
        throw .badTelegram(error)
      }
    }
    throw .badToken(.malformed)
  }

  private func examine(bearer text: String, now: Int) throws(CallerRefusal) -> Proof {
    do {
      let token = try CompactToken(text)
      if let foreign = try foreign.verify(token, now: now) { return .foreign(foreign) }
      let claims = try verifyOwn(token, now: now)
      guard let id = UUID(spelled: claims.subject), let role = claims.role.flatMap(Role.init(rawValue:)),
        let username = claims.username
      else { throw TokenRefusal.badClaim("sub") }
      let caller = Caller(
        id: id, username: username, role: role, session: claims.session.flatMap(UUID.init(spelled:)),
        tokenID: UUID(spelled: claims.tokenID), expiresAt: claims.expiresAt)
      return .own(caller, claims)
    } catch let refusal as TokenRefusal {
      throw .badToken(refusal)
    } catch {
      throw .badToken(.malformed)
    }
  }

  /// Another worker may have seen a rotation first and signed with the new key.
  private func verifyOwn(_ token: CompactToken, now: Int) throws(TokenRefusal) -> Claims {
    do {
      return try tokens.verify(token, now: now)
    } catch .unknownKey {
      guard (try? tokens.reloadIfChanged()) == true else { throw .unknownKey }
      return try tokens.verify(token, now: now)
    }
  }

  /// The bytes that this shop has sealed for the purpose, perhaps in another worker with a key that is new here.
  func unsealed(_ text: String, for purpose: String) -> [UInt8]? {
    if let bytes = tokens.unseal(text, for: purpose) { return bytes }
    guard (try? tokens.reloadIfChanged()) == true else { return nil }
    return tokens.unseal(text, for: purpose)
  }

  /// The part that needs the database: whether the token was revoked, and which user a foreign identity is.
  package func admit(_ proof: Proof, now: Int, on connection: borrowing Connection) throws -> Caller {
    if now != refreshedAt { try catchUp(now: now, until: .now, on: connection) }
    switch proof {
    case .own(let caller, let claims):
      // A revocation that this worker has not read yet counts too.
      let isRevoked =
        try revocations.covers(claims)
        || (now != refreshedAt && Revocations.cover(claims, on: connection))
      guard !isRevoked else { throw CallerRefusal.revoked }
      return caller
    case .foreign(let token):
      let isRevoked =
        try revocations.covers(token.id)
        || (now != refreshedAt && Revocations.cover(token.id, on: connection))
      guard !isRevoked else { throw CallerRefusal.revoked }
      var caller = try cache.caller(token.identity, joining, now: now, on: connection)
      (caller.tokenID, caller.expiresAt, caller.isForeign) = (token.id, token.expiresAt, true)
      return caller
    case .trustedHeader(let identity):
      return try cache.caller(identity, joining, now: now, on: connection)
    }
  }

  /// The identity behind a foreign proof that has not been revoked.
  package func prove(
    _ authorization: String, now: Int, on connection: borrowing Connection
  ) throws -> ForeignIdentity {
    guard case .foreign(let token) = try examine(Credentials(authorization: authorization), now: now) else {
      throw CallerRefusal.badToken(.wrongIssuer)
    }
    guard try !Revocations.cover(token.id, on: connection) else { throw CallerRefusal.revoked }
    return token.identity
  }

  /// Reads new revocations and keys: at idle ticks, and one page of them at the first request of each second.
  package func catchUp(
    now: Int, until deadline: Deadline = .after(milliseconds: 5000), on connection: borrowing Connection
  ) throws {
    var isThrough = false
    repeat {
      isThrough = try revocations.readPage(now: now, on: connection, renewed: onNewGeneration)
    } while !isThrough && !deadline.hasPassed
    if isThrough { refreshedAt = now }
    // A file that cannot be read at this moment leaves the keys as they are.
    _ = try? tokens.reloadIfChanged()
  }

  /// How many revocations are in memory.
  package var knownRevocations: Int { revocations.count }

  /// Whether an idle worker should read on. The first request of a second does so anyway, but has less to read then.
  package func isBehind(now: Int) -> Bool { !(refreshedAt..<refreshedAt + 15).contains(now) }
}

extension String {
  /// The text behind the scheme, which is case-insensitive (RFC 9110, section 11.1).
  fileprivate func after(scheme: String) -> String? {
    let parts = utf8.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == scheme.utf8.count,
      zip(parts[0], scheme.utf8).allSatisfy({ $0 | 0x20 == $1 })
    else { return nil }
    return String(Substring(parts[1].drop { $0 == UInt8(ascii: " ") }))
  }
}

/// Callers from elsewhere, whose role and state only the database knows. They are kept for a second at most, so that a
/// deactivated user is out within two.
private struct CallerCache {
  /// By bytes: different texts may be equal as `String`.
  private var known: [[UInt8]: (caller: Caller, until: Int)] = [:]
  private static let most = 1000

  mutating func caller(
    _ identity: ForeignIdentity, _ rules: JoiningRules, now: Int, on connection: borrowing Connection
  ) throws -> Caller {
    let key = Array("\(identity.issuer)\0\(identity.subject)".utf8)
    if let entry = known[key], now < entry.until { return entry.caller }
    let user = try identity.userOrNewcomer(rules, on: connection)
    guard user.isActive else { throw CallerRefusal.inactive }
    if known.count >= Self.most { known = [:] }
    let caller = Caller(id: user.id, username: user.username, role: user.role)
    known[key] = (caller, now + 1)
    return caller
  }
}
