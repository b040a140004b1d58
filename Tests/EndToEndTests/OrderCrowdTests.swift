import FoundationEssentials
import Glibc
import Postgres
import Support
import Synchronization
import Testing

/// 32 threads buy, prepare, hand over, cancel and return the same few pieces, while workers are killed.
/// TUCKSHOP_ORDER_SECONDS sets the duration.
@Suite(.tiers(.e2e, .faults, .slow, .concurrency))
struct OrderCrowdTests {
  private static let seconds = ProcessInfo.processInfo.environment["TUCKSHOP_ORDER_SECONDS"].flatMap { Int($0) } ?? 10
  private static let pieces = 3
  private static let price = 7

  @Test func `nothing is oversold or refunded twice, whatever the order of purchases and refunds`() throws {
    let world = try World(["TUCKSHOP_APP_WORKERS": "8", "TUCKSHOP_LOCK_TIMEOUT_MS": "2500"])
    let desk = "Bearer \(try world.adminToken())"
    let buyers = try (0..<6).map { "Bearer \(try world.merchToken("buyer-\($0)"))" }
    #expect(try ask(world, "/api/v1/items", desk, item).status == 201)
    let ids = Mutex<[(id: String, buyer: Int)]>([])
    let statuses = Mutex<[Int: Int]>([:])
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let killing = Job {
      var kills = 0
      while ContinuousClock.now < end {
        if let victim = try world.workers("app").randomElement(), kill(victim, SIGKILL) == 0 { kills += 1 }
        let goal = statuses.withLock { $0.values.reduce(0, +) } + 500
        try eventually("people are served", seconds: 60) {
          statuses.withLock { $0.values.reduce(0, +) } >= goal || ContinuousClock.now >= end
        }
      }
      return kills
    }
    _ = try onThreads(32) { thread in
      var random = Seeded(UInt64(thread))
      while ContinuousClock.now < end {
        let known = ids.withLock { $0.suffix(40).randomElement(using: &random) }
        let answer: HTTPAnswer
        if let known, Int.random(in: 0..<3, using: &random) > 0 {
          let step = ["ready", "hand-over", "cancel", "return", "cancel by owner"].randomElement(using: &random)!
          let caller = step == "cancel by owner" ? buyers[known.buyer] : desk
          answer = try ask(
            world, "/api/v1/orders/\(known.id)/\(step.prefix { $0 != " " })", caller, #"{"note":"changed my mind"}"#)
        } else {
          let buyer = Int.random(in: buyers.indices, using: &random)
          answer = try ask(
            world, "/api/v1/purchases", buyers[buyer], #"{"item":"rare","quantity":1}"#, key: UUID().uuidString)
          if answer.status == 201, let id = answer.body.firstMatch(of: /"id":"([0-9a-f-]+)"/) {
            ids.withLock { $0.append((String(id.1), buyer)) }
          }
        }
        statuses.withLock { $0[answer.status, default: 0] += 1 }
      }
    }
    #expect(try killing.value() > 0)
    let told = statuses.withLock { $0 }
    #expect(Set(told.keys).isSubset(of: [0, 200, 201, 409, 502, 503]), "\(told)")
    try expectBalance(world)
    let (status, log) = try world.tuckshop("verify")
    #expect(status == 0, "\(log)")
    #expect(try world.stop() == 0)
  }

  private var item: String { #"{"code":"rare","name":"Rare","price":\#(Self.price),"stock":\#(Self.pieces)}"# }

  /// Asks until it is served, because a killed worker gives no answer: 0, 502.
  private func ask(
    _ world: World, _ path: String, _ caller: String, _ body: String, key: String? = nil
  ) throws -> HTTPAnswer {
    var headers = [("Authorization", caller), ("Content-Type", "application/json")]
    if let key { headers.append(("Idempotency-Key", key)) }
    return try world.ask(path, method: "POST", headers: headers, body: body)
  }

  /// Every piece lies on the shelf or with a buyer, who has paid for it; and everything has happened.
  private func expectBalance(_ world: World) throws {
    let database = try world.database()
    let (shelf, held) = try database.onlyRow(
      """
      SELECT coalesce(sum(a.balance) FILTER (WHERE a.owner IS NULL), 0)::bigint,
             coalesce(sum(a.balance) FILTER (WHERE a.owner IS NOT NULL), 0)::bigint
      FROM accounts a JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id WHERE i.code = 'rare'
      """
    ) { (try $0.value(0, as: Int.self), try $0.value(1, as: Int.self)) }
    #expect(shelf + held == Self.pieces)
    let wrong: Int = try database.value(
      """
      SELECT count(*) FROM users u JOIN purses p ON p.owner = u.id
      WHERE u.username LIKE 'buyer-%' AND p.balance <> 1000 - \(Self.price) * (
        SELECT count(*) FROM orders o WHERE o.owner = u.id AND o.status NOT IN ('cancelled', 'returned'))
      """)
    #expect(wrong == 0)
    let seen = Set(
      try database.rows(
        "SELECT DISTINCT status::text FROM orders UNION SELECT DISTINCT kind || ' ' || outcome FROM operations"
      ) { try $0.value(0, as: String.self) })
    #expect(seen.isSuperset(of: ["cancelled", "returned", "purchase out_of_stock", "refund done"]), "\(seen)")
  }
}
