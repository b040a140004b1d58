import FoundationEssentials
import Glibc
import Ledger
import Postgres
import Shop
import Support
import Testing

/// Everything that takes locks is tested here: random programs of several sessions, stepped through in random orders.
@Suite(.tiers(.database, .concurrency))
struct ExplorerTests {
  /// The duration; TUCKSHOP_EXPLORER_SECONDS makes it longer.
  static let seconds = Int(setting("SECONDS") ?? "") ?? 15
  /// A new seed in each run, unless TUCKSHOP_EXPLORER_SEED names the first one.
  static let firstSeed = UInt64(setting("SEED") ?? "") ?? UInt64.random(in: 1...1_000_000_000) * 1_000_000

  private static func setting(_ name: String) -> String? {
    ProcessInfo.processInfo.environment["TUCKSHOP_EXPLORER_\(name)"]
  }

  /// Two orders of steps that once did harm, and some that must never do any.
  static let known: [(name: String, scenario: Scenario)] = [
    (
      "a reservation waits for factory while main is opened and changed",
      Scenario(
        people: [.init(rank: 1, coins: 4, main: nil, factory: 2)], items: [.init(stock: nil), .init(stock: nil)],
        sessions: [
          [.init(call: .adjust(of: 0, item: 0, .factory, change: 1, key: nil), isOpen: true)],
          [.init(call: .reserve(by: 0, item: 0, quantity: 1, key: 1, isOverdue: false), isOpen: false)],
          [.init(call: .add(to: 0, item: 0, .main, quantity: 5, key: 1), isOpen: false)],
          [.init(call: .adjust(of: 0, item: 0, .main, change: 3, key: nil), isOpen: true)],
        ],
        order: [0, 1, 2, 3, 0, 3])
    ),
    (
      "a transfer opens a purse while it holds another",
      Scenario(
        people: [
          .init(rank: 2, coins: 4, main: nil, factory: nil), .init(rank: 1, coins: nil, main: nil, factory: nil),
        ],
        items: [.init(stock: nil), .init(stock: nil)],
        sessions: [
          [.init(call: .grant(to: 0, amount: 1, key: 1), isOpen: true)],
          [.init(call: .transfer(from: 0, to: 1, amount: 1, key: nil), isOpen: false)],
          [.init(call: .grant(to: 1, amount: 2, key: 1), isOpen: false)],
          [.init(call: .transfer(from: 1, to: 0, amount: 1, key: nil), isOpen: false)],
        ],
        order: [0, 1, 2, 3, 0])
    ),
    ("a hand-over and a cancellation meet", atOnce(.handOver, .cancel)),
    ("a cancellation and a hand-over meet", atOnce(.cancel, .handOver)),
    ("two cancellations meet", atOnce(.cancel, .cancel)),
  ]

  /// Two changes of an order that is ready: the second one begins before the first one is committed.
  private static func atOnce(_ first: OrderChange, _ second: OrderChange) -> Scenario {
    Scenario(
      people: [.init(rank: 1, coins: 4, main: nil, factory: nil)], items: [.init(stock: 1), .init(stock: nil)],
      first: .ready,
      sessions: [
        [.init(call: .change(first, of: .first, byOwner: false), isOpen: true)],
        [.init(call: .change(second, of: .first, byOwner: false), isOpen: false)],
      ],
      order: [0, 1, 0])
  }

  @Test(arguments: known)
  func `a known scenario succeeds`(name: String, scenario: Scenario) throws {
    try withFreshDatabase { database in
      let faults = try Explorer(database: database).play(scenario)
      #expect(faults.isEmpty, "\(name)")
    }
  }

  @Test func `no order of steps loses anything, repeats anything, or ends in a deadlock`() throws {
    try withFreshDatabase { name in
      let explorer = try Explorer(database: name)
      var seed = Self.firstSeed
      let end = monotonicSeconds() + Double(Self.seconds)
      var findings: [String] = []
      while findings.count < 3 && (monotonicSeconds() < end || seed < Self.firstSeed + 100) {
        if let finding = try explorer.explore(seed: seed) { findings.append("\(finding)") }
        seed += 1
      }
      print("The explorer played \(seed - Self.firstSeed) schedules from seed \(Self.firstSeed) on.")
      for finding in findings { Issue.record("\(finding)") }

      var differences: [String] = []
      let connection = try TestCluster.connection(database: name)
      connection.limit(to: .after(milliseconds: 600_000))
      try connection.perform("SET statement_timeout = 0")
      var verification = Verification(report: { differences.append($0.description) })
      _ = try verification.run(on: connection)
      #expect(differences.isEmpty)
    }
  }
}
