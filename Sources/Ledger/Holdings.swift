package import FoundationEssentials
package import Postgres

/// Everything that an owner has at one moment: coins, and the items in all sections.
package struct Holdings: Sendable {
  package struct Line: Sendable {
    package let section: String
    package let item: UUID
    package let code: String
    package let name: String
    package let collection: String?
    package let qualityLevel: String?
    package let quantity: Int
  }

  package let coins: Int
  package let lines: [Line]

  package static func read(of owner: UUID, on connection: borrowing Connection) throws -> Holdings {
    try Reservation.expireDue(of: owner, on: connection)
    var coins = 0
    let lines = try connection.rows(
      """
      SELECT a.section, a.balance, i.id AS item_id, i.code, i.name, c.code AS collection, q.code AS quality_level
      FROM accounts a
      LEFT JOIN assets s ON s.id = a.asset LEFT JOIN items i ON i.id = s.item_id
      LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
      WHERE a.owner = \(owner) AND a.balance > 0
      ORDER BY array_position(ARRAY['main', 'factory', 'trade'], a.section::text), a.id
      """
    ) { row -> Line? in
      let quantity = try row.value("balance", as: Int.self)
      // Coins are the asset without an item.
      guard let item = try row.value("item_id", as: UUID?.self) else {
        coins += quantity
        return nil
      }
      return Line(
        section: try row.value("section"), item: item, code: try row.value("code"), name: try row.value("name"),
        collection: try row.value("collection"), qualityLevel: try row.value("quality_level"), quantity: quantity)
    }
    return Holdings(coins: coins, lines: lines.compactMap { $0 })
  }
}
