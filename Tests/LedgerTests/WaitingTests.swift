import Audit
import FoundationEssentials
import Ledger
import Postgres
import Shop
import Support
import Synchronization
import Testing

/// Decisions of a call that has waited for another session.
@Suite(.tiers(.database, .concurrency))
struct WaitingTests {
  @Test func `a purchase that waited for the shelf pays the price at the moment of the purchase`() throws {
    let receipt = try purchase { try $0.run("UPDATE items SET price = 9 WHERE code = 'mug'") }
    #expect(receipt == "price 9, balance 91")
  }

  @Test func `a purchase that waited for the shelf is refused if the item was retired meanwhile`() throws {
    let receipt = try purchase { try $0.run("UPDATE items SET retired_at = now() WHERE code = 'mug'") }
    #expect(receipt == "unknownItem")
  }

  @Test func `a purchase that waited for the shelf is made from the mint if the stock has become unlimited`() throws {
    let receipt = try purchase {
      try $0.run("UPDATE assets SET stock_limited = false WHERE stock_limited")
    }
    #expect(receipt == "price 20, balance 80")
  }

  @Test(arguments: [true, false])
  func `a refund that waited for the shelf gives the goods to it only if the stock is still limited`(isLimited: Bool)
    throws
  {
    let receipt = try whileWaiting { connection, anna in
      let order = try Purchase(item: "mug", quantity: 1).make(Intent(of: anna, key: nil), on: connection).value
        .operation
      return { "\(try OrderChange.cancelOwn(order, by: Editor(anna), on: $0).status)" }
    } change: {
      if !isLimited { try $0.run("UPDATE assets SET stock_limited = false WHERE stock_limited") }
    } result: {
      ": \(try $0.quantity("mug", of: nil)) on the shelf"
    }
    #expect(receipt == "cancelled: \(isLimited ? 3 : 2) on the shelf")
  }

  private func purchase(_ change: (borrowing Connection) throws -> Void) throws -> String {
    try whileWaiting { _, anna in
      { connection in
        let receipt = try Purchase(item: "mug", quantity: 1).make(Intent(of: anna, key: nil), on: connection).value
        return "price \(receipt.price), balance \(receipt.balance)"
      }
    } change: {
      try change($0)
    } result: { _ in
      ""
    }
  }

  /// One session holds the shelf, on which it has set two mugs; another one acts and waits for it; the item changes; the
  /// shelf is released.
  private func whileWaiting(
    _ prepare: (borrowing Connection, UUID) throws -> @Sendable (borrowing Connection) throws -> String,
    change: (borrowing Connection) throws -> Void, result: (borrowing Connection) throws -> String
  ) throws -> String {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(database: database)
      try connection.item("mug", price: 20, stock: 3)
      let anna = try connection.person("anna", coins: 100)
      let act = try prepare(connection, anna)
      let holder = try Stepper(database: database)
      let buyer = try Stepper(database: database)
      let told = Mutex("")
      try holder.run { connection in
        try connection.perform("BEGIN")
        try Inventory.setStock(connection.id("mug"), 2, by: Editor(UUID()), on: connection)
      }
      buyer.begin { connection in
        let line: String
        do {
          line = try act(connection)
        } catch let refusal as LedgerRefusal {
          line = "\(refusal)"
        }
        told.withLock { $0 = line }
      }
      try eventually("it waits for the shelf") {
        try connection.value("SELECT cardinality(pg_blocking_pids(\(buyer.pid)::int)) > 0")
      }
      try change(connection)
      try holder.run { try $0.perform("COMMIT") }
      try buyer.finish()
      for stepper in [holder, buyer] { stepper.end() }
      try expectBalance(connection)
      return try told.withLock { $0 } + result(connection)
    }
  }
}
