import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Synchronization

/// Many clients that want the same few items at the same time, and the results that follow from their answers.
final class Crowd: Sendable {
  /// The stock of `mug` is fixed; `pin` is limited as well, and restocked again and again.
  static let mugs = 300
  static let codes = ["mug", "cap", "pin", "axe"]

  let database: String
  let owners: [UUID]
  let items: [UUID]
  private let winter: UUID
  private let told = Mutex(Told())

  struct Told: Sendable {
    /// The owners' gains, by the item's place in `codes`.
    var gained = [0, 0, 0, 0]
    var sold = [0, 0, 0, 0]
    var refusals: [String: Int] = [:]
    var done: [String: Int] = [:]
    fileprivate var reservations: [(owner: UUID, key: UUID, lines: [Line])] = []
  }

  init(in database: String) throws {
    self.database = database
    let connection = try TestCluster.connection(database: database)
    owners = try (0..<4).map { number in
      let id = UUID()
      try connection.run("INSERT INTO users (id, username, role) VALUES (\(id), \("owner \(number)"), 'admin')")
      let intent = Intent(id: UUID(), owner: id, key: nil, requestID: nil)
      _ = try Grant(amount: 1_000_000, reason: "to begin with").make(intent, on: connection)
      return id
    }
    items = try Self.codes.map { code in
      try connection.value(
        """
        INSERT INTO items (code, name, price, class_id, type_id)
        SELECT \(code), \(code), 1, parent_id, id FROM classifiers
        WHERE classifier = 'item_type' AND code = 'gadget' RETURNING id
        """)
    }
    for (code, item) in zip(Self.codes, items) where code == "pin" {
      try Inventory.setStock(item, 0, by: Editor(owners[0]), on: connection)
    }
    winter = try connection.value("SELECT id FROM classifiers WHERE code = 'winter_2025'")
    try connection.run("INSERT INTO item_collections (item_id, collection_id) VALUES (\(items[3]), \(winter))")
    try Inventory.setStock(items[0], Self.mugs, by: Editor(owners[0]), on: connection)
  }

  var outcome: Told { told.withLock { $0 } }

  /// The same seed gives each thread the same wishes.
  func run(seed: UInt64, threads: Int, steps: Int) throws {
    _ = try onThreads(threads) { [self] index in
      var random = Seeded(seed &* 1000 &+ UInt64(index))
      var settings = TestCluster.settings(user: TestCluster.app, database: database)
      // Longer than any test: a cycle of waiting shows as a deadlock, not as a lock timeout.
      settings.lockTimeoutMilliseconds = 60_000
      settings.statementTimeoutMilliseconds = 60_000
      let connection = try Connection.open(settings, deadline: .after(milliseconds: 30_000))
      connection.limit(to: .after(milliseconds: 600_000))
      for _ in 0..<steps { try step(&random, connection) }
    }
  }

  private func step(_ random: inout Seeded, _ connection: borrowing Connection) throws {
    let owner = owners.randomElement(using: &random)!
    let intent = Intent(id: UUID(), owner: owner, key: UUID(), requestID: nil)
    let roll = Int.random(in: 0..<100, using: &random)
    let what =
      switch roll {
      case 0..<25: "buy"
      case 25..<50: "reserve"
      case 50..<65: "return"
      case 65..<80: "consume"
      case 80..<88: "add"
      case 88..<93: "adjust"
      case 93..<97: "expire"
      default: "restock"
      }
    do {
      let isDone =
        switch what {
        case "buy": try buy(Int.random(in: 0..<3, using: &random), intent, connection)
        case "reserve": try reserve(lines(&random), overdue: roll < 32, intent, connection)
        case "return", "consume": try close(what, &random, connection)
        case "add": try add(lines(&random), intent, connection)
        case "adjust": try adjust(lines(&random, sign: -1), intent, connection)
        case "expire": try expire(roll.isMultiple(of: 2) ? nil : owner, connection)
        default: try restock(Int.random(in: 0...20, using: &random), connection)
        }
      if isDone { told.withLock { $0.done[what, default: 0] += 1 } }
    } catch let refusal as LedgerRefusal {
      let word = String("\(refusal)".prefix { $0 != "(" })
      told.withLock { $0.refusals[word, default: 0] += 1 }
    }
  }

  /// One to five lines in any order, some of them for the same item.
  private func lines(_ random: inout Seeded, sign: Int = 1) -> [Line] {
    (0..<Int.random(in: 1...5, using: &random)).map { _ in
      let place = Int.random(in: 0..<items.count, using: &random)
      let isWinter = place == 3 && Bool.random(using: &random)
      return Line(
        item: items[place], collection: isWinter ? winter : nil, qualityLevel: nil,
        quantity: sign * Int.random(in: 1...2, using: &random))
    }
  }

  private func gain(_ lines: [Line], times factor: Int) {
    told.withLock { told in
      for line in lines { told.gained[items.firstIndex(of: line.item)!] += factor * line.quantity }
    }
  }

  private func buy(_ place: Int, _ intent: Intent, _ connection: borrowing Connection) throws -> Bool {
    let purchase = Purchase(item: Self.codes[place], quantity: 1 + place)
    _ = try purchase.make(intent, on: connection)
    told.withLock { told in
      told.gained[place] += purchase.quantity
      told.sold[place] += purchase.quantity
    }
    return true
  }

  private func reserve(
    _ lines: [Line], overdue: Bool, _ intent: Intent, _ connection: borrowing Connection
  ) throws -> Bool {
    _ = try Reservation.make(lines, for: overdue ? 0 : nil, intent, by: intent.owner, on: connection)
    told.withLock { $0.reservations.append((intent.owner, intent.key!, lines)) }
    return true
  }

  /// Any of the reservations, including closed ones and ones that another thread closes now.
  private func close(_ how: String, _ random: inout Seeded, _ connection: borrowing Connection) throws -> Bool {
    let draw = UInt.random(in: 0...UInt.max, using: &random)
    let chosen = told.withLock { told in
      told.reservations.isEmpty ? nil : told.reservations.suffix(40).randomElement(by: draw)
    }
    guard let chosen else { return false }
    let intent = Intent(id: UUID(), owner: chosen.owner, key: chosen.key, requestID: nil)
    if how == "return" {
      return try !Reservation.giveBack(intent, by: chosen.owner, on: connection).isReplay
    }
    let isReplay = try Reservation.consume(intent, by: chosen.owner, on: connection).isReplay
    if !isReplay { gain(chosen.lines, times: -1) }
    return !isReplay
  }

  private func add(_ lines: [Line], _ intent: Intent, _ connection: borrowing Connection) throws -> Bool {
    _ = try Inventory.add(
      lines, to: .main, type: "craft_result", comment: nil, intent, by: intent.owner, on: connection)
    gain(lines, times: 1)
    return true
  }

  private func adjust(_ lines: [Line], _ intent: Intent, _ connection: borrowing Connection) throws -> Bool {
    _ = try Inventory.adjust(lines, in: .main, reason: "counted", intent, by: Editor(intent.owner), on: connection)
    gain(lines, times: 1)
    return true
  }

  private func expire(_ owner: UUID?, _ connection: borrowing Connection) throws -> Bool {
    try Reservation.expireDue(of: owner, on: connection)
    return true
  }

  private func restock(_ quantity: Int, _ connection: borrowing Connection) throws -> Bool {
    try Inventory.setStock(items[2], quantity, by: Editor(owners[0]), on: connection)
    return true
  }
}

extension RandomAccessCollection {
  fileprivate func randomElement(by draw: UInt) -> Element? {
    isEmpty ? nil : self[index(startIndex, offsetBy: Int(draw % UInt(count)))]
  }
}
