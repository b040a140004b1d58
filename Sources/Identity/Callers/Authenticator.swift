internal import FoundationEssentials
package import Postgres
package import Tokens

/// Finds out who is calling: first without the database, then with it. So a forged token costs no connection, and a
/// valid one costs no query.
package final class Authenticator {
  package private(set) var tokens: AccessTokens
  private let foreign: ForeignIssuers
  private let telegram: TelegramLogin?
  private let registrar: Registrar
  private let revocations = Revocations()
  private var refreshedAt = 0
  private var cache = CallerCache()

  private static let telegramMaxAgeSeconds = 86_400

  package init(tokens: AccessTokens, foreign: ForeignIssuers, telegram: TelegramLogin?, registrar: Registrar) {
    self.tokens = tokens
    self.foreign = foreign
    self.telegram = telegram
    self.registrar = registrar
  }

  /// The proof that a request carries by itself.
  package enum Proof {
    case own(Caller, Claims)
    case foreign(String)
    case telegram(TelegramUser)
  }

  package func examine(_ credentials: Credentials, now: Int) throws(CallerRefusal) -> Proof {
    guard let header = credentials.authorization else {
      if let user = credentials.trustedUser, !user.isEmpty { return .foreign(user) }
      throw .noToken
    }
    if let token = header.after(scheme: "bearer") { return try examine(bearer: token, now: now) }
    if credentials.mayBeBare { return try examine(bearer: header, now: now) }
    if let telegram, let data = header.after(scheme: "tma") {
      do {
        return .telegram(try telegram.verify(data, now: now, maxAgeSeconds: Self.telegramMaxAgeSeconds))
      } catch {
        throw .badTelegram(error)
      }
    }
    throw .badToken(.malformed)
  }

  private func examine(bearer text: String, now: Int) throws(CallerRefusal) -> Proof {
    do {
      let token = try CompactToken(text)
      if let user = try foreign.verify(token, now: now) { return .foreign(user) }
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

  /// The part that needs the database: whether the token was revoked, or which user a foreign name is.
  package func admit(_ proof: Proof, now: Int, on connection: borrowing Connection) throws -> Caller {
    switch proof {
    case .own(let caller, let claims):
      if now != refreshedAt { try catchUp(now: now, until: .now, on: connection) }
      // A revocation that this worker has not read yet counts too.
      let isRevoked =
        try revocations.covers(claims)
        || (now != refreshedAt && Revocations.cover(claims, on: connection))
      guard !isRevoked else { throw CallerRefusal.revoked }
      return caller
    case .foreign(let name):
      return try cache.caller("foreign " + name, now: now) { try known(name, on: connection) }
    case .telegram(let somebody):
      return try cache.caller("telegram \(somebody.id)", now: now) { try known(somebody, on: connection) }
    }
  }

  /// Reads new revocations and keys: at idle ticks, and one page of them at the first request of each second.
  package func catchUp(
    now: Int, until deadline: Deadline = .after(milliseconds: 5000), on connection: borrowing Connection
  ) throws {
    var isThrough = false
    repeat { isThrough = try revocations.readPage(now: now, on: connection) } while !isThrough && !deadline.hasPassed
    if isThrough { refreshedAt = now }
    // A file that cannot be read at this moment leaves the keys as they are.
    _ = try? tokens.reloadIfChanged()
  }

  /// How many revocations are in memory.
  package var knownRevocations: Int { revocations.count }

  /// Whether an idle worker should read on. The first request of a second does so anyway, but has less to read then.
  package func isBehind(now: Int) -> Bool { !(refreshedAt..<refreshedAt + 15).contains(now) }

  /// The user of an id of this shop or of a name. A new name gets a new account.
  private func known(_ name: String, on connection: borrowing Connection) throws -> User {
    let id = UUID(spelled: name)
    if let id {
      if let user = try User.living(id, on: connection) { return user }
    } else if let user = try User.named(name, on: connection) {
      return user
    }
    guard let username = try? Username(new: name) else { throw CallerRefusal.badToken(.badClaim("the user's name")) }
    if let user = try User.named(username.text, on: connection) { return user }
    var newcomer = Registrar.Newcomer(username: username)
    if let id { newcomer.id = id }
    do {
      return try registrar.admit(newcomer, on: connection)
    } catch PeopleRefusal.usernameTaken {
      // Concurrent first requests create one user. If there is none, the id is that of a deleted user.
      if let user = try User.named(newcomer.username, on: connection) { return user }
      guard let id else { throw PeopleRefusal.usernameTaken }
      guard let user = try User.living(id, on: connection) else { throw CallerRefusal.revoked }
      return user
    }
  }

  package func known(_ somebody: TelegramUser, on connection: borrowing Connection) throws -> User {
    if let user = try User.withTelegram(somebody.id, on: connection) { return user }
    // Another user may have their Telegram name here.
    for name in [somebody.username, "telegram:\(somebody.id)"] {
      guard let username = name.flatMap({ try? Username(new: $0) }) else { continue }
      var newcomer = Registrar.Newcomer(username: username)
      newcomer.telegramID = somebody.id
      newcomer.fullName = somebody.firstName.flatMap { try? FullName($0) }?.text
      do {
        return try registrar.admit(newcomer, on: connection)
      } catch PeopleRefusal.usernameTaken {
        if let user = try User.withTelegram(somebody.id, on: connection) { return user }
      }
    }
    throw PeopleRefusal.usernameTaken
  }
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

/// Callers whose proof gives their name, while only the database knows their role and state. They are kept for a second
/// at most, so that a deactivated user is out within two.
private struct CallerCache {
  private var known: [String: (caller: Caller, until: Int)] = [:]
  private static let most = 1000

  mutating func caller(_ name: String, now: Int, or find: () throws -> User) throws -> Caller {
    if let entry = known[name], now < entry.until { return entry.caller }
    let user = try find()
    guard user.isActive else { throw CallerRefusal.inactive }
    if known.count >= Self.most { known = [:] }
    let caller = Caller(id: user.id, username: user.username, role: user.role)
    known[name] = (caller, now + 1)
    return caller
  }
}
