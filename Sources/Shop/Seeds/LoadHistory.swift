internal import Postgres

/// The rows, as the ledger's functions would have written them: versions without a gap, the balance after each
/// posting on both sides, and moments that increase along every account.
extension LoadSeed {
  func makePeople(_ from: Int, _ to: Int, _ world: LoadWorld, on connection: borrowing Connection) throws {
    try connection.run(
      """
      INSERT INTO users (id, username, password_hash, created_at, updated_at)
      SELECT \(raw: LoadWorld.user("n")), \(raw: LoadWorld.name("n")), \(passwordHash), at, at
      FROM generate_series(\(from)::bigint, \(to)::bigint) n,
           LATERAL (SELECT \(raw: LoadWorld.moment(world.microseconds("n", step: 0))) AS at) moment
      """)
  }

  /// As they are in the end.
  func makeAccounts(_ from: Int, _ to: Int, _ world: LoadWorld, on connection: borrowing Connection) throws {
    let last = LoadWorld.moment(world.microseconds("n", step: Self.rounds.count + 2))
    let beforeLast = LoadWorld.moment(world.microseconds("n", step: Self.rounds.count + 1))
    try connection.run(
      """
      WITH goods AS MATERIALIZED (\(raw: LoadWorld.goods)), people AS (
        SELECT n, \(raw: LoadWorld.user("n")) AS id, first.asset AS first, second.asset AS second,
               \(Self.coins)::bigint - first.price - second.price AS coins
        FROM generate_series(\(from)::bigint, \(to)::bigint) n
        JOIN goods first ON first.number = \(raw: world.good("n", purchase: 1))
        JOIN goods second ON second.number = \(raw: world.good("n", purchase: 2))
      )
      INSERT INTO accounts (id, owner, asset, section, balance, version, moved_at, bought) OVERRIDING SYSTEM VALUE
      SELECT \(world.accounts)::bigint + n, id, 1, 'main', coins, \(1 + 2 * Self.rounds.count + 2)::bigint,
             \(raw: last), 0 FROM people
      UNION ALL
      SELECT \(world.accounts + people)::bigint + n, id, first, 'main', 1, 1, \(raw: beforeLast), 1 FROM people
      UNION ALL
      SELECT \(world.accounts + 2 * people)::bigint + n, id, second, 'main', 1, 1, \(raw: last), 1 FROM people
      """)
  }

  func makeWelcomes(_ from: Int, _ to: Int, _ world: LoadWorld, on connection: borrowing Connection) throws {
    try connection.run(
      """
      WITH made AS MATERIALIZED (
        SELECT n, \(raw: LoadWorld.user("n")) AS owner, \(raw: LoadWorld.operation("us", "n")) AS id,
               \(raw: LoadWorld.moment("us")) AS at
        FROM generate_series(\(from)::bigint, \(to)::bigint) n,
             LATERAL (SELECT \(raw: world.microseconds("n", step: 0)) AS us) moment
      ), operation AS (
        INSERT INTO operations (id, owner, kind, key, content, outcome, at, amount, note)
        SELECT id, owner, 'grant', welcome_key(), digest_of(\(String(Self.coins)), 'welcome'), 'done', at,
               \(Self.coins), 'welcome'
        FROM made
      )
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
      SELECT id, 1, 1, mint(), \(world.accounts)::bigint + n, \(Self.coins), NULL, NULL, \(Self.coins), 1, at FROM made
      """)
  }

  /// A person behind the distance receives first and sends later; the others send first.
  func makeTransfers(
    _ from: Int, _ to: Int, _ round: Int, _ world: LoadWorld, on connection: borrowing Connection
  ) throws {
    let amount = Self.rounds[round - 1]
    let distance = world.distance(round: round)
    let version = 1 + 2 * (round - 1)
    try connection.run(
      """
      WITH made AS MATERIALIZED (
        SELECT n, payee, \(raw: LoadWorld.user("n")) AS owner, \(raw: LoadWorld.operation("us", "n")) AS id,
               \(raw: LoadWorld.moment("us")) AS at
        FROM generate_series(\(from)::bigint, \(to)::bigint) n, LATERAL (
          SELECT \(raw: world.microseconds("n", step: round)) AS us,
                 (n - 1 + \(distance)::bigint) % \(people)::bigint + 1 AS payee) moment
      ), operation AS (
        INSERT INTO operations (id, owner, kind, content, outcome, actor, at, counterpart, amount)
        SELECT id, owner, 'transfer', digest_of(\(raw: LoadWorld.name("payee")), \(String(amount)), NULL), 'done',
               owner, at, \(raw: LoadWorld.user("payee")), \(amount)
        FROM made
      )
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
      SELECT id, 1, 1, \(world.accounts)::bigint + n, \(world.accounts)::bigint + payee, \(amount)::bigint,
             \(Self.coins)::bigint - CASE WHEN n > \(distance) THEN 0 ELSE \(amount)::bigint END,
             \(version)::bigint + CASE WHEN n > \(distance) THEN 2 ELSE 1 END,
             \(Self.coins)::bigint + CASE WHEN payee > \(distance) THEN \(amount)::bigint ELSE 0 END,
             \(version)::bigint + CASE WHEN payee > \(distance) THEN 1 ELSE 2 END, at
      FROM made
      """)
  }

  func makePurchases(
    _ from: Int, _ to: Int, _ purchase: Int, _ world: LoadWorld, on connection: borrowing Connection
  ) throws {
    let step = Self.rounds.count + purchase
    let spentBefore = purchase == 1 ? "0" : "before.price"
    try connection.run(
      """
      WITH goods AS MATERIALIZED (\(raw: LoadWorld.goods)), made AS MATERIALIZED (
        SELECT n, \(raw: LoadWorld.user("n")) AS owner, \(raw: LoadWorld.operation("us", "n")) AS id,
               \(raw: LoadWorld.moment("us")) AS at, good.id AS item, good.code, good.asset, good.price,
               \(Self.coins)::bigint - \(raw: spentBefore) - good.price AS coins
        FROM (SELECT n, \(raw: world.microseconds("n", step: step)) AS us
              FROM generate_series(\(from)::bigint, \(to)::bigint) n) moment
        JOIN goods good ON good.number = \(raw: world.good("n", purchase: purchase))
        JOIN goods before ON before.number = \(raw: world.good("n", purchase: 1))
      ), operation AS (
        INSERT INTO operations (id, owner, kind, content, outcome, actor, at, item_id, amount, quantity)
        SELECT id, owner, 'purchase', purchase_content(code, 1, NULL, NULL), 'done', owner, at, item, price, 1 FROM made
      ), fetched AS (
        INSERT INTO orders (owner, id, asset, quantity, status, ready_at, handed_over_at)
        SELECT owner, id, asset, 1, 'handed_over', at + interval '1 hour', at + interval '1 day' FROM made
      )
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
      SELECT id, 1, 1, \(world.accounts)::bigint + n, till(), price, coins,
             \(1 + 2 * Self.rounds.count + purchase)::bigint, NULL, NULL, at FROM made
      UNION ALL
      SELECT id, 2, asset, mint(), \(world.accounts + purchase * people)::bigint + n, 1, NULL, NULL, 1, 1, at FROM made
      """)
  }
}
