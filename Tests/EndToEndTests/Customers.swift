import FoundationEssentials
import Postgres
import Support

/// Fifty users with a thousand coins each, who send and buy from several threads at once.
final class Customers: Sendable {
  static let names = (0..<50).map { "customer-\($0)" }
  static let welcome = 1000
  static let prices = ["sticker": 1, "poster": 3, "pen": 10]
  /// The limited stock.
  static let posters = 60

  let wishes = Wishes()
  private let world: World
  private let tokens: [String]

  init(of world: World) throws {
    self.world = world
    tokens = try Self.names.map { try world.merchToken($0) }
    try sell("sticker", stock: nil)
    try sell("poster", stock: Self.posters)
  }

  private func sell(_ code: String, stock: Int?) throws {
    let answer = try world.ask(
      "/api/v1/items", method: "POST",
      headers: [("Authorization", "Bearer \(try world.adminToken())"), ("Content-Type", "application/json")],
      body: """
        {"code":"\(code)","name":"\(code)","price":\(Self.prices[code]!),"stock":\(stock.map { "\($0)" } ?? "null"),\
        "class":"merch","type":"stationery"}
        """)
    guard answer.status == 201 else { throw Failure(answer.body) }
  }

  /// The seed decides the wishes; PostgreSQL decides the order in which they come true.
  func ask(seed: UInt64, threads: Int, until end: ContinuousClock.Instant) throws {
    _ = try onThreads(threads) { [self] thread in
      var random = Seeded(seed &* 1000 &+ UInt64(thread))
      while ContinuousClock.now < end {
        let isAgain = Int.random(in: 0..<6, using: &random) == 0
        let number = isAgain ? wishes.earlier(&random) : nil
        try ask(number ?? wishes.add(wish(&random)))
      }
    }
  }

  /// Repeats every undecided wish until its answer is definite.
  func settle() throws {
    for number in wishes.undecided {
      try eventually("it is known what became of a wish") {
        try ask(number)
        return wishes.isDecided(number)
      }
    }
  }

  private func ask(_ number: Int) throws {
    try wishes.ask(number) { wish in
      let (method, path, body) = wish.request
      // An answer may contain its request id; with the same id the answers are the same to the letter.
      let headers = [
        ("Authorization", "Bearer \(tokens[wish.owner])"), ("Content-Type", "application/json"),
        ("Idempotency-Key", wish.key), ("X-Request-ID", wish.key),
      ]
      return try world.ask(path, method: method, headers: headers, body: body)
    }
  }

  private func wish(_ random: inout Seeded) throws -> Wish {
    let (owner, somebody) = (somebody(&random), somebody(&random))
    let other = Self.names[somebody == owner ? (owner + 1) % Self.names.count : somebody]
    let isMerch = Bool.random(using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<6:
      let nonsense: [Wish.What] = [
        .send(to: other, amount: 1_000_000_000), .send(to: "nobody", amount: 1),
        .send(to: Self.names[owner], amount: 1), .buy("no-such", quantity: 1),
      ]
      return Wish(owner: owner, what: nonsense.randomElement(using: &random)!, isMerch: isMerch)
    // Down to the last coin, unless another client was faster.
    case 6..<8: return Wish(owner: owner, what: .buy("sticker", quantity: try coins(owner)), isMerch: false)
    case 8..<12: return Wish(owner: owner, what: .send(to: other, amount: try coins(owner)), isMerch: isMerch)
    case 12..<32:
      let item = Self.prices.keys.sorted().randomElement(using: &random)!
      let quantity = isMerch ? 1 : Int.random(in: 1...3, using: &random)
      return Wish(owner: owner, what: .buy(item, quantity: quantity), isMerch: isMerch)
    default:
      let amount = Int.random(in: 1...30, using: &random)
      return Wish(owner: owner, what: .send(to: other, amount: amount), isMerch: isMerch)
    }
  }

  /// In half of the cases one of a few popular customers, so that several requests meet.
  private func somebody(_ random: inout Seeded) -> Int {
    Int.random(in: 0..<(Bool.random(using: &random) ? 4 : Self.names.count), using: &random)
  }

  /// The customer's coins, or one if they have none or no answer came.
  private func coins(_ owner: Int) throws -> Int {
    let answer = try world.ask("/api/v1/wallet", headers: [("Authorization", "Bearer \(tokens[owner])")])
    return max(1, answer.body.firstMatch(of: /"coins":(\d+)/).flatMap { Int($0.1) } ?? 1)
  }
}
