internal import FoundationEssentials
internal import Glibc
internal import Postgres

/// Recent wrong passwords: for one account from one network, for one account from anywhere, and from one network for any
/// account. From the tenth on, each further guess waits, longer each time; nobody is ever locked out. Guesses from other
/// networks never delay a network that signed in to the account lately.
struct LoginFailures: Sendable {
  /// The account from this network: a failure noted here delays nobody else.
  let pair: String
  let network: Network
  let waitSeconds: Int
  /// Whether this network signed in to the account lately, and whether it was noted today.
  let isKnownHere: Bool
  let wasNotedToday: Bool
  private let account: String
  private let pairIsThere: Bool
  private let accountIsBesieged: Bool

  /// A failure is forgotten after so many seconds. A network may be a whole office, so its failures are forgotten sooner,
  /// and only the first wrong guess at each account counts for it.
  private static let accountSeconds = 60.0
  private static let networkSeconds = 1.0
  /// No more guesses than these count for the account from one network, so it takes several networks to slow strangers
  /// down. From then on, all count.
  private static let chargedGuesses = 3.5
  private static let freeGuesses = 9.5

  static func read(
    account: String, user: UUID?, address: String, on connection: borrowing Connection
  ) throws -> LoginFailures {
    let network = Network(address: address)
    let subjects = (
      account: "account " + account, network: "address " + network.text, pair: "pair \(network.text) \(account)"
    )
    return try connection.onlyRow(
      """
      SELECT ceil(extract(epoch FROM max(f.blocked_until)
               FILTER (WHERE k.seen_at IS NULL OR f.subject <> \(subjects.account)) - clock_timestamp()))::bigint AS wait,
             k.seen_at IS NOT NULL AS is_known, coalesce(k.seen_at > clock_timestamp() - interval '1 day', false) AS noted,
             coalesce(bool_or(f.subject = \(subjects.pair)), false) AS pair_is_there,
             coalesce(bool_or(f.subject = \(subjects.account) AND f.failures > \(Self.freeGuesses)
               + extract(epoch FROM clock_timestamp() - f.failed_at)::double precision / \(Self.accountSeconds)), false) AS is_besieged
      FROM (SELECT (\(KnownNetworks.seen(network, by: user))) AS seen_at) k
      LEFT JOIN login_failures f ON f.subject IN (\(subjects.account), \(subjects.network), \(subjects.pair))
      GROUP BY k.seen_at
      """
    ) { row in
      LoginFailures(
        pair: subjects.pair, network: network, waitSeconds: try row.value("wait", as: Int?.self) ?? 0,
        isKnownHere: try row.value("is_known"), wasNotedToday: try row.value("noted"), account: subjects.account,
        pairIsThere: try row.value("pair_is_there"), accountIsBesieged: try row.value("is_besieged"))
    }
  }

  func note(on connection: borrowing Connection) throws {
    let failures = try note(pair, forgottenAfter: Self.accountSeconds, on: connection)
    if failures < Self.chargedGuesses || accountIsBesieged {
      _ = try note(account, forgottenAfter: Self.accountSeconds, on: connection)
    }
    if failures < 1.5 { _ = try note("address " + network.text, forgottenAfter: Self.networkSeconds, on: connection) }
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
    if failures > Self.freeGuesses {
      let wait = min(exp2(failures.rounded() - 10), 60)
      try connection.run(
        """
        UPDATE login_failures SET blocked_until = clock_timestamp() + make_interval(secs => \(wait))
        WHERE subject = \(subject)
        """)
    }
    return failures
  }

  /// The guesses of others stay: the owner's sign-in must not give them new ones.
  func forget(on connection: borrowing Connection) throws {
    if pairIsThere { try connection.run("DELETE FROM login_failures WHERE subject = \(pair)") }
  }
}
