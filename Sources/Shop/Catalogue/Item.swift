package import FoundationEssentials
package import Postgres

/// Something the shop knows, as the JSON document that PostgreSQL makes of it.
package struct Item: Sendable {
  package let id: UUID
  package let document: [UInt8]

  init(row: Row) throws {
    id = try row.value(0)
    document = try row.value(1)
  }

  /// Whoever is in the catalogue; what was retired is not.
  package static func find(_ id: UUID, on connection: borrowing Connection) throws -> Item {
    let found = try connection.row("SELECT id, document FROM catalogue WHERE id = \(id)") { try Item(row: $0) }
    guard let found else { throw CatalogueRefusal.unknownItem }
    return found
  }

  /// The same, and nobody else changes it until the transaction is over.
  package static func locked(_ id: UUID, on connection: borrowing Connection) throws -> Item {
    try connection.run("SELECT FROM items WHERE id = \(id) FOR NO KEY UPDATE")
    return try find(id, on: connection)
  }

  /// Out of the catalogue for good. The ledger goes on speaking of it, so the row stays, and its code stays taken.
  package static func retire(_ id: UUID, on connection: borrowing Connection) throws {
    try connection.run(
      "UPDATE items SET retired_at = clock_timestamp(), updated_at = clock_timestamp() WHERE id = \(id)")
  }
}

package enum CatalogueRefusal: Error, Sendable, Equatable {
  case unknownVariant
  case unknownItem
  case codeTaken
  case changedMeanwhile
  case conditionMissing
}

extension Item {
  /// Refuses what the item does not come in; nil is the standard, in which all of them come.
  package func requireVariant(
    _ collection: Classifier?, _ level: Classifier?, on connection: borrowing Connection
  ) throws {
    let isKnown: Bool = try connection.value(
      """
      SELECT (\(collection?.id)::uuid IS NULL OR EXISTS (
                SELECT FROM item_collections WHERE item_id = \(id) AND collection_id = \(collection?.id)))
        AND (\(level?.id)::uuid IS NULL OR EXISTS (
                SELECT FROM item_quality_levels WHERE item_id = \(id) AND quality_level_id = \(level?.id)))
      """)
    guard isKnown else { throw CatalogueRefusal.unknownVariant }
  }

  /// Which picture stands for a variant from now on.
  package static func show(
    _ picture: String, as id: UUID, _ collection: Classifier?, _ level: Classifier?, on connection: borrowing Connection
  ) throws {
    try connection.run(
      """
      INSERT INTO item_images (item_id, collection_id, quality_level_id, path)
      VALUES (\(id), \(collection?.id), \(level?.id), \(picture))
      ON CONFLICT (item_id, collection_id, quality_level_id) DO UPDATE SET path = EXCLUDED.path
      """)
    try connection.run("UPDATE items SET updated_at = clock_timestamp() WHERE id = \(id)")
  }
}

extension Item {
  /// What the inventory's clients are told of an item, also of one that has left the catalogue.
  package static func description(of id: UUID, on connection: borrowing Connection) throws -> [UInt8] {
    let found = try connection.row(
      """
      SELECT row_to_json(d) FROM (
        SELECT i.id AS item_id, class.code AS item_class, type.code AS item_type,
          ARRAY(
            SELECT k.code FROM item_collections c JOIN classifiers k ON k.id = c.collection_id
            WHERE c.item_id = i.id ORDER BY k.position) AS available_collections,
          ARRAY(
            SELECT k.code FROM item_quality_levels q JOIN classifiers k ON k.id = q.quality_level_id
            WHERE q.item_id = i.id ORDER BY k.position) AS available_quality_levels
        FROM items i JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id
        WHERE i.id = \(id)
      ) d
      """
    ) { try $0.value(0, as: [UInt8].self) }
    guard let found else { throw CatalogueRefusal.unknownItem }
    return found
  }
}
