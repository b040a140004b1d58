internal import FoundationEssentials
package import Postgres
package import Tokens

/// Sessions: the tokens of a login, their renewal and their end.
package struct Sessions: Sendable {
  package struct Lifetimes: Sendable {
    package var accessSeconds = 900
    package var merchSeconds = 43_200
    package var refreshSeconds = 604_800
    /// From the sign-in on, however often its tokens are exchanged.
    package var sessionSeconds = 2_592_000
    package init() {}
  }

  package struct Pair: Sendable, Equatable {
    package let accessToken: String
    package let refreshToken: String
    package let expiresIn: Int
  }

  /// The client that signs in, as the user's list of sessions shows it.
  package struct Client: Sendable {
    package let address: String
    package let userAgent: String?

    package init(address: String, userAgent: String?) {
      self.address = address
      self.userAgent = userAgent
    }
  }

  private let tokens: AccessTokens
  private let lifetimes: Lifetimes
  /// For so long a client that lost the answer may repeat the request.
  private static let graceSeconds = 10
  /// One more sign-in than this ends the oldest session of the user.
  package static let mostOfOneUser = 100

  package init(tokens: AccessTokens, lifetimes: Lifetimes) {
    self.tokens = tokens
    self.lifetimes = lifetimes
  }

  /// An access token without a refresh token: for merch and for machines.
  package func token(for user: User, role: Role? = nil, now: Int) -> String {
    let id = UUID.timeOrdered().text
    return access(user, role: role, tokenID: id, session: nil, issuedAt: now, seconds: lifetimes.merchSeconds)
  }

  /// Hashing takes time. If the user's tokens were ended meanwhile, by a new password perhaps, no session starts. The lock
  /// makes a concurrent change either end this session too or be seen here.
  package func start(
    _ user: User, from client: Client, now: Int, on connection: borrowing Connection
  ) throws -> Pair {
    let session = UUID.timeOrdered()
    let refresh = OpaqueToken()
    let started = try connection.run(
      """
      WITH session AS (
        INSERT INTO sessions (id, user_id, address, user_agent, expires_at, access_ends_at)
        SELECT \(session), id, \(client.address), \(client.userAgent?.prefix(mostBytes: 255)),
               clock_timestamp() + make_interval(secs => \(min(lifetimes.refreshSeconds, lifetimes.sessionSeconds))),
               to_timestamp(\(now + lifetimes.accessSeconds))
        FROM users WHERE id = \(user.id) AND generation = \(user.generation) FOR SHARE
        RETURNING id
      ), surplus AS (
        UPDATE sessions SET ended_at = clock_timestamp(),
          expires_at = least(expires_at, access_ends_at + make_interval(secs => \(Revocations.leewaySeconds)))
        WHERE id IN (
          SELECT id FROM sessions WHERE user_id = \(user.id) AND ended_at IS NULL
          ORDER BY id DESC OFFSET \(Self.mostOfOneUser - 1))
      )
      INSERT INTO refresh_tokens (digest, session_id) SELECT \(refresh.digest), id FROM session
      """)
    guard started == 1 else { throw PeopleRefusal.wrongCredentials }
    return pair(user, session, refresh, accessID: UUID.timeOrdered(), issuedAt: now)
  }

  /// Exchanges a refresh token for a new pair. A used token ends its whole session, unless it comes again within the grace
  /// period and its successor is unused: then the answer is the same as the first time.
  package func refresh(_ text: String, on connection: borrowing Connection) throws -> Pair {
    guard let token = OpaqueToken(text) else { throw PeopleRefusal.refreshRefused }
    let pair = try connection.transaction { connection -> Pair? in
      guard let found = try Exchange.begin(token, Self.graceSeconds, lifetimes, on: connection) else { return nil }
      guard let user = found.user else {
        try Revocations.end(session: found.session, on: connection)
        return nil
      }
      switch found.state {
      case .fresh:
        guard found.waitSeconds == 0 else {
          throw PeopleRefusal.tooManyFailures(retryAfterSeconds: found.waitSeconds)
        }
        let nonce = Random.bytes(32)
        let accessID = UUID.timeOrdered()
        let successor = token.successor(nonce)
        let issuedAt = try found.complete(
          token, successor, nonce, accessID, lifetimes, on: connection)
        return self.pair(user, found.session, successor, accessID: accessID, issuedAt: issuedAt)
      case .repeated(let nonce, let accessID, let usedAt):
        return self.pair(user, found.session, token.successor(nonce), accessID: accessID, issuedAt: usedAt)
      case .reused:
        try Revocations.end(session: found.session, on: connection)
        return nil
      }
    }
    guard let pair else { throw PeopleRefusal.refreshRefused }
    return pair
  }

  /// Ends the session of the caller's token, or a token without a session.
  package static func end(_ caller: Caller, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      if let session = caller.session {
        // If the row is gone, after a restored backup perhaps, tokens of any age may still exist.
        if try Revocations.end(session: session, on: connection) { return }
        let now: Int = try connection.value("SELECT ceil(extract(epoch FROM clock_timestamp()))::bigint")
        try Revocations.end(session, of: caller.id, expiresAt: now + Revocations.longestSeconds, on: connection)
      } else if let token = caller.tokenID, let expiresAt = caller.expiresAt {
        let end = caller.isForeign ? Revocations.endForeign : Revocations.end(_:of:expiresAt:on:)
        try end(token, caller.id, expiresAt, connection)
      }
    }
  }

  /// Ends the session of a refresh token, also of a used one. An unknown token ends nothing.
  package static func end(refreshToken text: String, on connection: borrowing Connection) throws {
    guard let token = OpaqueToken(text) else { return }
    try connection.transaction { connection in
      let session = try connection.row("SELECT session_id FROM refresh_tokens WHERE digest = \(token.digest)") {
        try $0.value("session_id", as: UUID.self)
      }
      if let session { try Revocations.end(session: session, on: connection) }
    }
  }

  /// The user of a living session, by its newest refresh token, which stays good.
  package func user(ofRefreshToken text: String, on connection: borrowing Connection) throws -> User? {
    guard let token = OpaqueToken(text) else { return nil }
    return try connection.transaction { connection in
      guard let found = try Exchange.begin(token, Self.graceSeconds, lifetimes, on: connection),
        case .fresh = found.state
      else { return nil }
      return found.user
    }
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
