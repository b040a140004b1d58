package import Postgres

/// Periodic cleanup of rows that have expired, a bounded number at a time.
package enum Expired: CaseIterable {
  case sessions, revocations, loginFailures, knownNetworks, spentProofs

  /// Deletes up to `most` rows; false if there were none.
  package func prune(_ most: Int, on connection: borrowing Connection) throws -> Bool {
    switch self {
    case .sessions:
      // Sessions whose tokens have all expired: a logout has to find the session of a valid token. Sessions that ended a
      // moment ago stay, because clocks differ and an exchange may be running.
      let over: SQL = """
        SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '1 minute'
          AND access_ends_at < clock_timestamp() - make_interval(secs => \(Revocations.leewaySeconds))
        ORDER BY expires_at LIMIT \(most)
        """
      // Their tokens are deleted first, because one session may have thousands.
      let tokens = try connection.run(
        """
        DELETE FROM refresh_tokens WHERE digest IN (
          SELECT t.digest FROM (\(over)) s JOIN refresh_tokens t ON t.session_id = s.id LIMIT \(most))
        """)
      return try tokens > 0 || connection.run("DELETE FROM sessions WHERE id IN (\(over))") > 0
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
    case .knownNetworks:
      return try connection.run(
        """
        DELETE FROM known_networks WHERE (user_id, network) IN (
          SELECT user_id, network FROM known_networks
          WHERE seen_at < clock_timestamp() - make_interval(days => \(KnownNetworks.days)) ORDER BY seen_at LIMIT \(most))
        """) > 0
    case .spentProofs:
      return try connection.run(
        """
        DELETE FROM spent_proofs WHERE digest IN (
          SELECT digest FROM spent_proofs WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT \(most))
        """) > 0
    }
  }
}
