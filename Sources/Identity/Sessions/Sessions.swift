internal import FoundationEssentials
package import Postgres

/// What a login hands out, and what keeps it alive.
package struct Sessions: Sendable {
  package struct Lifetimes: Sendable {
    package var accessSeconds = 900
    package var merchSeconds = 43_200
    package var refreshSeconds = 604_800
    package init() {}
  }

  package struct Pair: Sendable, Equatable {
    package let accessToken: String
    package let refreshToken: String
    package let expiresIn: Int
  }

  private let tokens: Tokens
  private let lifetimes: Lifetimes
  /// For how long a client whose answer was lost may ask the same once more.
  private static let graceSeconds = 10

  package init(tokens: Tokens, lifetimes: Lifetimes) {
    self.tokens = tokens
    self.lifetimes = lifetimes
  }

  /// An access token alone, which nothing renews: for merch and for machines.
  package func token(for user: User, role: Role? = nil, now: Int) -> String {
    let id = UUID.timeOrdered().text
    return access(user, role: role, tokenID: id, session: nil, issuedAt: now, seconds: lifetimes.merchSeconds)
  }

  /// Hashing takes its time. Whose tokens were ended meanwhile, by a new password perhaps, gets no session out of the
  /// old one; the lock makes a change that is under way end this session too, or be seen here.
  package func start(_ user: User, now: Int, on connection: borrowing Connection) throws -> Pair {
    let session = UUID.timeOrdered()
    let refresh = OpaqueToken()
    let started = try connection.run(
      """
      WITH session AS (
        INSERT INTO sessions (id, user_id, expires_at)
        SELECT \(session), id, clock_timestamp() + make_interval(secs => \(lifetimes.refreshSeconds))
        FROM users WHERE id = \(user.id) AND generation = \(user.generation) FOR SHARE
        RETURNING id
      )
      INSERT INTO refresh_tokens (digest, session_id) SELECT \(refresh.digest), id FROM session
      """)
    guard started == 1 else { throw PeopleRefusal.wrongCredentials }
    return pair(user, session, refresh, accessID: UUID.timeOrdered(), issuedAt: now)
  }

  /// Exchanges a refresh token for a new pair. One that was used already ends its whole session, unless it comes
  /// again within the grace and nobody has used its successor: then the answer is the same as the first time.
  package func refresh(_ text: String, on connection: borrowing Connection) throws -> Pair {
    guard let token = OpaqueToken(text) else { throw PeopleRefusal.refreshRefused }
    let pair = try connection.transaction { connection -> Pair? in
      guard let found = try Exchange.begin(token, Self.graceSeconds, on: connection) else { return nil }
      guard let user = found.user else {
        try Revocations.end(found.session, on: connection)
        return nil
      }
      switch found.state {
      case .fresh:
        let nonce = Random.bytes(32)
        let accessID = UUID.timeOrdered()
        let successor = token.successor(nonce)
        let issuedAt = try found.complete(
          token, successor, nonce, accessID, seconds: lifetimes.refreshSeconds, on: connection)
        return self.pair(user, found.session, successor, accessID: accessID, issuedAt: issuedAt)
      case .repeated(let nonce, let accessID, let usedAt):
        return self.pair(user, found.session, token.successor(nonce), accessID: accessID, issuedAt: usedAt)
      case .reused:
        try Revocations.end(found.session, on: connection)
        return nil
      }
    }
    guard let pair else { throw PeopleRefusal.refreshRefused }
    return pair
  }

  /// Ends the session the caller's token belongs to, or that token alone.
  package static func end(_ caller: Caller, on connection: borrowing Connection) throws {
    guard let id = caller.session ?? caller.tokenID else { return }
    try connection.transaction { try Revocations.end(id, on: $0) }
  }

  /// Forgets what has expired, a thousand of each at most: for a quiet moment, again and again.
  package static func prune(on connection: borrowing Connection) throws {
    try connection.run(
      """
      DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '1 day' LIMIT 1000)
      """)
    try connection.run(
      """
      DELETE FROM revocations WHERE id IN
        (SELECT id FROM revocations WHERE expires_at < clock_timestamp() - interval '1 minute' LIMIT 1000)
      """)
    try connection.run(
      """
      DELETE FROM login_failures WHERE subject IN
        (SELECT subject FROM login_failures WHERE failed_at < clock_timestamp() - interval '1 hour' LIMIT 1000)
      """)
    try KnownNetworks.prune(on: connection)
  }

  private func pair(
    _ user: User, _ session: UUID, _ refresh: OpaqueToken, accessID: UUID, issuedAt: Int
  ) -> Pair {
    let seconds = lifetimes.accessSeconds
    let token = access(
      user, role: nil, tokenID: accessID.text, session: session.text, issuedAt: issuedAt, seconds: seconds)
    return Pair(accessToken: token, refreshToken: refresh.text, expiresIn: seconds)
  }

  private func access(
    _ user: User, role: Role?, tokenID: String, session: String?, issuedAt: Int, seconds: Int
  ) -> String {
    tokens.issue(
      Claims(
        subject: user.id.text, tokenID: tokenID, issuedAt: issuedAt, expiresAt: issuedAt + seconds,
        username: user.username, role: (role ?? user.role).rawValue, session: session, generation: user.generation))
  }
}
