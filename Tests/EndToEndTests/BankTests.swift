import FoundationEssentials
import Glibc
import Postgres
import Support
import Testing

/// Many customers move coins and goods while their workers are killed again and again. The final balances follow from
/// the answers, and from nothing else. TUCKSHOP_BANK_SECONDS sets the duration.
@Suite(.tiers(.e2e, .faults, .slow, .concurrency))
struct BankTests {
  private static let seconds = ProcessInfo.processInfo.environment["TUCKSHOP_BANK_SECONDS"].flatMap { Int($0) } ?? 12
  private static let workers = 8

  @Test func `however workers die, the ledger holds every answered coin and good exactly once`() throws {
    // Longer than PostgreSQL's deadlock timeout: a cycle of waiting shows as a deadlock, not as a lock timeout.
    let world = try World(["TUCKSHOP_LOCK_TIMEOUT_MS": "2500", "TUCKSHOP_APP_WORKERS": "\(Self.workers)"])
    let customers = try Customers(of: world)
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let killing = Job { try killWorkers(of: world, serving: customers, until: end) }
    let asking = Result { try customers.ask(seed: 7, threads: 16, until: end) }
    let (kills, paid) = try killing.value()
    try asking.get()
    try eventually("the pool is whole again") { try world.workers("app").count == Self.workers }
    let unanswered = customers.wishes.undecided.count
    let settling = Result { try customers.settle() }

    let told = customers.wishes.state
    #expect(told.contradictions.isEmpty, "\(told.contradictions.prefix(5))")
    #expect(Set(told.statuses.keys).isSubset(of: [0, 200, 201, 400, 404, 409, 503]), "\(told.statuses)")
    try settling.get()
    let database = try patient(world)
    try expectHoldings(Tally(told.entries, paid: paid), database)
    try expectOperations(told.entries, database)
    try expectNoDeadlock(world, database)
    let (status, log) = try world.tuckshop("verify")
    #expect(status == 0, "\(log)")
    try expectEnough(told, kills: kills, unanswered: unanswered, database)
    #expect(try world.workers("app").count == Self.workers)
    #expect(try world.stop() == 0)
  }

  /// Kills one worker after the other. Each time a customer is paid, or soon nobody would have anything to lose.
  private func killWorkers(
    of world: World, serving customers: Customers, until end: ContinuousClock.Instant
  ) throws -> (kills: Int, paid: [String: Int]) {
    let database = try patient(world)
    var (kills, paid) = (0, [String: Int]())
    while ContinuousClock.now < end {
      guard let victim = try world.workers("app").randomElement(), kill(victim, SIGKILL) == 0 else { continue }
      kills += 1
      let name = Customers.names.randomElement()!
      try database.run(
        """
        SELECT grant_coins(\(UUID()), id, \(UUID()), NULL, NULL, 200, 'wages') FROM users WHERE username = \(name)
        """)
      paid[name, default: 0] += 200
      let goal = customers.wishes.definite + 20
      try eventually("the pool is whole again") { try world.workers("app").count == Self.workers }
      try eventually("people are served") { customers.wishes.definite >= goal || ContinuousClock.now >= end }
    }
    return (kills, paid)
  }

  private func patient(_ world: World) throws -> Connection {
    let database = try world.database()
    database.limit(to: .after(milliseconds: 3_600_000))
    try database.perform("SET statement_timeout = '10min'; SET lock_timeout = '1min'")
    return database
  }

  private func expectHoldings(_ tally: Tally, _ database: borrowing Connection) throws {
    let coins = try database.rows(
      """
      SELECT u.username, a.balance FROM accounts a JOIN users u ON u.id = a.owner
      WHERE a.asset = 1 AND u.username LIKE 'customer-%'
      """
    ) { (name: try $0.value(0, as: String.self), balance: try $0.value(1, as: Int.self)) }
    let goods = try database.rows(
      """
      SELECT coalesce(u.username, 'the shop') || ': ' || i.code, a.balance
      FROM accounts a JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id
      LEFT JOIN users u ON u.id = a.owner
      WHERE a.section = 'main' AND a.balance <> 0 AND (u.username LIKE 'customer-%' OR i.code = 'poster')
      """
    ) { (name: try $0.value(0, as: String.self), balance: try $0.value(1, as: Int.self)) }
    let differences = differences(coins, tally.coins) + differences(goods, tally.goods)
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    #expect(coins.map(\.balance).reduce(0, +) + tally.spent == tally.granted)
    #expect(tally.goods["the shop: poster"]! >= 0, "oversold")
    let granted: Int = try database.value(
      """
      SELECT sum(p.amount)::bigint FROM postings p JOIN operations o ON o.id = p.operation
      JOIN users u ON u.id = o.owner WHERE o.kind = 'grant' AND u.username LIKE 'customer-%'
      """)
    #expect(granted == tally.granted)
    let overdrawn: Int = try database.value(
      """
      SELECT (SELECT count(*) FROM accounts WHERE balance < 0)
           + (SELECT count(*) FROM postings WHERE debit_balance < 0 OR credit_balance < 0)
      """)
    #expect(overdrawn == 0)
  }

  private func differences(_ held: [(name: String, balance: Int)], _ due: [String: Int]) -> [String] {
    let held = Dictionary(uniqueKeysWithValues: held)
    return Set(held.keys).union(due.keys).filter { held[$0, default: 0] != due[$0, default: 0] }.sorted()
      .map { "\($0) \(held[$0, default: 0]), not \(due[$0, default: 0])" }
  }

  /// Each key occurs once, with its effect: everything that was asked if it was done, nothing if it was refused.
  private func expectOperations(_ entries: [Wishes.Entry], _ database: borrowing Connection) throws {
    let kept = try database.rows(
      """
      SELECT o.key::text, format('%s: %s %s, %s postings of %s coins and %s goods', u.username, o.kind,
        CASE o.outcome WHEN 'done' THEN 'done' ELSE 'refused' END, count(p),
        coalesce(sum(p.amount) FILTER (WHERE p.asset = 1), 0), coalesce(sum(p.amount) FILTER (WHERE p.asset > 1), 0))
      FROM operations o JOIN users u ON u.id = o.owner LEFT JOIN postings p ON p.operation = o.id
      WHERE o.kind IN ('transfer', 'purchase') AND u.username LIKE 'customer-%' GROUP BY o.id, u.username
      """
    ) { (key: try $0.value(0, as: String.self), text: try $0.value(1, as: String.self)) }
    let byKey = Dictionary(grouping: kept, by: \.key).mapValues { $0.map(\.text) }
    let differences = entries.filter { byKey[$0.wish.key] != [$0.due] }
      .map { "\($0.wish.key): \($0.due), but there is \(byKey[$0.wish.key] ?? [])" }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    #expect(kept.count == entries.count)
  }

  /// A session may report its statistics late; the log does not.
  private func expectNoDeadlock(_ world: World, _ database: borrowing Connection) throws {
    try database.perform("SELECT pg_stat_force_next_flush()")
    let deadlocks: Int = try database.value("SELECT deadlocks FROM pg_stat_database WHERE datname = 'tuckshop'")
    #expect(deadlocks == 0)
    let log = try read(world.directory / "log/postgres.log")
    #expect(!log.contains("deadlock detected"))
  }

  /// Each kind of event has happened; otherwise the test would prove little.
  private func expectEnough(
    _ told: Wishes.State, kills: Int, unanswered: Int, _ database: borrowing Connection
  ) throws {
    #expect(kills > 0)
    #expect(unanswered > 0)
    #expect(told.entries.contains { $0.replayed > 0 })
    #expect(told.entries.contains { $0.told?.isDone == false && $0.asked > 1 })
    let outcomes = try database.rows("SELECT DISTINCT kind || ' ' || outcome FROM operations") {
      try $0.value(0, as: String.self)
    }
    let due: Set = [
      "transfer done", "transfer insufficient_funds", "transfer to_oneself", "transfer unknown_recipient",
      "purchase done", "purchase insufficient_funds", "purchase out_of_stock", "purchase unknown_item",
    ]
    #expect(due.isSubset(of: outcomes), "\(outcomes)")
    let lastCoins: Int = try database.value("SELECT count(*) FROM postings WHERE asset = 1 AND debit_balance = 0")
    #expect(lastCoins > 0)
  }
}
