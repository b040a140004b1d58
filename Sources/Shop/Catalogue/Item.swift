package import FoundationEssentials
package import Postgres

/// An item of the catalogue, as the JSON document that PostgreSQL builds.
package struct Item: Sendable {
  package let id: UUID
  package let document: DatabaseJSON

  init(row: Row) throws {
    id = try row.value(0)
    document = try row.value(1)
  }

  /// Retired items are not in the catalogue.
  package static func find(_ id: UUID, on connection: borrowing Connection) throws -> Item {
    let found = try connection.row("SELECT id, document FROM catalogue WHERE id = \(id)") { try Item(row: $0) }
    guard let found else { throw CatalogueRefusal.unknownItem }
    return found
  }

  /// The item as clients of the inventory see it, even if it has left the catalogue.
  package static func description(of id: UUID, on connection: borrowing Connection) throws -> DatabaseJSON {
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
    ) { try $0.value(0, as: DatabaseJSON.self) }
    guard let found else { throw CatalogueRefusal.unknownItem }
    return found
  }
}

package enum CatalogueRefusal: Error, Sendable, Equatable {
  case unknownVariant, unknownItem, codeTaken, changedMeanwhile, conditionMissing
  case unknownClassifier, classifierTaken
}
