internal import FoundationEssentials
internal import Glibc
internal import Postgres

/// Where a request comes from, as far as limits are concerned.
struct Network: Sendable {
  let text: String

  /// A household of IPv6 has 2^64 addresses and is one. A socket that hears both calls 192.0.2.1 `::ffff:192.0.2.1`.
  /// What is no address at all, as that of a unix socket, stands for itself.
  init(address: String) {
    var parsed = in6_addr()
    guard inet_pton(AF_INET6, address, &parsed) == 1 else {
      text = address
      return
    }
    let bytes = withUnsafeBytes(of: &parsed) { Array($0) }
    if bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF]) {
      text = bytes[12...].map { String($0) }.joined(separator: ".")
    } else {
      text = bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":") + "/64"
    }
  }
}

/// The networks from which somebody signed in lately. They need nothing of clients, browsers or programs, and are
/// bounded: the latest few of each user, and none that was not seen for a month.
enum KnownNetworks {
  private static let most = 8
  static let days = 30

  /// A scalar subquery: when the user last signed in from there, or null.
  static func seen(_ network: Network, by user: UUID?) -> SQL {
    """
    SELECT seen_at FROM known_networks WHERE user_id = \(user) AND network = \(network.text)
    AND seen_at > clock_timestamp() - make_interval(days => \(days))
    """
  }

  static func note(_ network: Network, of user: UUID, on connection: borrowing Connection) throws {
    try connection.run(
      """
      WITH noted AS (
        INSERT INTO known_networks (user_id, network, seen_at) VALUES (\(user), \(network.text), clock_timestamp())
        ON CONFLICT (user_id, network) DO UPDATE SET seen_at = clock_timestamp()
      )
      DELETE FROM known_networks WHERE user_id = \(user) AND network IN (
        SELECT network FROM known_networks WHERE user_id = \(user) AND network <> \(network.text)
        ORDER BY seen_at DESC OFFSET \(most - 1))
      """)
  }

  /// Whoever had the old password may have been somebody else.
  static func forget(of user: UUID, on connection: borrowing Connection) throws {
    try connection.run("DELETE FROM known_networks WHERE user_id = \(user)")
  }
}
