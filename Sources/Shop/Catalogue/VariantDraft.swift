package import Audit
package import FoundationEssentials
internal import Ledger
package import Postgres

/// A row of the list of variants in which the shop sells an item. No collection and no quality level is the standard
/// variant.
package struct VariantDraft: Sendable {
  package let collection: Classifier?
  package let qualityLevel: Classifier?
  /// Nil: as it is. The inner nil: unlimited.
  package var stock: Int??
  /// False: the shop has stopped selling it for a while.
  package var isActive = true

  package static let most = 100

  package init(_ collection: Classifier?, _ qualityLevel: Classifier?) {
    (self.collection, self.qualityLevel) = (collection, qualityLevel)
  }
}

extension Catalogue {
  /// Sets the whole list, in this order. An empty one is the standard variant alone. A variant that leaves the list is
  /// no longer sold; the pieces that people own, and those on the shelf, stay.
  package static func setVariants(
    _ list: [VariantDraft], of id: UUID, if condition: Condition, by editor: Editor, on connection: borrowing Connection
  ) throws -> Item {
    try edit("item.variants", id, if: condition, by: editor, on: connection) { connection in
      for variant in list { try variant.addWords(to: id, on: connection) }
      try connection.run("SELECT FROM set_variants_by_admin(\(editor.id), \(id), \(list.json)::jsonb)")
      for variant in list {
        guard let stock = variant.stock else { continue }
        try Inventory.setStock(
          id, collection: variant.collection?.id, qualityLevel: variant.qualityLevel?.id, stock, by: editor,
          on: connection)
      }
      try touch(id, on: connection)
    }
  }

  /// Makes an item, or changes the one that has this id, together with its list of variants, if there is one.
  package static func enter(
    _ draft: ItemDraft, _ variants: [VariantDraft]?, into id: UUID?, by editor: Editor,
    on connection: borrowing Connection
  ) throws -> Item {
    try connection.transaction { connection in
      let item =
        if let id {
          try change(id, to: draft, if: .none, by: editor, on: connection)
        } else {
          try create(draft, by: editor, on: connection)
        }
      guard let variants else { return item }
      return try setVariants(variants, of: item.id, if: .none, by: editor, on: connection)
    }
  }

  /// Sets how many pieces of a listed variant the shop has; nil for any number.
  package static func setStock(
    _ quantity: Int?, of id: UUID, _ collection: Classifier?, _ level: Classifier?, if condition: Condition,
    by editor: Editor, on connection: borrowing Connection
  ) throws -> Item {
    try edit("item.stock", id, if: condition, by: editor, on: connection) { connection in
      if let member = try unlisted(id, collection, level, on: connection) {
        throw CatalogueRefusal.unlistedVariant(member)
      }
      try Inventory.setStock(
        id, collection: collection?.id, qualityLevel: level?.id, quantity, by: editor, on: connection)
      try touch(id, on: connection)
    }
  }

  /// The member that chooses no variant in the list of the item; nil if the list has the variant.
  static func unlisted(
    _ id: UUID, _ collection: Classifier?, _ level: Classifier?, on connection: borrowing Connection
  ) throws -> VariantRefusal.Member? {
    let (isListed, hasCollection) = try connection.onlyRow(
      """
      SELECT coalesce(bool_or(s.quality_level_id IS NOT DISTINCT FROM \(level?.id)), false), count(*) > 0
      FROM assets s
      WHERE s.item_id = \(id) AND s.sale IS NOT NULL AND s.collection_id IS NOT DISTINCT FROM \(collection?.id)
      """
    ) { (try $0.value(0, as: Bool.self), try $0.value(1, as: Bool.self)) }
    return isListed ? nil : hasCollection ? .qualityLevel : .collection
  }
}

extension VariantDraft {
  /// The item comes in the collection and the quality level from now on.
  fileprivate func addWords(to id: UUID, on connection: borrowing Connection) throws {
    if let collection {
      try connection.run(
        """
        INSERT INTO item_collections (item_id, collection_id) VALUES (\(id), \(collection.id)) ON CONFLICT DO NOTHING
        """)
    }
    if let qualityLevel {
      try connection.run(
        """
        INSERT INTO item_quality_levels (item_id, quality_level_id) VALUES (\(id), \(qualityLevel.id))
        ON CONFLICT DO NOTHING
        """)
    }
  }
}

extension [VariantDraft] {
  /// The format of the ledger's function. It holds only ids and truth values, so nothing needs escaping.
  fileprivate var json: String {
    func id(_ classifier: Classifier?) -> String { classifier.map { "\"\($0.id.text)\"" } ?? "null" }
    let rows = map {
      #"{"collection":\#(id($0.collection)),"level":\#(id($0.qualityLevel)),"is_active":\#($0.isActive)}"#
    }
    return "[" + rows.joined(separator: ",") + "]"
  }
}
