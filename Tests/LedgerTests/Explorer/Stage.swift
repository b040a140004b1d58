import Audit
import FoundationEssentials
import Ledger
import Postgres
import Shop
import Support
import Synchronization

/// The people and items of one scenario in the database, and the answers to its sessions.
final class Stage: Sendable {
  struct Answer: Sendable {
    let call: Scenario.Call
    let told: Told
  }

  enum Told: Sendable, Equatable {
    case done(UUID?, isReplay: Bool)
    case refused(String)
    case given([Int])
  }

  let scenario: Scenario
  let people: [UUID]
  let items: [UUID]
  /// The transfer from the first person to the second, if both have a purse and the first one has the coins.
  let transfer: UUID?
  /// The order of the first person, if that person has the coins and the goods were there.
  let order: UUID?
  let answers = Mutex<[Answer]>([])
  private let names: [String]
  private let codes: [String]

  /// `number` makes names and ids that no other scenario has.
  init(_ scenario: Scenario, number: Int, _ connection: borrowing Connection) throws {
    self.scenario = scenario
    people = scenario.people.enumerated().map { index, person in
      UUID(
        uuidString: String(UInt64(person.rank), radix: 16).padded(8) + "-0000-4000-8000-"
          + String(number * 10 + index, radix: 16).padded(12))!
    }
    let (names, codes) = (people.indices.map { "p\(number)-\($0)" }, scenario.items.indices.map { "i\(number)-\($0)" })
    for (name, id) in zip(names, people) {
      try connection.run("INSERT INTO users (id, username) VALUES (\(id), \(name))")
    }
    for (code, item) in zip(codes, scenario.items) {
      try connection.item(code, price: Scenario.price, stock: item.stock)
      try connection.run("UPDATE items SET limit_per_person = \(item.limit) WHERE code = \(code)")
    }
    items = try codes.map { try connection.id($0) }
    (self.names, self.codes) = (names, codes)
    for (person, id) in zip(scenario.people, people) {
      func intent() -> Intent { Intent(of: id, key: nil) }
      if let coins = person.coins { _ = try Grant(amount: coins, reason: "first").make(intent(), on: connection) }
      for (section, quantity) in [(Section.main, person.main), (.factory, person.factory)] {
        guard let quantity else { continue }
        let line = Line(item: items[0], collection: nil, qualityLevel: nil, quantity: quantity)
        _ = try Inventory.add(
          [line], to: section, type: "craft_result", comment: nil,
          Intent(id: UUID(), owner: id, key: UUID(), requestID: nil), by: id, on: connection)
      }
    }
    for (person, id) in zip(scenario.people, people) {
      guard let aside = person.aside else { continue }
      let line = Line(item: items[0], collection: nil, qualityLevel: nil, quantity: 1)
      _ = try Reservation.make(
        [line], for: aside == .overdue ? 0 : nil, Intent(of: id, key: 1), by: id, on: connection)
    }
    // A person without a purse has none until a session opens it.
    transfer =
      people.count > 1 && scenario.people[0].coins ?? 0 >= Scenario.sent && scenario.people[1].coins != nil
      ? try Transfer(to: "p\(number)-1", amount: Scenario.sent)
        .make(Intent(of: people[0], key: nil), on: connection).value.operation : nil
    order = try Self.order(
      scenario, of: people[0], coins: (scenario.people[0].coins ?? 0) - (transfer == nil ? 0 : Scenario.sent), codes[0],
      connection)
  }

  private static func order(
    _ scenario: Scenario, of person: UUID, coins: Int, _ code: String, _ connection: borrowing Connection
  ) throws -> UUID? {
    guard let first = scenario.first, coins >= Scenario.price, scenario.items[0].stock != 0 else { return nil }
    let order = try Purchase(item: code, quantity: 1).make(Intent(of: person, key: nil), on: connection).value.operation
    for change in first.changes { _ = try change.make(order, by: Editor(person), on: connection) }
    return order
  }

  func perform(_ call: Scenario.Call, on connection: borrowing Connection) throws {
    if case .changeAll(let change, let names) = call { return try changeAll(change, names, on: connection) }
    let told: Told
    do {
      told = try tell(call, connection)
    } catch let refusal as LedgerRefusal {
      told = .refused("\(refusal)")
    } catch let refusal as OrderRefusal {
      told = .refused("\(refusal.word)")
    }
    answers.withLock { $0.append(Answer(call: call, told: told)) }
  }

  /// Each order has an answer of its own.
  private func changeAll(
    _ change: OrderChange, _ names: [Scenario.OrderName], on connection: borrowing Connection
  ) throws {
    var known: [(name: Scenario.OrderName, order: UUID)] = []
    for name in names { if let order = try find(name, connection) { known.append((name, order)) } }
    let refusals = try change.makeAll(known.map(\.order), by: Editor(people[0]), on: connection)
    for (one, refusal) in zip(known, refusals) {
      let told = refusal.map { Told.refused("\($0.word)") } ?? .done(one.order, isReplay: false)
      answers.withLock { $0.append(Answer(call: .change(change, of: one.name, byOwner: false), told: told)) }
    }
  }

  private func tell(_ call: Scenario.Call, _ connection: borrowing Connection) throws -> Told {
    switch call {
    case .grant(let person, let amount, let key):
      let done = try Grant(amount: amount, reason: "luck").make(intent(person, key), on: connection)
      return .done(nil, isReplay: done.isReplay)
    case .handout(let list, let key):
      let shares = list.map { Handout.Share(username: names[$0], amount: 1) }
      let handout = Handout(name: "\(people[0].text) \(key)", reason: "for all", to: .list(shares))
      let made = try handout.make(by: .commandLine, on: connection)
      let grant = try Grants.finish(made.value, on: connection) { _ in }
      guard grant.done == list.count else { return .refused("\(grant.done) of \(list.count) got the coins") }
      return .given(made.isReplay ? [] : list)
    case .transfer(let from, let to, let amount, let key):
      let done = try Transfer(to: names[to], amount: amount).make(intent(from, key), on: connection)
      return .done(done.value.operation, isReplay: done.isReplay)
    case .undo:
      guard let transfer else { return .refused("nothing to undo") }
      let done = try Transfer.undo(transfer, within: 3600, intent(0, nil), on: connection)
      return .done(done.value.operation, isReplay: done.isReplay)
    case .purchase(let person, let item, let quantity, let key):
      let done = try Purchase(item: codes[item], quantity: quantity).make(intent(person, key), on: connection)
      return .done(done.value.operation, isReplay: done.isReplay)
    case .expire(let person):
      try Reservation.expireDue(of: person.map { people[$0] }, on: connection)
      return .done(nil, isReplay: false)
    case .setStock(let item, let quantity):
      // Like the catalogue, change the item in the same transaction.
      try connection.run("UPDATE items SET updated_at = clock_timestamp() WHERE id = \(items[item])")
      try Inventory.setStock(items[item], quantity, by: Editor(people[0]), on: connection)
      return .done(nil, isReplay: false)
    case .sell(let item, let isPaused):
      try connection.run("UPDATE items SET updated_at = clock_timestamp() WHERE id = \(items[item])")
      let list = isPaused ? #"[{"is_active":false}]"# : "[]"
      try connection.run("SELECT FROM set_variants_by_admin(\(people[0]), \(items[item]), \(list)::jsonb)")
      return .done(nil, isReplay: false)
    case .change(let change, let name, let isByOwner):
      guard let order = try find(name, connection) else { return .refused("no such order") }
      let editor = Editor(people[isByOwner ? owner(of: name) : people.count - 1], reason: "wrong size")
      _ =
        try isByOwner
        ? OrderChange.cancelOwn(order, by: editor, on: connection) : change.make(order, by: editor, on: connection)
      return .done(order, isReplay: false)
    default: return try tellOfItems(call, connection)
    }
  }

  private func tellOfItems(_ call: Scenario.Call, _ connection: borrowing Connection) throws -> Told {
    func line(_ item: Int, _ quantity: Int) -> [Line] {
      [Line(item: items[item], collection: nil, qualityLevel: nil, quantity: quantity)]
    }
    let done: Done<Inventory.Receipt>
    switch call {
    case .add(let person, let item, let section, let quantity, let key):
      done = try Inventory.add(
        line(item, quantity), to: section, type: "craft_result", comment: nil, intent(person, key),
        by: people[person], on: connection)
    case .adjust(let person, let item, let section, let change, let key):
      done = try Inventory.adjust(
        line(item, change), in: section, reason: "counted again", intent(person, key), by: Editor(people[person]),
        on: connection)
    case .reserve(let person, let item, let quantity, let key, let isOverdue):
      done = try Reservation.make(
        line(item, quantity), for: isOverdue ? 0 : nil, intent(person, key), by: people[person], on: connection)
    case .giveBack(let person, let key):
      done = try Reservation.giveBack(intent(person, key), by: people[person], on: connection)
    case .consume(let person, let key):
      done = try Reservation.consume(intent(person, key), by: people[person], on: connection)
    default: preconditionFailure("\(call) is not about items")
    }
    return .done(done.value.operation, isReplay: done.isReplay)
  }

  private func find(_ name: Scenario.OrderName, _ connection: borrowing Connection) throws -> UUID? {
    guard case .bought(let person, let key) = name else { return order }
    return try connection.row(
      """
      SELECT id FROM operations
      WHERE owner = \(people[person]) AND kind = 'purchase' AND key = \(intent(person, key).key) AND outcome = 'done'
      """
    ) { try $0.value(0) }
  }

  private func owner(of name: Scenario.OrderName) -> Int {
    if case .bought(let person, _) = name { person } else { 0 }
  }

  private func intent(_ person: Int, _ key: Int?) -> Intent { Intent(of: people[person], key: key) }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { String(repeating: "0", count: width - count) + self }
}
