import FoundationEssentials
import Postgres
import Shop
import Support
import Testing

/// Totals compared with a direct count of the same operations.
@Suite(.tiers(.database))
struct StatisticsTests {
  @Test(arguments: 1...4) func `totals plus later operations equal a direct count`(seed: UInt64) throws {
    try withFreshDatabase { database in
      let books = try RandomBooks(seed, in: database)
      let app = try TestCluster.connection(user: TestCluster.app, database: database)
      app.limit(to: .after(milliseconds: 300_000))
      // A transaction of another session, open during the roll-up: its rows become visible later than newer ones.
      let slow = try TestCluster.connection(database: database)
      slow.limit(to: .after(milliseconds: 300_000))
      for _ in 0..<6 {
        try books.write(40, on: books.owner)
        try slow.perform("BEGIN")
        try books.write(5, inOpenTransaction: true, on: slow)
        try books.write(20, on: books.owner)
        while try Statistics.rollUp(before: books.latest, most: 7, on: books.ops) {}
        try books.expectTheSame(on: app)
        try slow.perform("COMMIT")
        try books.expectTheSame(on: app)
        _ = try Statistics.rollUp(before: books.latest, most: 7, on: books.ops)
        try books.expectTheSame(on: app)
      }
      try books.takeAll()
      try books.expectTheSame(on: app)
      try books.owner.run("SELECT forget_totals()")
      try books.expectTheSame(on: app)
      try books.takeAll()
      try books.expectTheSame(on: app)
    }
  }

  @Test func `no figure reads an operation that the totals already contain`() throws {
    try withFreshDatabase { database in
      let books = try RandomBooks(5, in: database)
      try books.write(2000, on: books.owner)
      let app = try TestCluster.connection(user: TestCluster.app, database: database)
      app.limit(to: .after(milliseconds: 300_000))
      try books.takeAll()
      try books.write(5, on: books.owner)
      func read(_ table: String) throws -> Int {
        try app.value(
          """
          SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
          FROM pg_stat_xact_user_tables WHERE relname = \(table)
          """)
      }
      // A session adds to its own statistics until a transaction ends, so the difference within one counts.
      try app.perform("BEGIN")
      let before = (operations: try read("operations"), totals: try read("transfer_totals"))
      for period in Leaderboard.Period.allCases { _ = try Leaderboard.givers(period, 10, on: app) }
      let after = (operations: try read("operations"), totals: try read("transfer_totals"))
      #expect(after.operations == before.operations && after.totals - before.totals <= 40)
      let statistics = Statistics(from: books.days.first, to: books.days.last)
      _ = try Statistics.coinsInCirculation(on: app)
      _ = try statistics.purchases(on: app)
      for side in [Statistics.Side.givers, .receivers] { _ = try statistics.top(side, 10, on: app) }
      // Each of the four reads the five later operations, and a transfer that one of them undid.
      let rest = try read("operations") - after.operations
      #expect((5...60).contains(rest), "\(rest)")
      try app.perform("ROLLBACK")
    }
  }

  @Test func `a report reads the totals of its period, and no operation that they contain`() throws {
    try withFreshDatabase { database in
      let books = try RandomBooks(8, in: database)
      try books.write(2000, on: books.owner)
      try books.takeAll()
      // Ten years of other days.
      try books.owner.run(
        """
        INSERT INTO coin_totals (day, granted, spent, returned, sent, outstanding)
        SELECT \(books.days.first)::date - n, 0, 0, 0, 0, 0 FROM generate_series(1, 3650) n
        """)
      try books.owner.run(
        """
        INSERT INTO purchase_totals (day, asset, purchases, quantity, coins, returned, returned_coins)
        SELECT \(books.days.first)::date - n, 2, 1, 1, 1, 0, 0 FROM generate_series(1, 3650) n
        """)
      try books.owner.perform("ANALYZE coin_totals, purchase_totals, operations, postings")
      let app = try TestCluster.connection(user: TestCluster.app, database: database)
      app.limit(to: .after(milliseconds: 300_000))
      func read(_ tables: String) throws -> Int {
        try app.value(
          """
          SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
          FROM pg_stat_xact_user_tables WHERE relname = ANY (\(tables)::text[])
          """)
      }
      let reports = Reports(from: books.days.first, to: books.days.last)
      try app.perform("BEGIN")
      let (operations, totals) = (try read("{operations,postings}"), try read("{coin_totals,purchase_totals}"))
      let days = try reports.coins(on: app).count
      let afterCoins = try read("{coin_totals,purchase_totals}")
      _ = try reports.purchases(on: app)
      _ = try reports.stock(on: app)
      #expect(days == 101)
      #expect(afterCoins - totals <= days)
      // Two reports, and three items on each day at most.
      #expect(try read("{coin_totals,purchase_totals}") - afterCoins <= 2 * 3 * days)
      #expect(try read("{operations,postings}") == operations)
      try app.perform("ROLLBACK")
    }
  }

  @Test func `nothing is written if there is nothing to add`() throws {
    try withFreshDatabase { database in
      let books = try RandomBooks(6, in: database)
      try books.write(10, on: books.owner)
      try books.takeAll()
      try books.ops.perform("BEGIN")
      let isMore = try Statistics.rollUp(before: books.latest, most: 7, on: books.ops)
      let hasNoNumber: Bool = try books.ops.value("SELECT pg_current_xact_id_if_assigned() IS NULL")
      try books.ops.perform("ROLLBACK")
      #expect(!isMore && hasNoNumber)
    }
  }

  @Test func `the top givers of the current day, week, month and year come first`() throws {
    try withFreshDatabase { database in
      let books = try RandomBooks(7, in: database)
      let app = try TestCluster.connection(user: TestCluster.app, database: database)
      app.limit(to: .after(milliseconds: 300_000))
      try books.write(300, on: books.owner)
      for (giver, coins) in [(2, 10_000), (0, 90_000), (1, 50_000)] { try books.give(coins, from: giver) }
      try books.takeAll()
      for period in Leaderboard.Period.allCases {
        let names = String(decoding: try Leaderboard.givers(period, 3, on: app).bytes, as: UTF8.self)
        #expect(names == #"["p0","p1","p2"]"#, "\(period)")
      }
      try books.owner.run("UPDATE users SET deleted_at = now() WHERE username = 'p1'")
      #expect(String(decoding: try Leaderboard.givers(.year, 2, on: app).bytes, as: UTF8.self) == #"["p0","p2"]"#)
    }
  }
}
