package import Postgres

/// What is over and may be forgotten, a bounded number of rows at a time: for a quiet moment, again and again.
package enum Expired: CaseIterable {
  case refreshTokens, sessions, revocations, loginFailures

  /// Forgets the next ones, so many at the most; false if there were none.
  package func prune(_ most: Int, on connection: borrowing Connection) throws -> Bool {
    try connection.run(deletion(of: most)) > 0
  }

  /// What is left out because it was over only a moment ago is over for everybody's clock the next time.
  private func deletion(of most: Int) -> SQL {
    switch self {
    case .refreshTokens:
      // Before their sessions, since one session may have thousands.
      """
      DELETE FROM refresh_tokens WHERE digest IN (
        SELECT t.digest FROM (\(Self.sessions(most))) s JOIN refresh_tokens t ON t.session_id = s.id LIMIT \(most))
      """
    case .sessions:
      """
      DELETE FROM sessions WHERE id IN (
        SELECT s.id FROM (\(Self.sessions(most))) s
        WHERE NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id))
      """
    case .revocations:
      """
      DELETE FROM revocations WHERE id IN (
        SELECT id FROM revocations WHERE expires_at < clock_timestamp() - interval '1 minute'
        ORDER BY expires_at LIMIT \(most))
      """
    case .loginFailures:
      """
      DELETE FROM login_failures WHERE subject IN (
        SELECT subject FROM login_failures WHERE failed_at < clock_timestamp() - interval '1 hour'
        ORDER BY failed_at LIMIT \(most))
      """
    }
  }

  /// Those that are over in every respect: a logout wants to find the session of a token that still lives.
  private static func sessions(_ most: Int) -> SQL {
    """
    SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '1 minute'
      AND access_ends_at < clock_timestamp() - make_interval(secs => \(Revocations.leewaySeconds))
    ORDER BY expires_at LIMIT \(most)
    """
  }
}
