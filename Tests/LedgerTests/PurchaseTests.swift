import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct PurchaseTests {
  /// Anna has a hundred coins. A mug is 20 and there are three; a cap is 30 and made on demand.
  struct Case: Sendable, CustomTestStringConvertible {
    let quantity: Int
    let item: String
    let outcome: String
    let left: Int
    var testDescription: String { "\(quantity) \(item)" }

    init(_ quantity: Int, _ item: String, _ outcome: String, left: Int) {
      (self.quantity, self.item, self.outcome, self.left) = (quantity, item, outcome, left)
    }
  }

  static let cases = [
    Case(1, "cap", "done", left: 70),
    Case(3, "cap", "done", left: 10),
    Case(4, "cap", "insufficientFunds(available: 100, required: 120)", left: 100),
    Case(.max, "cap", "insufficientFunds(available: 100, required: \(Int.max))", left: 100),
    Case(3, "mug", "done", left: 40),
    Case(4, "mug", "outOfStock(available: 3, required: 4)", left: 100),
    Case(.max, "mug", "outOfStock(available: 3, required: \(Int.max))", left: 100),
    // An empty shelf is reported first, however many coins the buyer has.
    Case(6, "mug", "outOfStock(available: 3, required: 6)", left: 100),
    Case(1, "sold-out", "outOfStock(available: 0, required: 1)", left: 100),
    Case(1, "free-of-price", "unknownItem", left: 100),
    Case(1, "inactive", "unknownItem", left: 100),
    Case(1, "retired", "unknownItem", left: 100),
    Case(1, "nothing", "unknownItem", left: 100),
    Case(1, "", "unknownItem", left: 100),
  ]

  @Test(arguments: cases, [nil, 1])
  func `a purchase succeeds as far as coins and stock reach`(case wanted: Case, key: Int?) throws {
    try withDatabase { connection in
      let anna = try shop(connection)
      let purchase = Purchase(item: wanted.item, quantity: wanted.quantity)
      let came = try outcome { try purchase.make(Intent(of: anna, key: key), on: connection) }
      #expect(came == wanted.outcome)
      let left = try connection.coins(anna)
      #expect(left == wanted.left)
      let bought = try connection.quantity(wanted.item, of: anna)
      #expect(bought == (came == "done" ? wanted.quantity : 0))
      let mugs = try connection.quantity("mug", of: nil) + connection.quantity("mug", of: anna)
      #expect(mugs == 3)
      try expectBalance(connection)
    }
  }

  @Test(arguments: cases)
  func `a repeated purchase gets the first answer, at the first price`(case wanted: Case) throws {
    try withDatabase { connection in
      let anna = try shop(connection)
      let purchase = Purchase(item: wanted.item, quantity: wanted.quantity)
      let first = try outcome { try purchase.make(Intent(of: anna, key: 1), on: connection) }
      let was = try connection.quantity(wanted.item, of: anna)
      _ = try Grant(amount: 1000, reason: "meanwhile").make(Intent(of: anna, key: nil), on: connection)
      try connection.run("UPDATE items SET price = coalesce(price, 5) * 2, is_active = true, retired_at = NULL")
      let again = try outcome { try purchase.make(Intent(of: anna, key: 1), on: connection) }
      // The required sum is today's price; the refusal itself is not decided again.
      #expect(again.prefix { $0 != "(" } == (first == "done" ? "replayed" : first.prefix { $0 != "(" }))
      let other = try outcome {
        try Purchase(item: wanted.item, quantity: 2).make(Intent(of: anna, key: 1), on: connection)
      }
      #expect(other == "keyReused")
      let (left, isNow) = (try connection.coins(anna), try connection.quantity(wanted.item, of: anna))
      #expect((left, isNow) == (wanted.left + 1000, was))
      try expectBalance(connection)
    }
  }

  @Test func `the receipt of a replay has the price that was paid`() throws {
    try withDatabase { connection in
      let anna = try shop(connection)
      let first = try Purchase(item: "cap", quantity: 2).make(Intent(of: anna, key: 1), on: connection).value
      try connection.run("UPDATE items SET price = 1 WHERE code = 'cap'")
      let again = try Purchase(item: "cap", quantity: 2).make(Intent(of: anna, key: 1), on: connection).value
      #expect((first.price, first.balance) == (30, 40))
      #expect(
        (first.operation, first.at, first.price, first.balance) == (
          again.operation, again.at, again.price, again.balance
        ))
      try expectBalance(connection)
    }
  }

  @Test func `a buyer who never had coins has insufficient funds`() throws {
    try withDatabase { connection in
      _ = try shop(connection)
      let poor = try connection.person("poor")
      for item in ["cap", "mug"] {
        let came = try outcome {
          try Purchase(item: item, quantity: 1).make(Intent(of: poor, key: nil), on: connection)
        }
        #expect(came.hasPrefix("insufficientFunds(available: 0"))
      }
      try expectBalance(connection)
    }
  }

  @Test(arguments: [0, -1, Int.min])
  func `an invalid quantity moves nothing, even if no caller checks it`(quantity: Int) throws {
    for item in ["cap", "mug"] {
      try withDatabase { connection in
        let anna = try shop(connection)
        #expect(throws: PostgresError.self) {
          try connection.transaction { connection in
            try Purchase(item: item, quantity: quantity).make(Intent(of: anna, key: 1), on: connection)
          }
        }
        let left = try connection.coins(anna)
        #expect(left == 100)
        try expectBalance(connection)
      }
    }
  }

  private func shop(_ connection: borrowing Connection) throws -> UUID {
    try connection.item("cap", price: 30)
    try connection.item("mug", price: 20, stock: 3)
    try connection.item("sold-out", price: 20, stock: 0)
    try connection.item("free-of-price", price: nil)
    try connection.item("inactive", price: 1)
    try connection.item("retired", price: 1)
    try connection.run("UPDATE items SET is_active = false WHERE code = 'inactive'")
    try connection.run("UPDATE items SET retired_at = now() WHERE code = 'retired'")
    return try connection.person("anna", coins: 100)
  }
}
