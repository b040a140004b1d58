internal import FoundationEssentials
internal import Ledger
package import Postgres

/// A handful of people with a month behind them: thanks between colleagues, goods that were fetched, and orders that
/// wait at the desk. They have no passwords; an admin can make a link for each.
extension DemoSeed {
  /// Returns the number of new people: all of them, or none if one of their ids, names or addresses is known already.
  package static func addPeople(on connection: borrowing Connection) throws -> Int {
    try connection.transaction { connection in
      let people = try connection.run(
        """
        INSERT INTO users (id, username, email, full_name, role, created_at, updated_at)
        SELECT id, username, email, full_name, role, at, at
        FROM (VALUES \(raw: people)) p (id, username, email, full_name, role),
             LATERAL (SELECT now() - interval '35 days' AS at) moment
        WHERE NOT EXISTS (SELECT FROM users u JOIN (VALUES \(raw: people)) p (id, username, email)
          ON u.id = p.id OR u.deleted_at IS NULL AND (u.username = p.username OR lower(u.email) = p.email))
        """)
      guard people > 0 else { return 0 }
      try writeDeeds(on: connection)
      try connection.run("SELECT forget_totals()")
      for (person, item, size) in wishes {
        try order(item, size, for: person, on: connection)
      }
      return people
    }
  }

  private static let people = """
    (\(person(1)), 'marina', 'marina@example.com', 'Marina Sokolova', 'user'),
    (\(person(2)), 'mateo', 'mateo@example.com', 'Mateo Álvarez', 'user'),
    (\(person(3)), 'priya', 'priya@example.com', 'Priya Raman', 'user'),
    (\(person(4)), 'jonas', 'jonas@example.com', 'Jonas Weber', 'user'),
    (\(person(5)), 'aiko', 'aiko@example.com', 'Aiko Tanaka', 'user'),
    (\(person(6)), 'lena', 'lena@example.com', 'Lena Okafor', 'moderator')
    """

  /// Days ago, hour, kind, person, payee, item, coins or pieces, message, and the status of the order.
  private static let deeds = """
    (34, 8, 'grant', 1, 0, NULL, 1000, 'welcome', NULL), (34, 8, 'grant', 2, 0, NULL, 1000, 'welcome', NULL),
    (34, 9, 'grant', 3, 0, NULL, 1000, 'welcome', NULL), (34, 9, 'grant', 4, 0, NULL, 1000, 'welcome', NULL),
    (34, 9, 'grant', 5, 0, NULL, 1000, 'welcome', NULL), (34, 10, 'grant', 6, 0, NULL, 1000, 'welcome', NULL),
    (33, 11, 'transfer', 1, 2, NULL, 30, 'Thanks for the tour of the building', NULL),
    (32, 9, 'purchase', 2, 0, 'cup', 1, NULL, 'handed_over'),
    (30, 14, 'transfer', 4, 3, NULL, 50, 'You found the bug that nobody could see', NULL),
    (29, 10, 'purchase', 3, 0, 'book', 1, NULL, 'handed_over'),
    (28, 12, 'transfer', 6, 5, NULL, 25, 'For the photos of the summer party', NULL),
    (27, 13, 'purchase', 1, 0, 'umbrella', 1, NULL, 'handed_over'),
    (26, 9, 'transfer', 5, 1, NULL, 20, 'Coffee is on me', NULL),
    (24, 15, 'transfer', 2, 4, NULL, 40, 'Thanks for staying late on Thursday', NULL),
    (23, 11, 'purchase', 5, 0, 'pen', 4, NULL, 'handed_over'),
    (21, 10, 'transfer', 3, 6, NULL, 60, 'The new desks are great', NULL),
    (20, 12, 'purchase', 4, 0, 'powerbank', 1, NULL, 'handed_over'),
    (19, 14, 'transfer', 1, 3, NULL, 15, 'Good luck with the talk', NULL),
    (17, 9, 'transfer', 4, 1, NULL, 35, 'For the help with the customer in Riga', NULL),
    (16, 11, 'purchase', 6, 0, 'wallet', 1, NULL, 'handed_over'),
    (14, 13, 'transfer', 2, 5, NULL, 10, NULL, NULL),
    (13, 10, 'purchase', 3, 0, 'socks', 3, NULL, 'handed_over'),
    (12, 15, 'transfer', 6, 4, NULL, 45, 'You kept the lights on during the move', NULL),
    (10, 9, 'transfer', 5, 2, NULL, 30, 'Thanks for the review', NULL),
    (9, 12, 'purchase', 2, 0, 'book', 1, NULL, 'handed_over'),
    (8, 14, 'transfer', 3, 1, NULL, 55, 'Your notes saved me a day', NULL),
    (6, 10, 'transfer', 1, 6, NULL, 20, 'For the birthday cake', NULL),
    (5, 11, 'transfer', 4, 5, NULL, 25, 'Welcome back', NULL),
    (4, 9, 'purchase', 1, 0, 'cup', 1, NULL, 'ready'), (4, 13, 'purchase', 5, 0, 'umbrella', 1, NULL, 'ready'),
    (3, 12, 'transfer', 2, 3, NULL, 40, 'For the quick answer on Sunday', NULL),
    (2, 10, 'purchase', 4, 0, 'book', 1, NULL, 'ready'), (2, 14, 'purchase', 6, 0, 'pen', 2, NULL, 'ordered'),
    (1, 9, 'transfer', 6, 1, NULL, 30, 'Thanks for covering the desk', NULL),
    (1, 11, 'purchase', 3, 0, 'wallet', 1, NULL, 'ordered'), (1, 14, 'purchase', 2, 0, 'socks', 2, NULL, 'ordered')
    """

  /// Their orders of this moment. Sizes are limited, and a purchase cannot be older than the stock.
  private static let wishes = [(1, "t-shirt", "m"), (4, "hoody", "l"), (5, "t-shirt", "s")]

  private static func person(_ number: Int) -> String { "'de300000-0000-8000-8000-00000000010\(number)'::uuid" }

  /// Writes the rows as the ledger's functions would have written them at the time: balances and versions follow from
  /// the order of the movements along each account.
  private static func writeDeeds(on connection: borrowing Connection) throws {
    let seconds = "floor(extract(epoch FROM date_trunc('day', now(), 'UTC')))::bigint - days * 86400 + hour * 3600 + n"
    func person(_ number: String) -> String { "('de300000-0000-8000-8000-00000000010' || \(number))::uuid" }
    try connection.run(
      """
      CREATE TEMPORARY TABLE demo_deeds ON COMMIT DROP AS
      SELECT d.kind::operation_kind AS kind, \(raw: LoadWorld.operation("us", "n")) AS id,
             \(raw: LoadWorld.moment("us")) AS at,
             \(raw: person("who")) AS owner, p.id AS payee, p.username AS name, g.id AS item, g.code,
             g.asset, CASE kind WHEN 'purchase' THEN g.price ELSE size END::bigint AS coins, size::bigint AS number,
             words, status::order_status AS status
      FROM (SELECT *, row_number() OVER () AS n FROM (VALUES \(raw: deeds)) v
              (days, hour, kind, who, whom, item, size, words, status)) d
      CROSS JOIN LATERAL (SELECT (\(raw: seconds)) * 1000000 AS us) moment
      LEFT JOIN users p ON p.id = \(raw: person("whom"))
      -- An admin may have changed the catalogue; for what is no longer sold as it was, nothing happened.
      LEFT JOIN (\(raw: LoadWorld.goods)) g ON g.code = d.item AND g.price <= 200
      WHERE d.item IS NULL OR g.id IS NOT NULL
      """)
    try connection.run(
      """
      INSERT INTO accounts (owner, asset, section, bought)
      SELECT owner, 1, 'main', 0 FROM demo_deeds WHERE kind = 'grant'
      UNION ALL
      SELECT owner, asset, 'main', sum(number) FROM demo_deeds WHERE kind = 'purchase' GROUP BY owner, asset
      """)
    try connection.run(
      """
      INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, counterpart, item_id, amount,
        quantity, note)
      SELECT id, owner, kind, CASE kind WHEN 'grant' THEN welcome_key() END,
             CASE kind WHEN 'grant' THEN digest_of(coins::text, words)
               WHEN 'transfer' THEN digest_of(name, coins::text, words)
               ELSE purchase_content(code, number, NULL, NULL) END,
             'done', CASE WHEN kind <> 'grant' THEN owner END, at, payee, item,
             CASE kind WHEN 'purchase' THEN coins * number ELSE coins END, CASE kind WHEN 'purchase' THEN number END,
             words
      FROM demo_deeds
      """)
    try connection.run(
      """
      INSERT INTO orders (owner, id, asset, quantity, status, ready_at, handed_over_at)
      SELECT owner, id, asset, number, status, CASE WHEN status <> 'ordered' THEN at + interval '3 hours' END,
             CASE status WHEN 'handed_over' THEN at + interval '1 day' END
      FROM demo_deeds WHERE kind = 'purchase'
      """)
    try connection.run(
      """
      WITH moves AS MATERIALIZED (
        SELECT d.id, 1 AS ordinal, 1::bigint AS asset, CASE d.kind WHEN 'grant' THEN mint() ELSE own.id END AS debit,
               CASE d.kind WHEN 'grant' THEN own.id WHEN 'transfer' THEN theirs.id ELSE till() END AS credit,
               CASE d.kind WHEN 'purchase' THEN d.coins * d.number ELSE d.coins END AS amount, d.at
        FROM demo_deeds d JOIN purses own ON own.owner = d.owner LEFT JOIN purses theirs ON theirs.owner = d.payee
        UNION ALL
        SELECT d.id, 2, d.asset, mint(), basket.id, d.number, d.at
        FROM demo_deeds d JOIN accounts basket ON (basket.owner, basket.asset) = (d.owner, d.asset)
        WHERE d.kind = 'purchase'
      ), lines AS MATERIALIZED (
        SELECT account, at, sum(change) OVER along AS balance, row_number() OVER along AS version
        FROM (SELECT debit AS account, -amount AS change, at FROM moves
              UNION ALL SELECT credit, amount, at FROM moves) l
        WHERE account >= 1000 WINDOW along AS (PARTITION BY account ORDER BY at)
      ), last AS (
        UPDATE accounts a SET balance = l.balance, version = l.version, moved_at = l.at
        FROM (SELECT DISTINCT ON (account) * FROM lines ORDER BY account, version DESC) l WHERE a.id = l.account
      )
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
      SELECT m.id, m.ordinal, m.asset, m.debit, m.credit, m.amount, d.balance, d.version, c.balance, c.version, m.at
      FROM moves m LEFT JOIN lines d ON (d.account, d.at) = (m.debit, m.at)
      LEFT JOIN lines c ON (c.account, c.at) = (m.credit, m.at)
      ORDER BY m.at, m.ordinal
      """)
  }

  /// If the shop does not sell it any more, there is no order.
  private static func order(
    _ item: String, _ size: String, for person: Int, on connection: borrowing Connection
  ) throws {
    let size: UUID = try connection.value(
      "SELECT id FROM classifiers WHERE classifier = 'quality_level' AND code = \(size)")
    let id: UUID = try connection.value("SELECT \(raw: self.person(person))")
    do {
      _ = try Purchase(item: item, quantity: 1, qualityLevel: size).make(
        Intent(owner: id, key: nil, requestID: nil), on: connection)
    } catch is LedgerRefusal {}
  }
}
