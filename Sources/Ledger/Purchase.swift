package import FoundationEssentials
package import Postgres

/// Coins for merch, at the price of the moment.
package struct Purchase: Sendable {
  package let item: String
  package let quantity: Int

  package init(item: String, quantity: Int) {
    self.item = item
    self.quantity = quantity
  }

  package struct Receipt: Sendable {
    package let operation: UUID
    package let at: String
    package let price: Int
    package let balance: Int
  }

  package func make(_ intent: Intent, on connection: borrowing Connection) throws -> Done<Receipt> {
    try connection.onlyRow(
      """
      SELECT outcome, available, operation, \(raw: SQL.timestamp("at")) AS moment, price, balance, replayed
      FROM purchase(\(intent.id), \(intent.owner), \(intent.key), \(intent.requestID), \(item), \(quantity))
      """
    ) { row in
      let word = try row.value("outcome", as: String.self)
      let cost = (try row.value("price", as: Int?.self) ?? 0).multipliedReportingOverflow(by: quantity)
      let required = word == "out_of_stock" ? quantity : cost.overflow ? .max : cost.partialValue
      return try row.done(available: row.value("available"), required: required) {
        Receipt(
          operation: try row.value("operation"), at: try row.value("moment"), price: try row.value("price"),
          balance: try row.value("balance"))
      }
    }
  }
}
