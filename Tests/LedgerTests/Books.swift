import Audit
import FoundationEssentials
import Ledger
import Postgres
import Shop
import Support
import Synchronization

/// A small ledger with every kind of operation, including refused ones.
func withBooks(_ body: (_ database: String, _ owner: borrowing Connection) throws -> Void) throws {
  try withFreshDatabase { name in
    let connection = try TestCluster.connection(database: name)
    try connection.item("cap", price: 3)
    try connection.item("mug", price: 5, stock: 9)
    let anna = try connection.person("anna", coins: 100)
    let boris = try connection.person("boris", coins: 20)
    try coins(anna, boris, connection)
    try items(anna, connection)
    try body(name, connection)
  }
}

private func coins(_ anna: UUID, _ boris: UUID, _ connection: borrowing Connection) throws {
  let first = try Transfer(to: "boris", amount: 30).make(Intent(of: anna, key: 1), on: connection).value
  _ = try? Transfer(to: "anna", amount: 900).make(Intent(of: boris, key: 1), on: connection)
  _ = try? Transfer(to: "nobody", amount: 1).make(Intent(of: boris, key: 2), on: connection)
  _ = try Transfer.undo(first.operation, within: 3600, Intent(of: anna, key: nil), on: connection)
  _ = try Purchase(item: "cap", quantity: 2).make(Intent(of: anna, key: 1), on: connection)
  _ = try Purchase(item: "mug", quantity: 1).make(Intent(of: boris, key: 1), on: connection)
  _ = try? Purchase(item: "mug", quantity: 100).make(Intent(of: boris, key: 2), on: connection)
  let cancelled = try Purchase(item: "mug", quantity: 2).make(Intent(of: anna, key: 2), on: connection).value
  _ = try OrderChange.cancel.make(cancelled.operation, by: Editor(anna), on: connection)
  let returned = try Purchase(item: "cap", quantity: 1).make(Intent(of: anna, key: 3), on: connection).value
  for change in [OrderChange.ready, .handOver, .takeBack] {
    _ = try change.make(returned.operation, by: Editor(anna, reason: "a crack"), on: connection)
  }
  try Inventory.setStock(connection.id("mug"), 4, by: Editor(anna), on: connection)
}

private func items(_ anna: UUID, _ connection: borrowing Connection) throws {
  let lines = [try connection.line("cap", 4), try connection.line("mug", 2), try connection.line("cap", 1)]
  func intent(_ key: Int) -> Intent { Intent(of: anna, key: key) }
  _ = try Inventory.add(
    lines, to: .main, type: "craft_result", comment: nil, intent(1), by: anna, on: connection)
  let changes = [try connection.line("cap", -2), try connection.line("cap", 1)]
  _ = try Inventory.adjust(changes, in: .main, reason: "counted again", intent(1), by: Editor(anna), on: connection)
  let one = [try connection.line("cap", 1)]
  // Active, returned, consumed and expired.
  for key in 1...4 {
    _ = try Reservation.make(one, for: key == 4 ? 0 : nil, intent(key), by: anna, on: connection)
  }
  _ = try Reservation.giveBack(intent(2), by: anna, on: connection)
  _ = try Reservation.consume(intent(3), by: anna, on: connection)
  try Reservation.expireDue(of: nil, on: connection)
  _ = try? Reservation.make([try connection.line("mug", 50)], for: nil, intent(5), by: anna, on: connection)
}

/// Repeats `body` on another thread for as long as `work` runs, and returns all results.
func withThread<T: Sendable>(until work: () throws -> Void, _ body: @escaping @Sendable () throws -> T) throws -> [T] {
  let isOver = Flag()
  let job = Job {
    var values: [T] = []
    repeat { values.append(try body()) } while !isOver.isSet
    return values
  }
  let result = Result { try work() }
  isOver.set()
  let values = try job.value()
  try result.get()
  return values
}

/// One thread sets it, others read it.
final class Flag: Sendable {
  private let raised = Atomic<Bool>(false)
  var isSet: Bool { raised.load(ordering: .acquiring) }
  func set() { raised.store(true, ordering: .releasing) }
}
