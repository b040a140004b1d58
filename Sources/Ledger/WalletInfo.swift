package import FoundationEssentials
package import Postgres

/// Balance, goods and transfers of an owner in one JSON document, for `GET /api/info`. Each worker has one of these.
///
/// The statement has numbers in place of names. The names of people come from a directory that the workers share, the
/// codes of goods from this worker's memory, and what both lack from one more statement.
package final class WalletInfo {
  package var names: NameDirectory
  /// Users who may have got other names since the last document.
  private var renamed: Set<UUID> = []
  /// Of the session that made the last document. Another session may lead to another database.
  private var session: Int?
  /// By variant, as JSON strings; empty if it is no merch. The catalogue may change, so they are kept for a second.
  private var codes: [Int: [UInt8]] = [:]
  private var codesSecond = 0

  /// So many transfers are shown in each direction.
  private static let most = 1000

  package init(names: NameDirectory = NameDirectory()) { self.names = names }

  /// The document, and whether there is more history than it shows.
  package func read(
    of owner: UUID, now: Int, on connection: borrowing Connection
  ) throws -> (document: DatabaseJSON, hasMore: Bool) {
    try trustNames(of: connection)
    let found = try connection.row("SELECT balance, goods, received, sent FROM info(\(owner))") { try Numbers($0) }
    let numbers = found ?? Numbers()
    if now != codesSecond { (codes, codesSecond) = ([:], now) }
    var fetched: [Int: [UInt8]] = [:]
    while true {
      var document = InfoDocument(names: names, fetched: fetched, codes: codes)
      document.write(
        numbers.balance, numbers.goods, received: numbers.received.prefix(2 * Self.most),
        sent: numbers.sent.prefix(2 * Self.most))
      if document.missingPurses.isEmpty && document.missingVariants.isEmpty {
        let hasMore = max(numbers.received.count, numbers.sent.count) > 2 * Self.most
        return (DatabaseJSON(document.text), hasMore)
      }
      let names = try fetch(document.missingPurses, document.missingVariants, on: connection)
      fetched.merge(names) { $1 }
    }
  }

  /// Before the next document the names of these users are forgotten.
  package func forget(_ users: [UUID]) { renamed.formUnion(users) }

  /// From here on the directory has no name that was old when this began.
  private func trustNames(of connection: borrowing Connection) throws {
    if session != connection.processIdentifier {
      names.belong(
        to: try connection.value(
          """
          SELECT hashtextextended(concat_ws(' ', oid, pg_postmaster_start_time()), 0) FROM pg_database
          WHERE datname = current_database()
          """))
      // After a restore, a number may be that of another person.
      if session != nil { names.forgetAll() }
      session = connection.processIdentifier
    }
    while !renamed.isEmpty {
      let users = renamed.prefix(1000)
      let owners = "{\(users.map(\.text).joined(separator: ","))}"
      let purses = try connection.rows("SELECT id FROM purses WHERE owner = ANY (\(owners)::uuid[])") {
        try $0.value(0, as: Int.self)
      }
      names.forget(purses)
      renamed.subtract(users)
    }
  }

  /// Has a name for each purse and a code for each variant, even if the database has none.
  private func fetch(
    _ purses: Set<Int>, _ variants: Set<Int>, on connection: borrowing Connection
  ) throws -> [Int: [UInt8]] {
    func array(_ ids: Set<Int>) -> String { "{\(ids.map(String.init).joined(separator: ","))}" }
    let changes = names.changes
    var found: [Int: [UInt8]] = [:]
    _ = try connection.rows(
      """
      SELECT true, p.id, to_json(u.username)::text FROM purses p JOIN users u ON u.id = p.owner
      WHERE p.id = ANY (\(array(purses))::bigint[])
      UNION ALL
      SELECT false, s.id, to_json(i.code)::text
      FROM assets s JOIN items i ON i.id = s.item_id JOIN classifiers k ON k.id = i.class_id AND k.code = 'merch'
      WHERE s.id = ANY (\(array(variants))::bigint[])
      """
    ) { row in
      let (id, text) = (try row.value(1, as: Int.self), try row.value(2, as: [UInt8].self))
      if try row.value(0) { found[id] = text } else { codes[id] = text }
    }
    for variant in variants where codes[variant] == nil { codes[variant] = [] }
    names.keep(found, of: changes)
    for purse in purses where found[purse] == nil { found[purse] = Array("null".utf8) }
    return found
  }
}

/// One row of the function `info`. The newest transfer comes first.
private struct Numbers {
  var balance = 0
  var goods: [Int] = []
  var received: [Int] = []
  var sent: [Int] = []

  init() {}

  init(_ row: Row) throws {
    balance = try row.value("balance")
    goods = try row.value("goods", as: NumberList.self).numbers
    received = try row.value("received", as: NumberList.self).numbers
    sent = try row.value("sent", as: NumberList.self).numbers
  }
}

/// Positive numbers with a space between them.
private struct NumberList: PostgresDecodable {
  var numbers: [Int] = []

  init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return }
    numbers.reserveCapacity(bytes.count / 2)
    var number = 0
    for byte in bytes {
      if byte == UInt8(ascii: " ") {
        numbers.append(number)
        number = 0
      } else {
        // PostgreSQL wrote them from values of 64 bits.
        number = number &* 10 &+ Int(byte &- UInt8(ascii: "0"))
      }
    }
    numbers.append(number)
  }
}

/// The document while it is being written.
private struct InfoDocument {
  private(set) var text: [UInt8] = []
  private(set) var missingPurses: Set<Int> = []
  private(set) var missingVariants: Set<Int> = []
  private let names: NameDirectory
  private let fetched: [Int: [UInt8]]
  private let codes: [Int: [UInt8]]

  init(names: NameDirectory, fetched: [Int: [UInt8]], codes: [Int: [UInt8]]) {
    (self.names, self.fetched, self.codes) = (names, fetched, codes)
  }

  /// Of goods, triples of account, variant and balance; of transfers, pairs of the other purse and the amount,
  /// which the document has in the opposite order: the oldest first.
  mutating func write(_ balance: Int, _ goods: [Int], received: ArraySlice<Int>, sent: ArraySlice<Int>) {
    text.reserveCapacity(128 + 16 * goods.count + 24 * (received.count + sent.count))
    append("{\"coins\":")
    append(balance)
    append(",\"inventory\":[")
    writeGoods(goods)
    append("],\"coinHistory\":{\"received\":[")
    writeTransfers(received, "{\"fromUser\":")
    append("],\"sent\":[")
    writeTransfers(sent, "{\"toUser\":")
    append("]}}")
  }

  /// In the order in which the owner first got them. Goods that were given back keep their place.
  private mutating func writeGoods(_ goods: [Int]) {
    var held: [(code: [UInt8], first: Int, quantity: Int)] = []
    var places: [[UInt8]: Int] = [:]
    for place in stride(from: 0, to: goods.count, by: 3) {
      let (account, variant, quantity) = (goods[place], goods[place + 1], goods[place + 2])
      guard let code = codes[variant] else {
        missingVariants.insert(variant)
        continue
      }
      if code.isEmpty { continue }
      if let index = places[code] {
        held[index].first = min(held[index].first, account)
        held[index].quantity += quantity
      } else {
        places[code] = held.count
        held.append((code, account, quantity))
      }
    }
    held.sort { $0.first < $1.first }
    var isFirst = true
    for good in held where good.quantity > 0 {
      append(isFirst ? "{\"type\":" : ",{\"type\":")
      isFirst = false
      text += good.code
      append(",\"quantity\":")
      append(good.quantity)
      append("}")
    }
  }

  private mutating func writeTransfers(_ pairs: ArraySlice<Int>, _ opening: StaticString) {
    for place in stride(from: pairs.endIndex - 2, through: pairs.startIndex, by: -2) {
      if place < pairs.endIndex - 2 { append(",") }
      append(opening)
      let purse = pairs[place]
      if let name = fetched[purse] {
        text += name
      } else if !names.append(purse, to: &text) {
        missingPurses.insert(purse)
      }
      append(",\"amount\":")
      append(pairs[place + 1])
      append("}")
    }
  }

  private mutating func append(_ letters: StaticString) {
    text.append(contentsOf: UnsafeBufferPointer(start: letters.utf8Start, count: letters.utf8CodeUnitCount))
  }

  private mutating func append(_ number: Int) {
    let start = text.count
    var rest = number
    repeat {
      text.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    text[start...].reverse()
  }
}
