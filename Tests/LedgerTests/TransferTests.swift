import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct TransferTests {
  /// Anna has a hundred coins, Boris ten, Clara none and not even an account; a deleted user is gone.
  struct Case: Sendable, CustomTestStringConvertible {
    let amount: Int
    let recipient: String
    let outcome: String
    let left: Int
    var testDescription: String { "\(amount) to \(recipient)" }

    init(_ amount: Int, to recipient: String, _ outcome: String, left: Int) {
      (self.amount, self.recipient, self.outcome, self.left) = (amount, recipient, outcome, left)
    }
  }

  static let cases = [
    Case(1, to: "boris", "done", left: 99),
    Case(100, to: "boris", "done", left: 0),
    Case(40, to: "clara", "done", left: 60),
    Case(101, to: "boris", "insufficientFunds(available: 100, required: 101)", left: 100),
    Case(.max, to: "boris", "insufficientFunds(available: 100, required: \(Int.max))", left: 100),
    Case(1, to: "nobody", "unknownRecipient", left: 100),
    Case(1, to: "gone", "unknownRecipient", left: 100),
    Case(1, to: "Boris", "unknownRecipient", left: 100),
    Case(1, to: "", "unknownRecipient", left: 100),
    Case(1, to: "anna", "toOneself", left: 100),
    // Checks have an order: a missing recipient counts before missing coins.
    Case(101, to: "nobody", "unknownRecipient", left: 100),
    Case(101, to: "anna", "toOneself", left: 100),
  ]

  @Test(arguments: cases, [nil, 1])
  func `coins go as far as the balance reaches, and to another existing user`(case wanted: Case, key: Int?) throws {
    try withDatabase { connection in
      let anna = try people(connection)
      let transfer = Transfer(to: wanted.recipient, amount: wanted.amount)
      let came = try outcome { try transfer.make(Intent(of: anna, key: key), on: connection) }
      #expect(came == wanted.outcome)
      let left = try connection.coins(anna)
      #expect(left == wanted.left)
      // A refusal without a key is not recorded, because nobody could ask for it again.
      let kept = try connection.outcomes("transfer").count
      #expect(kept == (wanted.outcome == "done" || key != nil ? 1 : 0))
      try expectBalance(connection)
    }
  }

  /// The purse with the smaller id moves first, so a refusal by the other one has to take that back.
  @Test(arguments: [true, false], [nil, 1])
  func `a refused or repeated transfer leaves both purses as they were`(payerIsFirst: Bool, key: Int?) throws {
    try withDatabase { connection in
      let ids = [UUID(), UUID()].sorted { $0.uuidString < $1.uuidString }
      let payer = ids[payerIsFirst ? 0 : 1]
      for (id, name) in [(payer, "payer"), (ids[payerIsFirst ? 1 : 0], "payee")] {
        try connection.run("INSERT INTO users (id, username) VALUES (\(id), \(name))")
        _ = try Grant(amount: 10, reason: "to begin with").make(Intent(of: id, key: nil), on: connection)
      }
      _ = try Transfer(to: "payee", amount: 4).make(Intent(of: payer, key: 7), on: connection)
      let before = try purses(connection)
      _ = try outcome { try Transfer(to: "payee", amount: 11).make(Intent(of: payer, key: key), on: connection) }
      _ = try outcome { try Transfer(to: "payee", amount: 4).make(Intent(of: payer, key: 7), on: connection) }
      _ = try outcome { try Transfer(to: "payee", amount: 5).make(Intent(of: payer, key: 7), on: connection) }
      let after = try purses(connection)
      #expect(before.count == 2)
      #expect(after == before)
    }
  }

  private func purses(_ connection: borrowing Connection) throws -> [String] {
    try connection.rows("SELECT p::text FROM purses p ORDER BY p.id") { try $0.value(0) }
  }

  @Test(arguments: cases)
  func `a repeated transfer gets the first answer, whatever has happened since`(case wanted: Case) throws {
    try withDatabase { connection in
      let anna = try people(connection)
      let transfer = Transfer(to: wanted.recipient, amount: wanted.amount)
      let first = try outcome { try transfer.make(Intent(of: anna, key: 1), on: connection) }
      // By now the balance suffices, the user exists, and there is room.
      _ = try Grant(amount: 1000, reason: "meanwhile").make(Intent(of: anna, key: nil), on: connection)
      _ = try? connection.person("nobody")
      let again = try outcome { try transfer.make(Intent(of: anna, key: 1), on: connection) }
      #expect(again == (first == "done" ? "replayed" : first))
      let other = try outcome {
        try Transfer(to: wanted.recipient, amount: 2).make(Intent(of: anna, key: 1), on: connection)
      }
      #expect(other == "keyReused")
      let left = try connection.coins(anna)
      #expect(left == wanted.left + 1000)
      try expectBalance(connection)
    }
  }

  @Test func `a replay has the first receipt, with the balance of that moment`() throws {
    try withDatabase { connection in
      let anna = try people(connection)
      let transfer = Transfer(to: "boris", amount: 30, message: "lunch")
      let first = try transfer.make(Intent(of: anna, key: 1), on: connection).value
      _ = try Transfer(to: "boris", amount: 5).make(Intent(of: anna, key: 2), on: connection)
      let again = try transfer.make(Intent(of: anna, key: 1), on: connection).value
      #expect((first.operation, first.at, first.balance) == (again.operation, again.at, again.balance))
      #expect(first.balance == 70)
      try expectBalance(connection)
    }
  }

  @Test func `a message, no message and another amount are different requests`() throws {
    try withDatabase { connection in
      let anna = try people(connection)
      let asked = [("boris", 1, "x"), ("boris", 1, nil), ("boris", 1, ""), ("boris", 11, "x"), ("clara", 1, "x")]
      for (index, (recipient, amount, message)) in asked.enumerated() {
        let transfer = Transfer(to: recipient, amount: amount, message: message)
        let came = try outcome { try transfer.make(Intent(of: anna, key: 1), on: connection) }
        #expect(came == (index == 0 ? "done" : "keyReused"))
      }
      try expectBalance(connection)
    }
  }

  @Test func `a key belongs to its owner and its kind of operation`() throws {
    try withDatabase { connection in
      let anna = try people(connection)
      let boris = try connection.value("SELECT id FROM users WHERE username = 'boris'", as: UUID.self)
      let one = try outcome { try Transfer(to: "boris", amount: 1).make(Intent(of: anna, key: 1), on: connection) }
      let two = try outcome { try Transfer(to: "anna", amount: 1).make(Intent(of: boris, key: 1), on: connection) }
      let three = try outcome { try Purchase(item: "pen", quantity: 1).make(Intent(of: anna, key: 1), on: connection) }
      #expect([one, two, three] == ["done", "done", "done"])
      try expectBalance(connection)
    }
  }

  @Test func `no account can be made to hold more than 2^53 - 1`() throws {
    try withDatabase { connection in
      let rich = try connection.person("rich", coins: 9_007_199_254_740_991)
      let anna = try connection.person("anna", coins: 1)
      let over = try outcome { try Transfer(to: "rich", amount: 1).make(Intent(of: anna, key: 1), on: connection) }
      #expect(over == "overflow")
      let granted = try outcome { try Grant(amount: 1, reason: "").make(Intent(of: rich, key: 1), on: connection) }
      #expect(granted == "overflow")
      let (most, one) = (try connection.coins(rich), try connection.coins(anna))
      #expect((most, one) == (9_007_199_254_740_991, 1))
      try expectBalance(connection)
    }
  }

  @Test(arguments: [0, -1, Int.min])
  func `an invalid amount moves nothing, even if no caller checks it`(amount: Int) throws {
    try withDatabase { connection in
      let anna = try people(connection)
      #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          try Transfer(to: "boris", amount: amount).make(Intent(of: anna, key: 1), on: connection)
        }
      }
      let left = try connection.coins(anna)
      #expect(left == 100)
      try expectBalance(connection)
    }
  }

  private func people(_ connection: borrowing Connection) throws -> UUID {
    _ = try connection.person("boris", coins: 10)
    _ = try connection.person("clara")
    let gone = try connection.person("gone", coins: 1)
    try connection.run("UPDATE users SET deleted_at = now() WHERE id = \(gone)")
    return try connection.person("anna", coins: 100)
  }
}
