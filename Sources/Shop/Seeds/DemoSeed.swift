internal import Audit
package import FoundationEssentials
package import Postgres

/// Items for a new shop to look at: game items of every class, and sizes for the clothes. The migrations bring the merch.
package enum DemoSeed {
  /// A user and an item that public load scripts name by these ids.
  package static let user = UUID(uuidString: "550e8400-e29b-41d4-a716-446655440000")!
  package static let item = UUID(uuidString: "550e8400-e29b-41d4-a716-446655440002")!

  /// Returns the number of new items. Existing ones stay as they are, because an admin may have changed them.
  package static func addItems(on connection: borrowing Connection) throws -> Int {
    try connection.value(
      """
      WITH wanted (id, code, name, type, collections, levels) AS (VALUES
        (\(item)::uuid, 'river-stone', 'River stone', 'stone', '{winter_2025,spring_2025,summer_2025,autumn_2025}',
         '{wooden,stone,metal,diamond,small,medium,large}'),
        (\(raw: id(1)), 'oak-plank', 'Oak plank', 'wood', '{}', '{small,medium,large}'),
        (\(raw: id(2)), 'grinding-paste', 'Grinding paste', 'abrasive', '{}', '{}'),
        (\(raw: id(3)), 'clear-solvent', 'Clear solvent', 'solvent', '{}', '{small,large}'),
        (\(raw: id(4)), 'tailwind', 'Tailwind', 'speed', '{spring_2025,autumn_2025}', '{}'),
        (\(raw: id(5)), 'shovel-blueprint', 'Blueprint of a shovel', 'tool_blueprint', '{winter_2025}', '{}'),
        (\(raw: id(6)), 'garden-shovel', 'Garden shovel', 'shovel', '{spring_2025,summer_2025}',
         '{wooden,stone,metal,diamond}'),
        (\(raw: id(7)), 'old-chest-key', 'Key of an old chest', 'chest_key', '{}', '{wooden,metal}'),
        (\(raw: id(8)), 'canteen-voucher', 'Canteen voucher', 'voucher', '{}', '{}')
      ), made AS (
        INSERT INTO items (id, code, name, class_id, type_id)
        SELECT w.id, w.code, w.name, type.parent_id, type.id
        FROM wanted w JOIN classifiers type ON type.classifier = 'item_type' AND type.code = w.type
        WHERE type.parent_id <> 'c1a551f1-0000-8000-8001-000000000008'
        ON CONFLICT DO NOTHING RETURNING id
      ), collections AS (
        INSERT INTO item_collections (item_id, collection_id)
        SELECT w.id, k.id FROM made JOIN wanted w USING (id) JOIN classifiers k ON k.classifier = 'collection'
        WHERE k.code = ANY (w.collections::text[])
      ), levels AS (
        INSERT INTO item_quality_levels (item_id, quality_level_id)
        SELECT w.id, k.id FROM made JOIN wanted w USING (id) JOIN classifiers k ON k.classifier = 'quality_level'
        WHERE k.code = ANY (w.levels::text[])
      )
      SELECT count(*) FROM made
      """)
  }

  /// Clothes that have never come in anything but their standard variant come in sizes from now on, beside it. Returns
  /// their number. Others stay as they are, because an admin has changed them.
  package static func addSizes(on connection: borrowing Connection) throws -> Int {
    let plain: [UUID] = try connection.rows(
      """
      SELECT i.id FROM items i
      WHERE i.code IN ('t-shirt', 'hoody', 'pink-hoody') AND i.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM assets s WHERE s.item_id = i.id AND s.sale IS DISTINCT FROM 'alone')
        AND NOT EXISTS (SELECT FROM item_quality_levels q WHERE q.item_id = i.id)
      ORDER BY i.id
      """
    ) { try $0.value(0) }
    let classifiers = Classifiers()
    try classifiers.readAll(now: 0, on: connection)
    let sizes = [("xs", 5), ("s", 20), ("m", 40), ("l", 40), ("xl", 20), ("xxl", 10)].map { code, stock in
      var variant = VariantDraft(nil, classifiers.find("quality_level", code))
      variant.stock = stock
      return variant
    }
    for item in plain {
      _ = try Catalogue.setVariants(
        [VariantDraft(nil, nil)] + sizes, of: item, if: .none, by: .commandLine, on: connection)
    }
    return plain.count
  }

  private static func id(_ number: Int) -> String { "'de300000-0000-8000-8000-00000000000\(number)'::uuid" }
}
