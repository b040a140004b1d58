import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct GrantTests {
  @Test(arguments: [
    (1, "done", 1), (9_007_199_254_740_991, "done", 9_007_199_254_740_991), (9_007_199_254_740_992, "overflow", 0),
  ])
  func `the mint gives as many coins as an account can hold`(amount: Int, due: String, coins: Int) throws {
    try withDatabase { connection in
      let anna = try connection.person("anna")
      let grant = Grant(amount: amount, reason: "welcome")
      let came = try outcome { try grant.make(Intent(of: anna, key: 1), on: connection) }
      #expect(came == due)
      let again = try outcome { try grant.make(Intent(of: anna, key: 1), on: connection) }
      #expect(again == (due == "done" ? "replayed" : due))
      let other = try outcome { try Grant(amount: amount, reason: "x").make(Intent(of: anna, key: 1), on: connection) }
      #expect(other == "keyReused")
      let left = try connection.coins(anna)
      #expect(left == coins)
      try expectBalance(connection)
    }
  }

  @Test(arguments: [0, -1, Int.min, Int.max])
  func `an invalid amount, or one that no account can hold, leaves nothing`(amount: Int) throws {
    try withDatabase { connection in
      let anna = try connection.person("anna", coins: 7)
      #expect(throws: (any Error).self) {
        try connection.transaction { connection in
          try Grant(amount: amount, reason: "").make(Intent(of: anna, key: 1), on: connection)
        }
      }
      let left = try connection.coins(anna)
      #expect(left == 7)
      try expectBalance(connection)
    }
  }
}
