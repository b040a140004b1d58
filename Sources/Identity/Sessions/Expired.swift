package import Postgres

/// What is over and may be forgotten, a bounded number of rows at a time: for a quiet moment, again and again.
package enum Expired: CaseIterable {
  case sessions, revocations, loginFailures

  /// Forgets the next ones, so many rows at the most; false if there were none.
  package func prune(_ most: Int, on connection: borrowing Connection) throws -> Bool {
    switch self {
    case .sessions:
      // Their tokens go before them, since one of them may have thousands.
      return try connection.run(Self.tokens(most)) > 0 || connection.run(Self.sessions(most)) > 0
    case .revocations:
      return try connection.run(
        """
        DELETE FROM revocations WHERE id IN (
          SELECT id FROM revocations WHERE expires_at < clock_timestamp() - interval '1 minute'
          ORDER BY expires_at LIMIT \(most))
        """) > 0
    case .loginFailures:
      return try connection.run(
        """
        DELETE FROM login_failures WHERE subject IN (
          SELECT subject FROM login_failures WHERE failed_at < clock_timestamp() - interval '1 hour'
          ORDER BY failed_at LIMIT \(most))
        """) > 0
    }
  }

  private static func tokens(_ most: Int) -> SQL {
    """
    DELETE FROM refresh_tokens WHERE digest IN (
      SELECT t.digest FROM (\(over(most))) s JOIN refresh_tokens t ON t.session_id = s.id LIMIT \(most))
    """
  }

  private static func sessions(_ most: Int) -> SQL { "DELETE FROM sessions WHERE id IN (\(over(most)))" }

  /// Those that are over in every respect: a logout wants to find the session of a token that still lives. What was over
  /// only a moment ago waits, since clocks differ, and an exchange may be under way.
  private static func over(_ most: Int) -> SQL {
    """
    SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '1 minute'
      AND access_ends_at < clock_timestamp() - make_interval(secs => \(Revocations.leewaySeconds))
    ORDER BY expires_at LIMIT \(most)
    """
  }
}
