internal import FoundationEssentials
internal import Glibc
internal import Postgres

/// The origin of a request, as limits count it.
struct Network: Sendable {
  let text: String

  var isThisMachine: Bool { text.hasPrefix("127.") || text == Network(address: "::1").text }

  /// A household with IPv6 has 2^64 addresses and counts as one network. A socket for both protocols writes 192.0.2.1 as
  /// `::ffff:192.0.2.1`. A text that is no address, such as that of a unix socket, is its own network.
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

/// The networks from which a user signed in lately: the latest few of each user, and none older than a month. They need
/// nothing from the client.
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

  /// Somebody else may have signed in with the old password.
  static func forget(of user: UUID, on connection: borrowing Connection) throws {
    try connection.run("DELETE FROM known_networks WHERE user_id = \(user)")
  }
}
