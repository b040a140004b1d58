import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// Invariants of the ledger, over random histories of concurrent clients.
@Suite(.tiers(.database, .concurrency))
struct InvariantTests {
  static let seeds: [UInt64] = [1, 2]

  @Test(arguments: seeds)
  func `only the mint, the till and the sink create or destroy anything`(seed: UInt64) throws {
    try withHistory(seed) { history, connection in
      try expectBalance(connection)
      let odd: Int = try connection.value(
        """
        SELECT count(*) FROM postings p WHERE amount <= 0 OR debit = credit
          OR asset IS DISTINCT FROM (SELECT asset FROM accounts WHERE id = debit) AND debit >= 1000
          OR asset IS DISTINCT FROM (SELECT asset FROM accounts WHERE id = credit) AND credit >= 1000
        """)
      #expect(odd == 0)
      // Compared with the answers to clients, not with the ledger's own totals.
      let tally = Tally(history.history)
      let coins: Int = try connection.value("SELECT sum(balance)::bigint FROM accounts WHERE asset = 1")
      #expect(coins == tally.balances.reduce(0, +))
      let mugs: Int = try connection.value(
        """
        SELECT sum(a.balance)::bigint FROM accounts a JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id
        WHERE i.code = 'mug'
        """)
      #expect(mugs == RandomHistory.mugs)
      let caps: Int = try connection.value(
        """
        SELECT sum(a.balance)::bigint FROM accounts a JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id
        WHERE i.code = 'cap'
        """)
      #expect(caps == tally.goods["cap"] ?? 0)
    }
  }

  @Test(arguments: seeds)
  func `no account is ever below zero, or above 2^53 - 1`(seed: UInt64) throws {
    try withHistory(seed) { history, connection in
      let chains = try Chain.all(connection)
      for chain in chains {
        #expect(chain.links.allSatisfy { (0...RandomHistory.most).contains($0.balance) }, "\(chain)")
        #expect((0...RandomHistory.most).contains(chain.balance), "\(chain)")
      }
      // Both limits were reached; otherwise the test would prove little.
      let refusals = history.exchanges.map { "\($0.told)" }
      for word in ["insufficientFunds", "outOfStock", "overflow"] {
        #expect(refusals.contains { $0.contains(word) }, "\(word)")
      }
    }
  }

  @Test(arguments: seeds)
  func `an account equals its postings, whose versions have no gap and which carry the balance after them`(
    seed: UInt64
  ) throws {
    try withHistory(seed) { _, connection in
      for chain in try Chain.all(connection) {
        var (balance, version, moment) = (0, 0, 0)
        for link in chain.links {
          (balance, version) = (balance + link.change, version + 1)
          #expect((link.balance, link.version) == (balance, version), "\(chain)")
          #expect(link.moment > moment, "\(chain)")
          moment = link.moment
        }
        #expect((chain.balance, chain.version, chain.moment) == (balance, version, moment), "\(chain)")
      }
    }
  }

  @Test(arguments: seeds)
  func `a written row never changes, and no row is inserted before it`(seed: UInt64) throws {
    try withHistory(seed, isWatched: true) { history, connection in
      let written = try Set(Writing.all(connection))
      let chains = Dictionary(uniqueKeysWithValues: try Chain.all(connection).map { ($0.account, $0.links) })
      for glance in history.glances {
        #expect(glance.writings.allSatisfy(written.contains))
        for chain in glance.chains {
          #expect(chains[chain.account]?.starts(with: chain.links) == true, "\(chain)")
        }
      }
      // Some reads happened while more was written.
      #expect(history.glances.contains { !$0.writings.isEmpty && $0.writings.count < written.count })
    }
  }

  @Test(arguments: seeds)
  func `one intent is one operation: a repetition gets the same answer, another content is refused`(seed: UInt64) throws
  {
    try withHistory(seed) { history, connection in
      let byIdentity = Dictionary(grouping: history.exchanges.filter { $0.identity != nil }) { $0.identity! }
      var (replays, reuses) = (0, 0)
      for (identity, exchanges) in byIdentity where !exchanges[0].mayBeAskedUntilDone {
        let answered = exchanges.filter { $0.told != .refused("keyReused") }
        // Of several contents under one key only one was accepted, and all requests for it got the same outcome.
        #expect(Set(answered.map(\.wish)).count == 1, "\(identity)")
        #expect(Set(answered.map(\.told)).count == 1, "\(identity)")
        let isDone = answered.contains(where: \.isDone)
        #expect(answered.filter { $0.isDone && !$0.isReplay }.count == (isDone ? 1 : 0), "\(identity)")
        #expect(exchanges.allSatisfy { $0.told != .refused("keyReused") || $0.wish != answered.first?.wish })
        replays += answered.count - 1
        reuses += exchanges.count - answered.count
      }
      for (identity, exchanges) in byIdentity where exchanges[0].mayBeAskedUntilDone {
        #expect(Set(exchanges.filter(\.isDone).map(\.told)).count <= 1, "\(identity)")
        #expect(exchanges.filter { $0.isDone && !$0.isReplay }.count <= 1, "\(identity)")
      }
      #expect(replays > 100 && reuses > 10)
      let keys: Int = try connection.value(
        "SELECT count(DISTINCT (owner, kind, key)) - count(key) FROM operations WHERE key IS NOT NULL")
      let operations: Int = try connection.value("SELECT count(*) FROM operations")
      let ids: Int = try connection.value("SELECT count(DISTINCT id) FROM operations")
      #expect((keys, ids) == (0, operations))
    }
  }

  @Test(arguments: seeds)
  func `a client that repeats until it has an answer gets one effect, however often the session breaks`(seed: UInt64)
    throws
  {
    try withHistory(seed, isInterrupted: true) { history, connection in
      #expect(history.interruptions > 10)
      let tally = Tally(history.history)
      for (index, person) in history.people.enumerated() {
        let coins = try connection.coins(person)
        #expect(coins == tally.balances[index], "person \(index)")
      }
      for case .done(let operation?, _) in history.exchanges.map(\.told) {
        let count: Int = try connection.value(
          "SELECT count(*) FROM operations WHERE id = \(operation) AND outcome = 'done'")
        #expect(count == 1)
      }
      try expectBalance(connection)
    }
  }

  @Test func `an answer waits until the log is on the disk, and no setting of a role or database changes that`() throws
  {
    let app = try TestCluster.connection(user: TestCluster.app)
    let level: String = try app.value("SELECT current_setting('synchronous_commit')")
    #expect(level == "on")
    let overridden: Int = try app.value(
      """
      SELECT (SELECT count(*) FROM pg_db_role_setting, unnest(setconfig) s WHERE s LIKE 'synchronous_commit=%')
           + (SELECT count(*) FROM pg_proc, unnest(proconfig) s WHERE s LIKE 'synchronous_commit=%')
      """)
    #expect(overridden == 0)
  }

  @Test(arguments: seeds)
  func `no call waits in a cycle`(seed: UInt64) throws {
    try withHistory(seed) { _, connection in
      try connection.perform("SELECT pg_stat_force_next_flush()")
      let deadlocks: Int = try connection.value(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
      #expect(deadlocks == 0)
    }
  }
}
