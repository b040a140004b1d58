import FoundationEssentials
import Ledger
import Postgres
import Support

/// One account and its postings in the order of time.
struct Chain: Sendable, Hashable {
  struct Link: Sendable, Hashable {
    let change: Int
    let balance: Int
    let version: Int
    /// In microseconds since 1970.
    let moment: Int
  }

  let account: Int
  let balance: Int
  let version: Int
  let moment: Int
  let links: [Link]

  static func all(_ connection: borrowing Connection) throws -> [Chain] {
    let links = try connection.rows(
      "SELECT account, change, balance, version, (extract(epoch FROM at) * 1000000)::bigint FROM statements ORDER BY at"
    ) { row in
      let link = Link(
        change: try row.value(1), balance: try row.value(2), version: try row.value(3), moment: try row.value(4))
      return (account: try row.value(0, as: Int.self), link: link)
    }
    let byAccount = Dictionary(grouping: links, by: \.account).mapValues { $0.map(\.link) }
    return try connection.rows(
      """
      SELECT id, balance, version, CASE WHEN isfinite(moved_at) THEN (extract(epoch FROM moved_at) * 1000000)::bigint ELSE 0 END
      FROM accounts ORDER BY id
      """
    ) { row in
      let id = try row.value(0, as: Int.self)
      return Chain(
        account: id, balance: try row.value(1), version: try row.value(2), moment: try row.value(3),
        links: byAccount[id] ?? [])
    }
  }
}

/// A whole row of an append-only table.
struct Writing: Hashable, Sendable {
  let text: String

  static func all(_ connection: borrowing Connection) throws -> [Writing] {
    try connection.rows("SELECT p::text FROM postings p UNION ALL SELECT o::text FROM operations o") {
      Writing(text: try $0.value(0))
    }
  }
}

/// A finished history, with the reads that happened during it.
struct Witnessed: Sendable {
  struct Glance: Sendable {
    let writings: [Writing]
    let chains: [Chain]
  }

  let history: RandomHistory
  var glances: [Glance] = []
  var interruptions = 0

  var exchanges: [RandomHistory.Exchange] { history.exchanges }
  var people: [UUID] { history.people }
}

func withHistory(
  _ seed: UInt64, isWatched: Bool = false, isInterrupted: Bool = false,
  _ body: (Witnessed, borrowing Connection) throws -> Void
) throws {
  try withFreshDatabase { name in
    var history = try RandomHistory(in: name)
    let isOver = Flag()
    let watcher = isWatched ? Job { try watch(name, until: isOver) } : nil
    let disturber = isInterrupted ? Job { try disturb(name, until: isOver) } : nil
    let result = Result { try history.run(seed: seed, isInterrupted: isInterrupted) }
    isOver.set()
    let (glances, interruptions) = (try watcher?.value() ?? [], try disturber?.value() ?? 0)
    try result.get()
    try body(
      Witnessed(history: history, glances: glances, interruptions: interruptions),
      TestCluster.connection(database: name))
  }
}

private func watch(_ database: String, until isOver: Flag) throws -> [Witnessed.Glance] {
  let connection = try TestCluster.connection(user: TestCluster.app, database: database)
  var glances: [Witnessed.Glance] = []
  while !isOver.isSet {
    connection.limit(to: .after(milliseconds: 60_000))
    glances.append(Witnessed.Glance(writings: try Writing.all(connection), chains: try Chain.all(connection)))
  }
  return glances
}

/// Ends a client's session again and again, wherever its statement is at that moment.
private func disturb(_ database: String, until isOver: Flag) throws -> Int {
  let connection = try TestCluster.connection(user: TestCluster.superuser, database: database)
  var count = 0
  while !isOver.isSet {
    connection.limit(to: .after(milliseconds: 60_000))
    count += try connection.rows(
      """
      SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity WHERE application_name = \(Client.name) AND datname = \(database) AND state = 'active'
        ORDER BY random() LIMIT 1) one
      """
    ) { try $0.value(0, as: Bool.self) }.count
    // Some progress happens between two interruptions; otherwise clients would do nothing but sign in.
    let before: Int = try connection.value("SELECT count(*) FROM operations")
    try eventually("clients get on") {
      try isOver.isSet || connection.value("SELECT count(*) FROM operations") > before + 3
    }
  }
  return count
}

/// The balances that follow from the answers alone.
struct Tally {
  private(set) var balances: [Int]
  private(set) var goods: [String: Int] = [:]
  private var reserved: [Reserved: Int] = [:]

  private struct Reserved: Hashable {
    let owner: Int
    let key: Int?

    init(_ exchange: RandomHistory.Exchange) { (owner, key) = (exchange.owner, exchange.key) }
  }

  init(_ history: RandomHistory) {
    balances = history.people.indices.map(RandomHistory.initialCoins)
    var counted = Set<RandomHistory.Identity>()
    var sent: [UUID: RandomHistory.Exchange] = [:]
    for exchange in history.exchanges where exchange.isDone {
      if case (.transfer, .done(let operation?, _)) = (exchange.wish, exchange.told) { sent[operation] = exchange }
      if case .reserve(let quantity) = exchange.wish { reserved[Reserved(exchange)] = quantity }
    }
    for exchange in history.exchanges where exchange.isDone {
      if let identity = exchange.identity, !counted.insert(identity).inserted { continue }
      count(exchange, sent)
    }
  }

  private mutating func count(_ exchange: RandomHistory.Exchange, _ sent: [UUID: RandomHistory.Exchange]) {
    switch exchange.wish {
    case .grant(let amount): balances[exchange.owner] += amount
    case .purchase(let item, let quantity):
      balances[exchange.owner] -= quantity * RandomHistory.price(item)
      goods[item, default: 0] += quantity
    case .transfer(let recipient, let amount):
      balances[exchange.owner] -= amount
      balances[RandomHistory.index(recipient)] += amount
    case .add(let quantity), .adjust(let quantity): goods["cap", default: 0] += quantity
    case .consume: goods["cap", default: 0] -= reserved[Reserved(exchange)] ?? 0
    case .reserve, .giveBack: break
    case .undo(let transfer):
      guard let first = sent[transfer], case .transfer(let recipient, let amount) = first.wish else { return }
      balances[exchange.owner] += amount
      balances[RandomHistory.index(recipient)] -= amount
    }
  }
}

extension RandomHistory {
  static func price(_ item: String) -> Int { item == "mug" ? mugPrice : capPrice }
}
