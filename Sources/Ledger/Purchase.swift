package import FoundationEssentials
package import Postgres

/// Coins for merch, at the price of the moment, and the order for it.
package struct Purchase: Sendable {
  package let item: String
  package let quantity: Int
  /// No collection and no quality level is the standard variant.
  package let collection: UUID?
  package let qualityLevel: UUID?

  package init(item: String, quantity: Int, collection: UUID? = nil, qualityLevel: UUID? = nil) {
    self.item = item
    self.quantity = quantity
    self.collection = collection
    self.qualityLevel = qualityLevel
  }

  package struct Receipt: Sendable {
    /// The order has this id too.
    package let operation: UUID
    package let at: String
    package let price: Int
    package let balance: Int
    /// Of the order when it was made.
    package let status: String
  }

  package func make(_ intent: Intent, on connection: borrowing Connection) throws -> Done<Receipt> {
    try connection.onlyRow(
      """
      SELECT outcome, available, operation, \(raw: SQL.timestamp("at")) AS moment, price, balance, status, replayed
      FROM purchase(\(intent.id), \(intent.owner), \(intent.key), \(intent.requestID), \(item), \(quantity),
                    \(collection), \(qualityLevel))
      """
    ) { row in
      let word = try row.value("outcome", as: String.self)
      let cost = (try row.value("price", as: Int?.self) ?? 0).multipliedReportingOverflow(by: quantity)
      let isCounted = word == "out_of_stock" || word == "limit_reached"
      let required = isCounted ? quantity : cost.overflow ? .max : cost.partialValue
      return try row.done(available: row.value("available"), required: required) {
        Receipt(
          operation: try row.value("operation"), at: try row.value("moment"), price: try row.value("price"),
          balance: try row.value("balance"), status: try row.value("status"))
      }
    }
  }
}
