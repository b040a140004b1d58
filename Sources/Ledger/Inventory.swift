package import Audit
package import FoundationEssentials
package import Postgres

/// The places of an owner's items.
package enum Section: String, Sendable, CaseIterable {
  case main, factory, trade
}

/// The items of an owner, and how they change.
package enum Inventory {
  package struct Receipt: Sendable {
    package let operation: UUID
    package let at: String
    /// The number of postings.
    package let lines: Int
    /// For the kinds of operation that report them.
    package let finalBalances: DatabaseJSON?
  }

  /// New items from the mint.
  package static func add(
    _ lines: [Line], to section: Section, type: String, comment: String?, _ intent: Intent, by actor: UUID,
    on connection: borrowing Connection
  ) throws -> Done<Receipt> {
    try receipt(
      """
      add_items_by_service(\(intent.id), \(intent.owner), \(intent.key), \(actor), \(intent.requestID), \(type),
                           \(section.rawValue), \(lines.json)::jsonb, \(comment))
      """, on: connection)
  }

  /// Up or down, never below zero. A refusal is kept under its key too, so the transaction that finds one commits.
  package static func adjust(
    _ lines: [Line], in section: Section, reason: String, _ intent: Intent, by editor: Editor,
    on connection: borrowing Connection
  ) throws -> Done<Receipt> {
    try connection.transaction { connection in
      do {
        let done = try receipt(
          """
          adjust_by_admin(\(intent.id), \(intent.owner), \(intent.key ?? intent.id), \(editor.id), \(intent.requestID),
                          \(section.rawValue), \(lines.json)::jsonb, \(reason))
          """, balances: finalBalances, on: connection)
        if !done.isReplay {
          try editor.note("inventory.adjust", intent.owner.text, after: done.value.finalBalances, on: connection)
        }
        return Result<Done<Receipt>, LedgerRefusal>.success(done)
      } catch let refusal as LedgerRefusal {
        return .failure(refusal)
      }
    }.get()
  }

  /// The items in a section now, or just after an instant: a JSON array.
  package static func read(
    _ section: Section, of owner: UUID, at instant: Instant?, on connection: borrowing Connection
  ) throws -> DatabaseJSON {
    try Reservation.expireDue(of: owner, on: connection)
    return try connection.value(
      "SELECT document FROM inventory(\(owner), \(section.rawValue), \(instant?.text)::timestamptz)")
  }

  /// The items in a section at the end of each day (UTC): a JSON array of days; nil if there are too many days for all
  /// kinds of items that ever lay there.
  package static func daily(
    _ section: Section, of owner: UUID, from: String, to: String, on connection: borrowing Connection
  ) throws -> DatabaseJSON? {
    try Reservation.expireDue(of: owner, on: connection)
    return try connection.row(
      "SELECT document FROM daily_inventory(\(owner), \(section.rawValue), \(from)::date, \(to)::date, \(mostDaily))"
    ) { try $0.value(0) }
  }

  /// The largest number of days times kinds of items in one answer.
  package static let mostDaily = 15_000

  /// Sets how many of a variant the shop has; nil for any number.
  package static func setStock(
    _ item: UUID, collection: UUID? = nil, qualityLevel: UUID? = nil, _ quantity: Int?, by editor: Editor,
    on connection: borrowing Connection
  ) throws {
    let id = UUID.timeOrdered().operation
    try connection.run(
      """
      SELECT FROM set_stock_by_admin(\(id), \(editor.id), \(editor.requestID), \(item), \(collection), \(qualityLevel),
                                     \(quantity), \(editor.reason))
      """)
  }

  /// As the inventory shows items.
  private static var finalBalances: SQL {
    """
    (SELECT concat('[', string_agg(concat('{"item_id":"', i.id, '","item_class":', to_json(class.code),
         ',"item_type":', to_json(type.code), ',"collection":' || (b.line -> 'collection')::text,
         ',"quality_level":' || (b.line -> 'quality_level')::text, ',"quantity":', b.line ->> 'balance', '}'),
         ',' ORDER BY b.n), ']')
     FROM jsonb_array_elements(details -> 'final_balances') WITH ORDINALITY AS b (line, n)
     JOIN items i ON i.id = (b.line ->> 'item_id')::uuid
     JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id)
    """
  }

  /// `call` is one of the ledger's functions, which all return the same columns.
  static func receipt(
    _ call: SQL, balances: SQL = "NULL::text", on connection: borrowing Connection
  ) throws -> Done<Receipt> {
    try connection.onlyRow(
      """
      SELECT outcome, operation, \(raw: SQL.timestamp("at")) AS at, coalesce((details ->> 'lines')::int, 0) AS lines,
             \(balances) AS balances, replayed, details ->> 'missing_items' AS missing
      FROM \(call)
      """
    ) { row in
      let missing = try row.value("missing", as: [UInt8]?.self).map(DatabaseJSON.init(compacting:))
      return try row.done(missing: missing) {
        let lines = try row.value("lines", as: Int.self)
        guard (0...1 << 12).contains(lines) else {
          throw PostgresError(reason: .mismatch, message: "an operation has \(lines) lines")
        }
        return Receipt(
          operation: try row.value("operation"), at: try row.value("at"), lines: lines,
          finalBalances: try row.value("balances"))
      }
    }
  }
}

/// A quantity of one variant of an item. No collection and no quality level is the standard variant.
package struct Line: Sendable {
  package let item: UUID
  package let collection: UUID?
  package let qualityLevel: UUID?
  package let quantity: Int

  package init(item: UUID, collection: UUID?, qualityLevel: UUID?, quantity: Int) {
    self.item = item
    self.collection = collection
    self.qualityLevel = qualityLevel
    self.quantity = quantity
  }
}

extension [Line] {
  /// The format of the ledger's functions. It holds only ids and numbers, so nothing needs escaping.
  var json: String {
    let lines = map { line in
      func id(_ id: UUID?) -> String { id.map { "\"\($0.text)\"" } ?? "null" }
      return """
        {"item":\(id(line.item)),"collection":\(id(line.collection)),"level":\(id(line.qualityLevel)),\
        "quantity":\(line.quantity)}
        """
    }
    return "[" + lines.joined(separator: ",") + "]"
  }
}
