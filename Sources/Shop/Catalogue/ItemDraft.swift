internal import FoundationEssentials
internal import Postgres

/// The members of an item that an admin sets. A member that is nil stays as it is; a new item needs name, class and
/// type.
package struct ItemDraft: Sendable {
  package var code: String?
  package var name: String?
  package var description: String?
  /// The inner nil: not for sale.
  package var price: Int??
  package var type: Classifier?
  package var `class`: Classifier?
  package var collections: [Classifier]?
  package var qualityLevels: [Classifier]?
  package var isActive: Bool?
  /// The inner nil: stock is unlimited.
  package var stock: Int??
  /// The inner nil: any number.
  package var limitPerPerson: Int??
  /// The inner nil: reports never name the item.
  package var lowStockAt: Int??
  package var handOver: Bool?
  package init() {}

  func create(_ id: UUID, on connection: borrowing Connection) throws {
    guard let name, let type, let `class` else { preconditionFailure("a new item lacks something") }
    while true {
      let code = try self.code ?? Self.freeCode(for: name, on: connection)
      let made = try connection.run(
        """
        INSERT INTO items (id, code, name, description, price, class_id, type_id, limit_per_person, low_stock_at,
                           hand_over, is_active)
        VALUES (\(id), \(code), \(name), \(description ?? ""), \(price ?? nil), \(`class`.id), \(type.id),
                \(limitPerPerson ?? nil), \(lowStockAt ?? nil), \(handOver ?? true), \(isActive ?? true))
        ON CONFLICT (code) DO NOTHING
        """)
      if made == 1 { break }
      // A code that was free a moment ago may be taken now. A code that the admin chose stays taken.
      guard self.code == nil else { throw CatalogueRefusal.codeTaken }
    }
    try setWords(of: id, on: connection)
  }

  /// The name in small letters, digits and hyphens, with a number behind it if an item has that code, even a retired
  /// one.
  private static func freeCode(for name: String, on connection: borrowing Connection) throws -> String {
    let words = name.lowercased().utf8.split { byte in
      !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    let whole = words.map { String(Substring($0)) }.joined(separator: "-").prefix(90)
    let start = whole.isEmpty ? "item" : String(whole)
    // Looks up one number after the other until one is free, without a join or a sort.
    let free: String? = try connection.row(
      """
      SELECT code FROM (
        SELECT CASE n WHEN 1 THEN \(start) ELSE \(start) || '-' || n END AS code FROM generate_series(1, 9999) n
      ) numbered
      WHERE (SELECT count(*) FROM items i WHERE i.code = numbered.code) = 0 LIMIT 1
      """
    ) { try $0.value(0) }
    guard let free else { throw CatalogueRefusal.codeTaken }
    return free
  }

  /// The caller has locked the item.
  func apply(to id: UUID, on connection: borrowing Connection) throws {
    try connection.run(
      """
      UPDATE items SET
        name = coalesce(\(name), name), description = coalesce(\(description), description),
        price = CASE WHEN \(price != nil) THEN \(price ?? nil)::bigint ELSE price END,
        class_id = coalesce(\(`class`?.id)::uuid, class_id), type_id = coalesce(\(type?.id)::uuid, type_id),
        limit_per_person = CASE WHEN \(limitPerPerson != nil) THEN \(limitPerPerson ?? nil)::bigint
                                ELSE limit_per_person END,
        low_stock_at = CASE WHEN \(lowStockAt != nil) THEN \(lowStockAt ?? nil)::bigint ELSE low_stock_at END,
        hand_over = coalesce(\(handOver)::boolean, hand_over),
        is_active = coalesce(\(isActive)::boolean, is_active), updated_at = clock_timestamp()
      WHERE id = \(id)
      """)
    try setWords(of: id, on: connection)
  }

  private func setWords(of id: UUID, on connection: borrowing Connection) throws {
    try write(collections, of: id, in: "item_collections", as: "collection_id", on: connection)
    try write(qualityLevels, of: id, in: "item_quality_levels", as: "quality_level_id", on: connection)
    guard collections != nil || qualityLevels != nil else { return }
    let losesVariant: Bool = try connection.value(
      """
      SELECT EXISTS (
        SELECT FROM assets s WHERE s.item_id = \(id) AND s.sale IS NOT NULL AND (
          s.collection_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM item_collections c WHERE c.item_id = \(id) AND c.collection_id = s.collection_id)
          OR s.quality_level_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM item_quality_levels q WHERE q.item_id = \(id) AND q.quality_level_id = s.quality_level_id)))
      """)
    guard !losesVariant else { throw CatalogueRefusal.variantOnSale }
  }

  private func write(
    _ classifiers: [Classifier]?, of id: UUID, in table: String, as column: String, on connection: borrowing Connection
  ) throws {
    guard let classifiers else { return }
    try connection.run("DELETE FROM \(raw: table) WHERE item_id = \(id)")
    for classifier in classifiers {
      try connection.run(
        "INSERT INTO \(raw: table) (item_id, \(raw: column)) VALUES (\(id), \(classifier.id)) ON CONFLICT DO NOTHING")
    }
  }
}
