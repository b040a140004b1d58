import FoundationEssentials
import Postgres
import Shop
import Support
import Testing

/// Operations of some months, as the ledger would have recorded them: transfers, some of which are undone, purchases, some
/// of which are refunded, grants and refusals. Their ids are in order; their times are spread over many days.
final class RandomBooks {
  let owner: Connection
  /// The role that adds up the totals.
  let ops: Connection
  private(set) var latest = UUID(uuidString: "00000000-0000-7000-8000-000000000000")!
  let days: (first: String, last: String)

  private var random: Seeded
  private var count: UInt64 = 0
  private let people: [UUID]
  private let items: [UUID]
  private var transfers: [(id: UUID, from: Int, to: Int, amount: Int)] = []
  private var purchases: [(id: UUID, owner: Int, item: UUID, amount: Int)] = []

  init(_ seed: UInt64, in database: String) throws {
    random = Seeded(seed)
    ops = try TestCluster.connection(user: TestCluster.ops, database: database)
    ops.limit(to: .after(milliseconds: 300_000))
    let connection = try TestCluster.connection(user: TestCluster.superuser, database: database)
    connection.limit(to: .after(milliseconds: 300_000))
    people = (0..<7).map { _ in UUID() }
    for (number, id) in people.enumerated() {
      try connection.run("INSERT INTO users (id, username) VALUES (\(id), \("p\(number)"))")
      try connection.run("INSERT INTO accounts (owner, asset, section) VALUES (\(id), 1, 'main')")
    }
    items = try connection.rows("SELECT id FROM items ORDER BY code LIMIT 3") { try $0.value(0) }
    days = try connection.row(
      "SELECT ((now() AT TIME ZONE 'UTC')::date - 100)::text, (now() AT TIME ZONE 'UTC')::date::text"
    ) { (try $0.value(0), try $0.value(1)) }!
    owner = connection
  }

  /// Nobody takes back what is written in a transaction that is still open.
  func write(_ number: Int, inOpenTransaction isOpen: Bool = false, on connection: borrowing Connection) throws {
    for _ in 0..<number {
      let from = Int.random(in: 0..<7, using: &random)
      let to = (from + Int.random(in: 1..<7, using: &random)) % 7
      let amount = Int.random(in: 1...50, using: &random)
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<5:
        try note("transfer", from, to: to, amount: amount, on: connection)
        if !isOpen { transfers.append((latest, from, to, amount)) }
      case 5 where !transfers.isEmpty:
        let undone = transfers.remove(at: Int.random(in: 0..<transfers.count, using: &random))
        try note(
          "undo_transfer", undone.from, to: undone.to, amount: undone.amount, reverses: undone.id, on: connection)
      case 6: try note("transfer", from, to: to, amount: amount, outcome: "insufficient_funds", on: connection)
      case 7: try note("grant", from, amount: amount, on: connection)
      case 8: try note("purchase", from, amount: amount, outcome: "out_of_stock", item: items[0], on: connection)
      case 9 where !purchases.isEmpty:
        let (id, owner, item, price) = purchases.remove(at: Int.random(in: 0..<purchases.count, using: &random))
        try note("refund", owner, amount: price, reverses: id, item: item, on: connection)
      default:
        let item = items[Int.random(in: 0..<items.count, using: &random)]
        try note("purchase", from, amount: amount, item: item, on: connection)
        if !isOpen { purchases.append((latest, from, item, amount)) }
      }
    }
  }

  /// A transfer at the present moment.
  func give(_ coins: Int, from: Int) throws {
    try note("transfer", from, to: (from + 1) % 7, amount: coins, age: 0, on: owner)
  }

  private func note(
    _ kind: String, _ from: Int, to: Int? = nil, amount: Int, outcome: String = "done", reverses: UUID? = nil,
    item: UUID? = nil, age: Int? = nil, on connection: borrowing Connection
  ) throws {
    count += 1
    latest = withUnsafeBytes(of: (count << 32).bigEndian) { bytes in
      UUID(
        uuid: (
          0, 0, bytes[0], bytes[1], bytes[2], bytes[3], 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0
        ))
    }
    let quantity: Int? = item == nil ? nil : 2
    let minutes = age ?? Int.random(in: 0..<144_000, using: &random)
    try connection.run(
      """
      INSERT INTO operations (id, owner, kind, key, content, outcome, at, counterpart, item_id, amount, quantity, reverses)
      VALUES (\(latest), \(people[from]), \(kind)::operation_kind, \(reverses ?? latest), '', \(outcome),
        clock_timestamp() - make_interval(mins => \(minutes)), \(to.map { people[$0] }), \(item), \(amount),
        \(quantity), \(reverses))
      """)
    guard outcome == "done" else { return }
    let (debit, credit): (Int?, Int?) =
      switch kind {
      case "transfer": (from, to)
      case "undo_transfer": (to, from)
      case "grant", "refund": (nil, from)
      default: (from, nil)
      }
    try connection.run(
      """
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, at)
      SELECT \(latest), 1, 1,
        coalesce((SELECT id FROM accounts WHERE owner = \(debit.map { people[$0] })), \(kind == "refund" ? 2 : 1)),
        coalesce((SELECT id FROM accounts WHERE owner = \(credit.map { people[$0] })), 2), \(amount),
        clock_timestamp() + make_interval(secs => \(Int(count)))
      """)
    guard let item else { return }
    // Where the goods come from and go to does not matter here.
    try connection.run(
      """
      INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, at)
      SELECT \(latest), 2, s.id, 1, 3, \(quantity), clock_timestamp() FROM assets s WHERE s.item_id = \(item) AND s.sale = 'alone'
      """)
  }

  /// Transactions of other databases on the same server are waited for as well.
  func takeAll() throws {
    try eventually("all is in the totals") {
      while try Statistics.rollUp(before: latest, most: 7, on: ops) {}
      return try owner.value("SELECT taken_up_to = \(latest) FROM rollup")
    }
  }

  /// Every figure, of the whole and of parts, beside a direct count over all operations.
  func expectTheSame(on connection: borrowing Connection) throws {
    #expect(
      try Statistics.coinsInCirculation(on: connection)
        == owner.value(
          """
          SELECT coalesce(sum(CASE WHEN debit < 1000 THEN amount WHEN credit < 1000 THEN -amount ELSE 0 END), 0)::bigint
          FROM postings WHERE asset = 1
          """, as: Int.self))
    for _ in 0..<3 {
      let (from, length) = (Int.random(in: 0...100, using: &random), Int.random(in: 0...100, using: &random))
      let (first, last): (String, String) = try owner.row(
        "SELECT (\(days.first)::date + \(from)::int)::text, (\(days.first)::date + \(from + length)::int)::text"
      ) { (try $0.value(0), try $0.value(1)) }!
      let statistics = Statistics(from: first, to: last)
      #expect(try text(statistics.purchases(on: connection)) == kept(first, last), "\(first) to \(last)")
      #expect(try text(statistics.top(.givers, 5, on: connection)) == top("owner", first, last), "\(first) to \(last)")
      #expect(
        try text(statistics.top(.receivers, 5, on: connection)) == top("counterpart", first, last),
        "\(first) to \(last)")
      try expectTheSameReports(first, last, on: connection)
    }
  }

  private func text(_ document: DatabaseJSON) -> String { String(decoding: document.bytes, as: UTF8.self) }

  private func kept(_ first: String, _ last: String) throws -> String {
    try owner.value(
      """
      SELECT array_to_json(coalesce(array_agg(row_to_json(p) ORDER BY p.day, p.item), '{}'))::text FROM (
        SELECT (o.at AT TIME ZONE 'UTC')::date AS day, i.code AS item, sum(o.quantity) AS quantity, sum(o.amount) AS coins
        FROM operations o JOIN items i ON i.id = o.item_id
        WHERE o.kind = 'purchase' AND o.outcome = 'done'
          AND (o.at AT TIME ZONE 'UTC')::date BETWEEN \(first)::date AND \(last)::date
          AND NOT EXISTS (SELECT FROM operations r WHERE r.reverses = o.id AND r.kind = 'refund')
        GROUP BY 1, 2) p
      """)
  }

  private func top(_ side: String, _ first: String, _ last: String) throws -> String {
    try owner.value(
      """
      SELECT array_to_json(coalesce(array_agg(row_to_json(t) ORDER BY t.coins DESC, t.username), '{}'))::text
      FROM (
        SELECT u.username, s.coins, s.transfers FROM (
          SELECT o.\(raw: side) AS id, sum(o.amount) AS coins, count(*) AS transfers FROM operations o
          WHERE o.kind = 'transfer' AND o.outcome = 'done'
            AND (o.at AT TIME ZONE 'UTC')::date BETWEEN \(first)::date AND \(last)::date
            AND NOT EXISTS (SELECT FROM operations r WHERE r.reverses = o.id AND r.kind = 'undo_transfer')
          GROUP BY 1) s JOIN users u ON u.id = s.id ORDER BY s.coins DESC, u.id LIMIT 5) t
      """)
  }
}
