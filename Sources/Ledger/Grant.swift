package import FoundationEssentials
package import Postgres

/// New coins for a user: a welcome, a month's allowance, a thank-you.
package struct Grant: Sendable {
  package let amount: Int
  package let reason: String

  package init(amount: Int, reason: String) {
    self.amount = amount
    self.reason = reason
  }

  package func make(
    _ intent: Intent, by actor: UUID? = nil, on connection: borrowing Connection
  ) throws -> Done<Int> {
    try connection.onlyRow(
      """
      SELECT outcome, balance, replayed
      FROM grant_coins(\(intent.id), \(intent.owner), \(intent.key ?? intent.id), \(actor), \(intent.requestID),
                       \(amount), \(reason))
      """
    ) { row in
      let isReplay = try row.value(2, as: Bool.self)
      try Outcome(word: row.value(0), isReplay: isReplay).require()
      return Done(value: try row.value(1, as: Int.self), isReplay: isReplay)
    }
  }
}
