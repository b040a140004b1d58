package import FoundationEssentials
package import Postgres

/// How much of an item a user has, and how much more of it they may buy.
package struct OwnShare: Sendable {
  /// In all sections and variants.
  package let owned: Int
  /// Neither cancelled nor returned, even if it was used up or given away since.
  package let bought: Int
  /// Nil: the item has no limit for each person.
  package let left: Int?

  package static func read(
    of owner: UUID, in item: UUID, on connection: borrowing Connection
  ) throws -> OwnShare {
    let found = try connection.row(
      """
      SELECT coalesce(sum(a.balance), 0)::bigint, coalesce(sum(a.bought), 0)::bigint, i.limit_per_person
      FROM items i LEFT JOIN assets s ON s.item_id = i.id LEFT JOIN accounts a ON a.owner = \(owner) AND a.asset = s.id
      WHERE i.id = \(item) AND i.retired_at IS NULL GROUP BY i.id
      """
    ) { row in
      let bought = try row.value(1, as: Int.self)
      let limit = try row.value(2, as: Int?.self)
      return OwnShare(owned: try row.value(0), bought: bought, left: limit.map { max($0 - bought, 0) })
    }
    guard let found else { throw CatalogueRefusal.unknownItem }
    return found
  }
}
