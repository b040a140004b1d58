import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// TUCKSHOP_CROWD_STEPS makes the run longer: it is the number of requests of each thread.
@Suite(.tiers(.database, .concurrency, .slow))
struct CrowdTests {
  private static let steps = ProcessInfo.processInfo.environment["TUCKSHOP_CROWD_STEPS"].flatMap { Int($0) } ?? 60

  @Test func `concurrent clients lose nothing, double nothing, and never wait in a cycle`() throws {
    try withFreshDatabase { database in
      let crowd = try Crowd(in: database)
      try crowd.run(seed: 11, threads: 32, steps: Self.steps)
      let told = crowd.outcome
      let connection = try TestCluster.connection(database: database)
      try Reservation.expireDue(of: nil, on: connection)

      for (place, code) in Crowd.codes.enumerated() {
        let held: Int = try connection.value(
          """
          SELECT coalesce(sum(a.balance), 0)::bigint FROM accounts a JOIN assets s ON s.id = a.asset
          WHERE s.item_id = \(crowd.items[place]) AND a.owner IS NOT NULL
          """)
        #expect(held == told.gained[place], "\(code)")
      }
      let coins: Int = try connection.value(
        "SELECT sum(balance)::bigint FROM accounts WHERE asset = 1 AND owner IS NOT NULL")
      #expect(coins == 4_000_000 - told.sold.reduce(0, +))
      #expect(try shelf(crowd, "mug", connection) == Crowd.mugs - told.sold[0])
      #expect(told.sold[0] <= Crowd.mugs)
      // Each kind of event has happened; otherwise the test would prove little.
      for word in ["insufficientItems", "outOfStock", "reservationClosed"] {
        #expect(told.refusals[word] != nil, "\(word)")
      }
      for what in ["buy", "reserve", "return", "consume", "add", "adjust", "expire", "restock"] {
        #expect(told.done[what] != nil, "\(what)")
      }
      let expired: Int = try connection.value("SELECT count(*) FROM reservations WHERE status = 'expired'")
      #expect(expired > 0)
      try connection.expectSound()
    }
  }

  @Test func `the last items are sold to exactly as many buyers`() throws {
    try withFreshDatabase { database in
      let crowd = try Crowd(in: database)
      let admin = try TestCluster.connection(database: database)
      try Inventory.setStock(crowd.items[0], 50, by: Editor(crowd.owners[0]), on: admin)
      let sold = try onThreads(32) { index in
        let connection = try TestCluster.connection(user: TestCluster.app, database: database)
        var sold = 0
        for _ in 0..<5 {
          let intent = Intent(
            id: UUID(), owner: crowd.owners[index % 4], key: index.isMultiple(of: 3) ? UUID() : nil, requestID: nil)
          do {
            _ = try Purchase(item: "mug", quantity: 1).make(intent, on: connection)
            sold += 1
          } catch let refusal as LedgerRefusal where refusal.word == .outOfStock {
            #expect(refusal.available == 0)
          }
        }
        return sold
      }
      #expect(sold.reduce(0, +) == 50)
      #expect(try shelf(crowd, "mug", admin) == 0)
      try admin.expectSound()
    }
  }

  private func shelf(_ crowd: Crowd, _ code: String, _ connection: borrowing Connection) throws -> Int {
    let item = crowd.items[Crowd.codes.firstIndex(of: code)!]
    return try connection.value("SELECT stock_of(s) FROM assets s WHERE s.item_id = \(item)")
  }
}

extension Connection {
  /// The ledger equals its postings, and PostgreSQL ended no session to break a deadlock.
  fileprivate func expectSound() throws {
    var differences: [String] = []
    var verification = Verification { differences.append("\($0)") }
    let extent = try verification.run(on: self)
    #expect(extent.differences == 0, "\(differences.prefix(5))")
    try perform("SELECT pg_stat_force_next_flush()")
    let deadlocks: Int = try value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    #expect(deadlocks == 0)
  }
}
