import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct UndoTests {
  /// Anna has sent forty of her hundred coins to Boris, who had none.
  enum Meanwhile: String, Sendable, CaseIterable {
    case nothing, spent, undone, late, another, refused, grant

    var outcome: String {
      switch self {
      case .nothing: "done"
      case .spent: "insufficientFunds(available: 39, required: 40)"
      case .undone: "replayed"
      case .late: "tooLate"
      case .another, .refused, .grant: "unknownOperation"
      }
    }

    var coins: [Int] {
      switch self {
      case .nothing, .undone: [100, 0]
      case .spent: [60, 39]
      default: [60, 40]
      }
    }
  }

  @Test(arguments: Meanwhile.allCases)
  func `a transfer is undone once, soon, by its sender, and only if the coins are still there`(meanwhile: Meanwhile)
    throws
  {
    try withDatabase { connection in
      let anna = try connection.person("anna", coins: 100)
      let boris = try connection.person("boris")
      let sent = try Transfer(to: "boris", amount: 40).make(Intent(of: anna, key: 1), on: connection).value.operation
      var (wanted, caller, seconds) = (sent, anna, 3600)
      switch meanwhile {
      case .nothing: break
      case .spent:
        try connection.item("candle", price: 1)
        _ = try Purchase(item: "candle", quantity: 1).make(Intent(of: boris, key: nil), on: connection)
      case .undone: _ = try Transfer.undo(sent, within: 3600, Intent(of: anna, key: nil), on: connection)
      case .late: seconds = -1
      case .another: caller = boris
      case .refused:
        _ = try? Transfer(to: "boris", amount: 900).make(Intent(of: anna, key: 2), on: connection)
        wanted = try connection.value("SELECT id FROM operations WHERE outcome = 'insufficient_funds'")
      case .grant: wanted = try connection.value("SELECT id FROM operations WHERE owner = \(anna) AND kind = 'grant'")
      }
      let came = try outcome {
        try Transfer.undo(wanted, within: seconds, Intent(of: caller, key: nil), on: connection)
      }
      #expect(came == meanwhile.outcome)
      let coins = [try connection.coins(anna), try connection.coins(boris)]
      #expect(coins == meanwhile.coins)
      // A refused undo may be repeated: this kind of refusal is not recorded.
      let kept = try connection.outcomes("undo_transfer")
      #expect(kept == (meanwhile.coins == [100, 0] ? ["done"] : []))
      try expectBalance(connection)
    }
  }

  @Test func `an undone transfer cannot be undone again, and neither can the undo`() throws {
    try withDatabase { connection in
      let anna = try connection.person("anna", coins: 100)
      _ = try connection.person("boris", coins: 100)
      let sent = try Transfer(to: "boris", amount: 40).make(Intent(of: anna, key: 1), on: connection).value.operation
      let first = try Transfer.undo(sent, within: 3600, Intent(of: anna, key: nil), on: connection)
      let again = try Transfer.undo(sent, within: 3600, Intent(of: anna, key: nil), on: connection)
      #expect((first.isReplay, again.isReplay) == (false, true))
      #expect((first.value.operation, first.value.balance) == (again.value.operation, again.value.balance))
      let back = try outcome {
        try Transfer.undo(first.value.operation, within: 3600, Intent(of: anna, key: nil), on: connection)
      }
      #expect(back == "unknownOperation")
      let coins = try connection.coins(anna)
      #expect(coins == 100)
      try expectBalance(connection)
    }
  }

  @Test func `a replay of the transfer itself still reports success`() throws {
    try withDatabase { connection in
      let anna = try connection.person("anna", coins: 100)
      _ = try connection.person("boris")
      let transfer = Transfer(to: "boris", amount: 40)
      let sent = try transfer.make(Intent(of: anna, key: 1), on: connection).value.operation
      _ = try Transfer.undo(sent, within: 3600, Intent(of: anna, key: nil), on: connection)
      let again = try outcome { try transfer.make(Intent(of: anna, key: 1), on: connection) }
      let coins = try connection.coins(anna)
      #expect((again, coins) == ("replayed", 100))
      try expectBalance(connection)
    }
  }
}
