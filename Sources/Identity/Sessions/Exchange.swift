internal import FoundationEssentials
internal import Postgres
internal import Tokens

/// A refresh token that a client presented, and its state, locked until the exchange is over.
struct Exchange {
  enum State {
    case fresh
    case repeated(nonce: [UInt8], accessID: UUID, usedAt: Int)
    case reused
  }

  let session: UUID
  let state: State
  /// This session has to wait for so long. Each exchange leaves a row, by which a used token is recognized, so there may
  /// be many at one moment, but not all the time.
  let waitSeconds: Int
  /// Nil if the session is over, or its user gone or no longer active.
  let user: User?

  static func begin(
    _ token: OpaqueToken, _ graceSeconds: Int, _ lifetimes: Sessions.Lifetimes, on connection: borrowing Connection
  ) throws -> Exchange? {
    // The session's row is locked first: everything that ends or renews the session waits for it.
    let session = try connection.row(
      """
      SELECT s.id, s.user_id, s.ended_at IS NULL AND s.expires_at > clock_timestamp()
               AND s.created_at > clock_timestamp() - make_interval(secs => \(lifetimes.sessionSeconds)) AS lives,
             ceil(greatest(0, \(interval(lifetimes)) * (s.exchanges + 1 - \(mostAtOnce))
               - extract(epoch FROM clock_timestamp() - s.exchanged_at)::double precision))::bigint AS wait
      FROM sessions s WHERE id = (SELECT session_id FROM refresh_tokens WHERE digest = \(token.digest))
      FOR UPDATE
      """
    ) {
      (
        id: try $0.value("id", as: UUID.self), user: try $0.value("user_id", as: UUID.self),
        lives: try $0.value("lives", as: Bool.self), waitSeconds: try $0.value("wait", as: Int.self)
      )
    }
    guard let session else { return nil }
    let state = try connection.row(
      """
      SELECT used_at IS NULL AS is_fresh, used_at > clock_timestamp() - make_interval(secs => \(graceSeconds)) AS is_in_grace,
             successor_nonce, access_id, floor(extract(epoch FROM used_at))::bigint AS used_at
      FROM refresh_tokens WHERE digest = \(token.digest)
      """
    ) { row -> State in
      if try row.value("is_fresh") { return .fresh }
      guard try row.value("is_in_grace") else { return .reused }
      return .repeated(
        nonce: try row.value("successor_nonce"), accessID: try row.value("access_id"), usedAt: try row.value("used_at"))
    }
    guard var state else { return nil }
    if case .repeated(let nonce, _, _) = state, try wasUsed(token.successor(nonce), on: connection) { state = .reused }
    let user = session.lives ? try User.living(session.user, on: connection) : nil
    return Exchange(
      session: session.id, state: state, waitSeconds: session.waitSeconds,
      user: user.flatMap { $0.isActive ? $0 : nil })
  }

  private static let mostAtOnce = 100.0

  /// One exchange is free in so many seconds, four times as often as a client needs.
  private static func interval(_ lifetimes: Sessions.Lifetimes) -> Double { Double(lifetimes.accessSeconds) / 4 }

  private static func wasUsed(_ token: OpaqueToken, on connection: borrowing Connection) throws -> Bool {
    try connection.row("SELECT used_at IS NOT NULL FROM refresh_tokens WHERE digest = \(token.digest)") {
      try $0.value(0)
    } ?? true
  }

  /// Notes the exchange. Returns its time, at which the new access token is issued.
  func complete(
    _ token: OpaqueToken, _ successor: OpaqueToken, _ nonce: [UInt8], _ accessID: UUID,
    _ lifetimes: Sessions.Lifetimes, on connection: borrowing Connection
  ) throws -> Int {
    // Used tokens older than their own lifetime reveal a theft no better than unknown ones.
    try connection.run(
      """
      WITH forgotten AS (
        DELETE FROM refresh_tokens
        WHERE session_id = \(session) AND used_at < clock_timestamp() - make_interval(secs => \(lifetimes.refreshSeconds))
      )
      INSERT INTO refresh_tokens (digest, session_id) VALUES (\(successor.digest), \(session))
      """)
    try connection.run(
      """
      UPDATE sessions SET expires_at = least(clock_timestamp() + make_interval(secs => \(lifetimes.refreshSeconds)),
          created_at + make_interval(secs => \(lifetimes.sessionSeconds))),
        access_ends_at = greatest(access_ends_at, clock_timestamp() + make_interval(secs => \(lifetimes.accessSeconds))),
        exchanges = 1 + greatest(0, exchanges - extract(epoch FROM clock_timestamp() - exchanged_at)::double precision
          / \(Self.interval(lifetimes))),
        exchanged_at = clock_timestamp()
      WHERE id = \(session)
      """)
    return try connection.value(
      """
      UPDATE refresh_tokens SET used_at = clock_timestamp(), successor_nonce = \(nonce), access_id = \(accessID)
      WHERE digest = \(token.digest) RETURNING floor(extract(epoch FROM used_at))::bigint
      """)
  }
}
