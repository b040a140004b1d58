internal import FoundationEssentials
package import Postgres

/// What ended before its time, as one worker knows it: asked for anew when what it knows is a second old.
package final class Revocations {
  private var ended: [UUID: Entry] = [:]
  private var latest: String?

  private struct Entry {
    /// Nil: a session or a single token. Else a user, of whom only this generation and later ones hold.
    let generation: Int?
    let expiresAt: Int
  }

  package init() {}

  package func covers(_ claims: Claims) -> Bool {
    guard !ended.isEmpty else { return false }
    // Both are asked: who was given another role once may still log out later.
    if let generation = UUID(spelled: claims.subject).flatMap({ ended[$0]?.generation }),
      claims.generation < generation
    {
      return true
    }
    return [claims.session, claims.tokenID].contains { id in
      id.flatMap(UUID.init(spelled:)).map { ended[$0] != nil } ?? false
    }
  }

  /// Takes over what is new. A transaction may commit after one that began later, hence the look back, which is
  /// longer than any transaction here lasts.
  package func refresh(now: Int, on connection: borrowing Connection) throws {
    let news = try connection.rows(
      """
      SELECT id, generation, ceil(extract(epoch FROM expires_at))::bigint, revoked_at::text FROM revocations
      WHERE revoked_at > coalesce(\(latest)::timestamptz - interval '30 seconds', '-infinity')
        AND expires_at > clock_timestamp()
      ORDER BY revoked_at
      """
    ) { row in
      latest = try row.value(3)
      return (
        id: try row.value(0, as: UUID.self), entry: Entry(generation: try row.value(1), expiresAt: try row.value(2))
      )
    }
    for news in news { ended[news.id] = news.entry }
    if ended.values.contains(where: { $0.expiresAt < now }) { ended = ended.filter { $0.value.expiresAt >= now } }
  }

  /// Ends one session, or one token that belongs to none.
  static func end(_ id: UUID, on connection: borrowing Connection) throws {
    try connection.run("UPDATE sessions SET ended_at = clock_timestamp() WHERE id = \(id) AND ended_at IS NULL")
    try connection.run(
      """
      INSERT INTO revocations (id, expires_at)
      VALUES (\(id), clock_timestamp() + make_interval(secs => \(longestSeconds))) ON CONFLICT (id) DO NOTHING
      """)
  }

  /// Ends every token and session of a user, by a new generation.
  static func endTokens(of user: UUID, on connection: borrowing Connection) throws {
    try connection.run(
      """
      WITH next AS (UPDATE users SET generation = generation + 1 WHERE id = \(user) RETURNING id, generation)
      INSERT INTO revocations (id, generation, expires_at)
      SELECT id, generation, clock_timestamp() + make_interval(secs => \(longestSeconds)) FROM next
      ON CONFLICT (id) DO UPDATE SET generation = EXCLUDED.generation, revoked_at = clock_timestamp(),
        expires_at = EXCLUDED.expires_at
      """)
    try connection.run(
      "UPDATE sessions SET ended_at = clock_timestamp() WHERE user_id = \(user) AND ended_at IS NULL")
  }

  /// How long an access token can possibly live, with what clocks may differ by.
  package static let longestSeconds = 86_400 + 120
}
