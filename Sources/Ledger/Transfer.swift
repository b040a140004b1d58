package import FoundationEssentials
package import Postgres

/// Coins from one colleague to another.
package struct Transfer: Sendable {
  package let recipient: String
  package let amount: Int
  package let message: String?

  package init(to recipient: String, amount: Int, message: String? = nil) {
    self.recipient = recipient
    self.amount = amount
    self.message = message
  }

  package struct Receipt: Sendable {
    package let operation: UUID
    package let at: String
    package let amount: Int
    /// The balance of the owner of the operation right after it.
    package let balance: Int
  }

  package func make(_ intent: Intent, on connection: borrowing Connection) throws -> Done<Receipt> {
    try connection.onlyRow(
      """
      SELECT outcome, available, operation, \(raw: SQL.timestamp("at")) AS moment, balance, replayed
      FROM transfer(\(intent.id), \(intent.owner), \(intent.key), \(intent.requestID), \(recipient), \(amount),
                    \(message))
      """
    ) { row in
      try row.done(available: row.value("available"), required: amount) {
        Receipt(
          operation: try row.value("operation"), at: try row.value("moment"), amount: amount,
          balance: try row.value("balance"))
      }
    }
  }

  /// Undoes a transfer of the owner's, within some seconds, if the recipient still has the coins.
  package static func undo(
    _ transfer: UUID, within seconds: Int, _ intent: Intent, on connection: borrowing Connection
  ) throws -> Done<Receipt> {
    try connection.onlyRow(
      """
      SELECT outcome, available, amount, operation, \(raw: SQL.timestamp("at")) AS moment, balance, replayed
      FROM undo_transfer(\(intent.id), \(intent.owner), \(transfer), \(seconds), \(intent.requestID))
      """
    ) { row in
      try row.done(available: row.value("available"), required: row.value("amount", as: Int?.self) ?? 0) {
        Receipt(
          operation: try row.value("operation"), at: try row.value("moment"), amount: try row.value("amount"),
          balance: try row.value("balance"))
      }
    }
  }
}
