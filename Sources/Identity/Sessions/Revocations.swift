package import FoundationEssentials
package import Postgres
package import Tokens

/// Revoked sessions, tokens and generations, as one worker knows them. A list that is a second old is read on, a page at
/// a time. Until its last page is read, the database is asked about each token.
package final class Revocations {
  private var ended = EndedIDs()
  /// Everything that transactions before this one wrote is known.
  private var horizon = "0"
  /// The place of the current reading, and the horizon that holds when it is done.
  private var reading: (horizon: String, transaction: String, id: UUID)?
  /// A new session may lead to a server that numbers its transactions differently: then everything is read again.
  private var session = 0

  /// One request reads at most so many rows, in a few milliseconds.
  package static let pageRows = 1000

  package init() {}

  /// How many are held in memory.
  package var count: Int { ended.count }

  package func covers(_ claims: Claims) -> Bool {
    var generation = claims.generation
    for id in [claims.session, claims.tokenID] {
      guard let entry = id.flatMap(UUID.init(spelled:)).flatMap({ ended[$0] }) else { continue }
      // A user whose generation changed may still log out of a later session, so both are checked.
      guard let kept = entry.generation else { return true }
      generation = max(generation, kept)
    }
    return UUID(spelled: claims.subject).flatMap { ended[$0]?.generation }.map { generation < $0 } ?? false
  }

  func covers(_ tokenID: UUID) -> Bool { ended[tokenID] != nil }

  static func cover(_ tokenID: UUID, on connection: borrowing Connection) throws -> Bool {
    try connection.value("SELECT EXISTS (SELECT FROM revocations WHERE id = \(tokenID))")
  }

  /// The same, from the database.
  package static func cover(_ claims: Claims, on connection: borrowing Connection) throws -> Bool {
    try connection.value(
      """
      WITH own AS (
        SELECT generation FROM revocations
        WHERE id IN (\(claims.session.flatMap(UUID.init(spelled:)))::uuid, \(UUID(spelled: claims.tokenID))::uuid)
      )
      SELECT EXISTS (SELECT FROM own WHERE generation IS NULL)
          OR EXISTS (SELECT FROM revocations WHERE id = \(UUID(spelled: claims.subject))::uuid
                       AND generation > greatest(\(claims.generation), (SELECT max(generation) FROM own)))
      """)
  }

  /// Reads the next page of new entries; true when there is no more. `renewed` gets the users with a new generation.
  package func readPage(
    now: Int, on connection: borrowing Connection, renewed: ([UUID]) -> Void = { _ in }
  ) throws -> Bool {
    if session != connection.processIdentifier {
      (session, horizon, reading) = (connection.processIdentifier, "0", nil)
    }
    let start = reading ?? (horizon: "", transaction: horizon, id: Self.least)
    var (horizon, last, count) = (start.horizon, start, 0)
    // A transaction that is still running has a number at or above the horizon, so its rows are found next time.
    let entries = try connection.rows(
      """
      SELECT s.horizon, r.id, r.generation, r.until, r.written
      FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon) s LEFT JOIN LATERAL (
        SELECT id, generation, ceil(extract(epoch FROM expires_at))::bigint AS until, transaction_id::text AS written
        FROM revocations
        WHERE (transaction_id, id) > (\(start.transaction)::xid8, \(start.id)) AND expires_at > clock_timestamp()
        ORDER BY transaction_id, id LIMIT \(Self.pageRows)
      ) r ON true
      """
    ) { row -> (id: UUID, entry: EndedIDs.Entry)? in
      if horizon.isEmpty { horizon = try row.value("horizon") }
      guard let id = try row.value("id", as: UUID?.self) else { return nil }
      count += 1
      if count == Self.pageRows { last = (horizon, try row.value("written"), id) }
      return (id, EndedIDs.Entry(id, generation: try row.value("generation"), until: try row.value("until")))
    }
    // Among them are the sessions that go on.
    let users = entries.compactMap { $0?.entry.generation == nil ? nil : $0?.id }
    if !users.isEmpty { renewed(users) }
    for case (_, let entry)? in entries { ended.insert(entry) }
    if count == Self.pageRows {
      reading = last
      return false
    }
    reading = nil
    self.horizon = horizon
    ended.forgetSome(now: now)
    return true
  }

  private static let least = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}

// Ending of sessions, tokens and generations.
extension Revocations {
  /// A token may pass as valid for so long after it expired: the leeway, and as much again for clocks.
  package static let leewaySeconds = 2 * RegisteredClaims.leewaySeconds
  /// The longest life of an access token that the settings allow.
  package static let longestSeconds = 86_400 + leewaySeconds
  /// After so many logouts whose tokens have not expired, each further one ends everything of the user. That takes one
  /// row, so nobody can fill the list.
  package static let mostOfOneUser = 100

  /// Ends a session and its access tokens, until the last of them would have expired; false if there is no such
  /// session.
  @discardableResult
  static func end(session: UUID, on connection: borrowing Connection) throws -> Bool {
    let found = try connection.row(
      """
      UPDATE sessions SET ended_at = coalesce(ended_at, clock_timestamp()),
        expires_at = least(expires_at, access_ends_at + make_interval(secs => \(leewaySeconds)))
      WHERE id = \(session)
      RETURNING user_id, ceil(extract(epoch FROM access_ends_at))::bigint,
                access_ends_at + make_interval(secs => \(leewaySeconds)) > clock_timestamp()
      """
    ) { row in
      (
        user: try row.value(0, as: UUID.self), expiresAt: try row.value(1, as: Int.self),
        matters: try row.value(2, as: Bool.self)
      )
    }
    guard let found else { return false }
    if found.matters { try end(session, of: found.user, expiresAt: found.expiresAt, on: connection) }
    return true
  }

  /// Ends a token of another issuer. It has no generation, so there is no other way to end it.
  static func endForeign(_ id: UUID, of user: UUID, expiresAt: Int, on connection: borrowing Connection) throws {
    try connection.run(
      """
      INSERT INTO revocations (id, user_id, expires_at) VALUES (\(id), \(user), to_timestamp(\(expiresAt + leewaySeconds)))
      ON CONFLICT (id) DO NOTHING
      """)
  }

  /// Ends one token that expires at that time, or all tokens of one session.
  static func end(
    _ id: UUID, of user: UUID, expiresAt: Int, on connection: borrowing Connection
  ) throws {
    let noted = try connection.run(
      """
      INSERT INTO revocations AS r (id, user_id, expires_at)
      SELECT \(id), \(user), to_timestamp(\(expiresAt + leewaySeconds))
      WHERE EXISTS (SELECT FROM revocations WHERE id = \(id)) OR \(mostOfOneUser) > (
        SELECT count(*) FROM (
          SELECT FROM revocations
          WHERE user_id = \(user) AND generation IS NULL AND expires_at > clock_timestamp() LIMIT \(mostOfOneUser)
        ) held)
      ON CONFLICT (id) DO UPDATE SET generation = NULL, expires_at = greatest(r.expires_at, EXCLUDED.expires_at),
        transaction_id = CASE WHEN r.generation IS NULL THEN r.transaction_id ELSE EXCLUDED.transaction_id END
      """)
    if noted == 0 { try endTokens(of: user, on: connection) }
  }

  /// Ends every token and session of a user by a new generation. A user has one such row, so it may stay for the longest
  /// life of a token: by the present settings, a token issued when they allowed more would become valid again.
  ///
  /// `kept` is a session or token that goes on: its row has the new generation. One that has ended stays so. A user has
  /// a limited number of such rows; after that, only the refresh token goes on.
  static func endTokens(of user: UUID, but kept: UUID? = nil, on connection: borrowing Connection) throws {
    try connection.run(
      """
      INSERT INTO revocations AS r (id, user_id, generation, expires_at)
      SELECT i.id, \(user), n.generation, clock_timestamp() + make_interval(secs => \(longestSeconds))
      FROM next_generation(\(user)) AS n (generation), (VALUES (\(user)::uuid), (\(kept)::uuid)) AS i (id)
      WHERE i.id = \(user) OR i.id IS NOT NULL AND \(mostOfOneUser) > (
        SELECT count(*) FROM (
          SELECT FROM revocations
          WHERE user_id = \(user) AND generation IS NOT NULL AND expires_at > clock_timestamp() LIMIT \(mostOfOneUser)
        ) held)
      ON CONFLICT (id) DO UPDATE SET generation = EXCLUDED.generation, transaction_id = EXCLUDED.transaction_id,
        revoked_at = clock_timestamp(), expires_at = EXCLUDED.expires_at
      WHERE r.generation IS NOT NULL
      """)
    try connection.run(
      """
      UPDATE sessions SET ended_at = clock_timestamp(),
        expires_at = least(expires_at, access_ends_at + make_interval(secs => \(leewaySeconds)))
      WHERE user_id = \(user) AND ended_at IS NULL AND id IS DISTINCT FROM \(kept)::uuid
      """)
  }
}
