// Knows the catalogue, and the ledger in the shop's words. Refuses to know HTTP, and which callers are allowed to ask.

package import Audit
package import FoundationEssentials
internal import Ledger
package import Postgres

/// The items that the shop shows and sells, and how an admin changes them. Every change is audited.
package enum Catalogue {
  /// A demand of the client on the item that it is about to change.
  package enum Condition {
    case none
    /// The shop demands a condition, and the client gave none.
    case missing
    case matches((_ document: DatabaseJSON) -> Bool)

    fileprivate func require(of item: Item) throws(CatalogueRefusal) {
      switch self {
      case .none: return
      case .missing: throw .conditionMissing
      case .matches(let isMatch): guard isMatch(item.document) else { throw .changedMeanwhile }
      }
    }
  }

  package static func create(
    _ draft: ItemDraft, by editor: Editor, on connection: borrowing Connection
  ) throws -> Item {
    try connection.transaction { connection in
      let id = UUID.timeOrdered()
      try draft.create(id, on: connection)
      try setStock(of: id, to: draft, by: editor, on: connection)
      let item = try Item.find(id, on: connection)
      try editor.note("item.create", id.text, after: item.document, on: connection)
      return item
    }
  }

  package static func change(
    _ id: UUID, to draft: ItemDraft, if condition: Condition, by editor: Editor, on connection: borrowing Connection
  ) throws -> Item {
    try edit("item.update", id, if: condition, by: editor, on: connection) { connection in
      try draft.apply(to: id, on: connection)
      try setStock(of: id, to: draft, by: editor, on: connection)
    }
  }

  /// Takes the item out of the catalogue for good. The ledger still names it, so the row stays, and its code stays taken.
  package static func retire(
    _ id: UUID, if condition: Condition, by editor: Editor, on connection: borrowing Connection
  ) throws {
    try connection.transaction { connection in
      let before = try locked(id, on: connection)
      try condition.require(of: before)
      try connection.run(
        "UPDATE items SET retired_at = clock_timestamp(), updated_at = clock_timestamp() WHERE id = \(id)")
      try editor.note("item.delete", id.text, before: before.document, on: connection)
    }
  }

  /// Shows a variant of the item with a picture from now on. No collection and no level is the standard variant.
  package static func show(
    _ picture: Picture, named digest: String, as id: UUID, _ collection: Classifier?, _ level: Classifier?,
    in pictures: PictureStore, by editor: Editor, on connection: borrowing Connection
  ) throws -> Item {
    try Item.find(id, on: connection).requireVariant(collection, level, on: connection)
    let name = try pictures.keep(picture, as: digest)
    return try edit("item.image", id, if: .none, by: editor, on: connection) { connection in
      try connection.run(
        """
        INSERT INTO item_images (item_id, collection_id, quality_level_id, path)
        VALUES (\(id), \(collection?.id), \(level?.id), \(name))
        ON CONFLICT (item_id, collection_id, quality_level_id) DO UPDATE SET path = EXCLUDED.path
        """)
      try touch(id, on: connection)
    }
  }

  /// Takes the picture of a variant away. The file stays, because other variants may show it.
  package static func removePicture(
    of id: UUID, _ collection: Classifier?, _ level: Classifier?, by editor: Editor,
    on connection: borrowing Connection
  ) throws {
    _ = try edit("item.image", id, if: .none, by: editor, on: connection) { connection in
      let removed = try connection.run(
        """
        DELETE FROM item_images WHERE item_id = \(id) AND collection_id IS NOT DISTINCT FROM \(collection?.id)
          AND quality_level_id IS NOT DISTINCT FROM \(level?.id)
        """)
      guard removed == 1 else { throw CatalogueRefusal.unknownPicture }
      try touch(id, on: connection)
    }
  }

  static func edit(
    _ action: String, _ id: UUID, if condition: Condition, by editor: Editor, on connection: borrowing Connection,
    _ body: (borrowing Connection) throws -> Void
  ) throws -> Item {
    try connection.transaction { connection in
      let before = try locked(id, on: connection)
      try condition.require(of: before)
      try body(connection)
      let after = try Item.find(id, on: connection)
      try editor.note(action, id.text, before: before.document, after: after.document, on: connection)
      return after
    }
  }

  static func touch(_ id: UUID, on connection: borrowing Connection) throws {
    try connection.run("UPDATE items SET updated_at = clock_timestamp() WHERE id = \(id)")
  }

  /// No other transaction changes the item until this one ends.
  private static func locked(_ id: UUID, on connection: borrowing Connection) throws -> Item {
    try connection.run("SELECT FROM items WHERE id = \(id) FOR NO KEY UPDATE")
    return try Item.find(id, on: connection)
  }

  private static func setStock(
    of id: UUID, to draft: ItemDraft, by editor: Editor, on connection: borrowing Connection
  ) throws {
    guard let stock = draft.stock else { return }
    guard try unlisted(id, nil, nil, on: connection) == nil else { throw CatalogueRefusal.soldInVariants }
    try Inventory.setStock(id, stock, by: editor, on: connection)
  }
}

extension Item {
  fileprivate func requireVariant(
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
}
