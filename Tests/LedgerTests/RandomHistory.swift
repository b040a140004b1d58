import FoundationEssentials
import Ledger
import Postgres
import Support
import Synchronization

/// Concurrent requests of several clients to one ledger, with repetitions and nonsense among them, and their answers.
struct RandomHistory: Sendable {
  enum Wish: Sendable, Hashable {
    case grant(Int)
    case transfer(to: String, amount: Int)
    case purchase(String, quantity: Int)
    case undo(of: UUID)
    /// Caps are added to and removed from the section main; a reservation is named by its key from then on.
    case add(Int)
    case adjust(Int)
    case reserve(Int)
    case giveBack
    case consume

    var kind: String {
      switch self {
      case .add: "add_items"
      case .adjust: "adjust"
      case .reserve: "reserve"
      case .giveBack: "return_reserve"
      case .consume: "consume_reserve"
      case .grant: "grant"
      case .transfer: "transfer"
      case .purchase: "purchase"
      case .undo: "undo_transfer"
      }
    }
  }

  enum Told: Sendable, Hashable {
    /// For a grant the ledger tells nothing more.
    case done(UUID?, balance: Int?)
    case refused(String)
  }

  struct Exchange: Sendable {
    let owner: Int
    let wish: Wish
    /// Nil for a request without a key. Undoing a transfer uses the transfer as its key.
    let key: Int?
    let told: Told
    let isReplay: Bool
  }

  /// An intent as the ledger knows it.
  struct Identity: Hashable {
    let owner: Int
    let kind: String
    let key: String
  }

  static let coins = 60
  static let mugs = 15
  static let mugPrice = 7
  static let capPrice = 3
  static let most = 9_007_199_254_740_991

  let database: String
  let people: [UUID]
  let cap: UUID
  private(set) var exchanges: [Exchange] = []
  /// The last ones have no account yet, and the one before them has room for only a few coins.
  private static let names = (0..<5).map { "p\($0)" } + ["rich"] + (0..<20).map { "new\($0)" }

  static func index(_ name: String) -> Int { names.firstIndex(of: name)! }

  static func initialCoins(_ index: Int) -> Int {
    names[index] == "rich" ? most - 20 : names[index].hasPrefix("p") ? coins : 0
  }

  /// Sets the scene in a new database.
  init(in database: String) throws {
    self.database = database
    let owner = try TestCluster.connection(database: database)
    try owner.item("mug", price: Self.mugPrice, stock: Self.mugs)
    try owner.item("cap", price: Self.capPrice)
    cap = try owner.value("SELECT id FROM items WHERE code = 'cap'")
    people = try Self.names.enumerated().map { try owner.person($1, coins: Self.initialCoins($0)) }
  }

  /// The same seed gives the same wishes; PostgreSQL decides in which order they come true.
  mutating func run(seed: UInt64, threads: Int = 8, steps: Int = 90, isInterrupted: Bool = false) throws {
    let scene = self
    let done = Mutex<[UUID]>([])
    exchanges = try onThreads(threads) { index in
      var random = Seeded(seed &* 1000 &+ UInt64(index))
      let client = Client(database: scene.database, isInterrupted: isInterrupted)
      return try (0..<steps).map { _ in
        var question = scene.choose(done.withLock { $0 }, &random)
        // A client whose session may break must be able to repeat its request.
        if isInterrupted, question.key == nil, question.wish.kind != "undo_transfer" { question.key = 15 }
        let exchange = try scene.ask(question, client)
        if case (.transfer, .done(let operation?, _)) = (exchange.wish, exchange.told) {
          done.withLock { $0.append(operation) }
        }
        return exchange
      }
    }.flatMap { $0 }
    // In every order, both limits have been reached at the end.
    let last = Client(database: database, isInterrupted: isInterrupted)
    for wish in [Wish.transfer(to: Self.names[1], amount: Self.most), .purchase("mug", quantity: Self.mugs + 1)] {
      exchanges.append(try ask((0, wish, 98), last))
    }
    exchanges.append(try ask((Self.index("rich"), .grant(Self.most), 99), last))
  }

  private func choose(_ transfers: [UUID], _ random: inout Seeded) -> (owner: Int, wish: Wish, key: Int?) {
    var owner = Int.random(in: 0..<people.count, using: &random) % (Bool.random(using: &random) ? 6 : people.count)
    // A user without room for more never makes room.
    if Self.names[owner] == "rich" { owner = 0 }
    if Int.random(in: 0..<10, using: &random) == 0, let transfer = transfers.randomElement(using: &random) {
      return (owner, .undo(of: transfer), nil)
    }
    let key = Int.random(in: 0..<15, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return (owner, .giveBack, key)
    case 1: return (owner, .consume, key)
    default: break
    }
    // A key determines the wish, so clients that draw the same key repeat each other. One in five differs.
    var own = Seeded(UInt64(owner * 1000 + key))
    let isLie = Int.random(in: 0..<5, using: &random) == 0
    let wish = isLie ? self.wish(owner, &random) : self.wish(owner, &own)
    let isKeyless = ["transfer", "purchase"].contains(wish.kind) && Int.random(in: 0..<8, using: &random) == 0
    return (owner, wish, isKeyless ? nil : key)
  }

  private func wish(_ owner: Int, _ random: inout Seeded) -> Wish {
    switch Int.random(in: 0..<15, using: &random) {
    case 0: return .grant(Int.random(in: 1...5, using: &random))
    case 1: return .add(Int.random(in: 1...3, using: &random))
    case 2: return .adjust(Bool.random(using: &random) ? 1 : -2)
    case 3...5: return .reserve(Int.random(in: 1...2, using: &random))
    case 6...8:
      return .purchase(
        ["mug", "mug", "cap", "no-such"].randomElement(using: &random)!,
        quantity: Int.random(in: 1...3, using: &random))
    default:
      let names = ["rich", "nobody"] + Self.names.prefix(6) + Self.names
      return .transfer(to: names.randomElement(using: &random)!, amount: Int.random(in: 1...40, using: &random))
    }
  }

  private func ask(_ question: (owner: Int, wish: Wish, key: Int?), _ client: Client) throws -> Exchange {
    let intent = Intent(of: people[question.owner], key: question.key)
    let (told, isReplay) = try client.ask(question.wish, intent, of: cap)
    return Exchange(owner: question.owner, wish: question.wish, key: question.key, told: told, isReplay: isReplay)
  }
}

extension RandomHistory.Exchange {
  /// Nil if the request cannot be repeated.
  var identity: RandomHistory.Identity? {
    if case .undo(let transfer) = wish { return .init(owner: owner, kind: wish.kind, key: transfer.text) }
    return key.map { .init(owner: owner, kind: wish.kind, key: "\($0)") }
  }

  /// True if only success counts: a refused request may succeed later, under the same name.
  var mayBeAskedUntilDone: Bool { ["undo_transfer", "return_reserve", "consume_reserve"].contains(wish.kind) }

  var isDone: Bool {
    if case .done = told { true } else { false }
  }
}
