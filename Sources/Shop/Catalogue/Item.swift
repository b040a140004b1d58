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

  /// The id of the item with this code; nil if the catalogue has none.
  package static func id(of code: String, on connection: borrowing Connection) throws -> UUID? {
    try connection.row("SELECT id FROM catalogue WHERE code = \(code)") { try $0.value(0) }
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
  case unknownClassifier, classifierTaken, unknownPicture
  /// The item is sold in its variants only, so the item itself has no stock to set.
  case soldInVariants
  /// A listed variant has a collection or quality level that the item would lose.
  case variantOnSale
  /// The list of the item's variants has no such collection, or not together with this quality level.
  case unlistedVariant(VariantRefusal.Member)
}

extension CatalogueRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownItem: "there is no such item"
    case .codeTaken: "another item has this code, perhaps one that has left the catalogue"
    case .soldInVariants: "the item is sold in its variants only: give the stock of each of them"
    case .variantOnSale: "a variant in the item's list has a collection or quality level that would go"
    case .unknownVariant, .unlistedVariant: "the item does not come in this variant"
    case .unknownClassifier, .classifierTaken, .unknownPicture, .changedMeanwhile, .conditionMissing:
      "the change was refused"
    }
  }
}
