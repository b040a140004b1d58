internal import Glibc
internal import Postgres

/// How often somebody guessed wrong lately: for one account, and from one address. From the tenth time on each
/// further guess has to wait, longer each time, and nobody is ever locked out.
struct LoginFailures: Sendable {
  private let account: String
  private let address: String
  private let areThere: Bool
  let waitSeconds: Int

  /// A failure is forgotten after so many seconds. An address may be a whole office, so it is forgiven sooner,
  /// and is charged only for the first wrong guess at each account.
  private static let accountSeconds = 60.0
  private static let addressSeconds = 1.0

  static func read(account: String, address: String, on connection: borrowing Connection) throws -> LoginFailures {
    let subjects = (account: "account " + account, address: "address " + network(address))
    return try connection.onlyRow(
      """
      SELECT ceil(extract(epoch FROM max(blocked_until) - clock_timestamp()))::bigint,
             coalesce(bool_or(subject = \(subjects.account)), false)
      FROM login_failures WHERE subject IN (\(subjects.account), \(subjects.address))
      """
    ) { row in
      LoginFailures(
        account: subjects.account, address: subjects.address, areThere: try row.value(1),
        waitSeconds: try row.value(0, as: Int?.self) ?? 0)
    }
  }

  /// A household of IPv6 has 2^64 addresses and is one. A socket that hears both calls 192.0.2.1 `::ffff:192.0.2.1`.
  /// What is no address at all, as that of a unix socket, stands for itself.
  private static func network(_ address: String) -> String {
    var parsed = in6_addr()
    guard inet_pton(AF_INET6, address, &parsed) == 1 else { return address }
    let bytes = withUnsafeBytes(of: &parsed) { Array($0) }
    if bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF]) {
      return bytes[12...].map { String($0) }.joined(separator: ".")
    }
    return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":") + "/64"
  }

  func note(on connection: borrowing Connection) throws {
    let failures = try note(account, forgottenAfter: Self.accountSeconds, on: connection)
    if failures < 1.5 { _ = try note(address, forgottenAfter: Self.addressSeconds, on: connection) }
  }

  private func note(
    _ subject: String, forgottenAfter seconds: Double, on connection: borrowing Connection
  ) throws -> Double {
    let failures = try connection.value(
      """
      INSERT INTO login_failures AS f (subject, failures, failed_at, blocked_until)
      VALUES (\(subject), 1, clock_timestamp(), clock_timestamp())
      ON CONFLICT (subject) DO UPDATE SET failed_at = clock_timestamp(), failures = 1 + greatest(
        0, f.failures - extract(epoch FROM clock_timestamp() - f.failed_at)::double precision / \(seconds))
      RETURNING failures
      """, as: Double.self)
    if failures > 9.5 {
      let wait = min(exp2(failures.rounded() - 10), 60)
      try connection.run(
        """
        UPDATE login_failures SET blocked_until = clock_timestamp() + make_interval(secs => \(wait))
        WHERE subject = \(subject)
        """)
    }
    return failures
  }

  func forget(on connection: borrowing Connection) throws {
    if areThere { try connection.run("DELETE FROM login_failures WHERE subject = \(account)") }
  }
}
