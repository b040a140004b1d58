internal import FoundationEssentials
internal import HTTP
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry

/// What is wrong with a request about the inventory, each with the code its clients know.
enum InventoryRefusal: Error {
  case section, noItems, quantity, comment, reason, collection, qualityLevel, operationType, expiry, range, tooMuch

  var code: String {
    switch self {
    case .section: "invalid_section"
    case .noItems: "no_items"
    case .quantity: "invalid_quantity"
    case .comment: "comment_too_long"
    case .reason: "invalid_reason"
    case .collection: "unknown_collection"
    case .qualityLevel: "unknown_quality_level"
    case .operationType: "unknown_operation_type"
    case .expiry: "invalid_expires_in"
    case .range, .tooMuch: "invalid_range"
    }
  }

  var message: String {
    switch self {
    case .section: "A section is main, factory or trade."
    case .noItems: "There must be from 1 to 1000 items."
    case .quantity: "A quantity is a whole number from 1 to 2^53 - 1; a change may be negative, but not 0."
    case .comment: "A comment has 500 characters at most."
    case .reason: "A reason has from 10 to 500 characters."
    case .collection: "There is no such collection."
    case .qualityLevel: "There is no such quality level."
    case .operationType: "There is no such operation type."
    case .expiry: "expires_in is a whole number of seconds from 1 to 31536000."
    case .range: "from and to are days such as 2026-01-31, at most 366 of them, in this order."
    case .tooMuch: "An answer has \(Inventory.mostDaily) quantities at most; ask for fewer days."
    }
  }
}

struct LineBody: Decodable {
  let item_id: UUID
  let collection: String?
  let quality_level: String?
  let quantity: Int

  func line(_ classifiers: Classifiers) throws -> Line {
    guard (1...largestQuantity).contains(quantity) else { throw InventoryRefusal.quantity }
    return try Line(item_id, collection, quality_level, quantity, classifiers)
  }
}

struct ChangeBody: Decodable {
  let item_id: UUID
  let collection: String?
  let quality_level: String?
  let quantity_change: Int

  func line(_ classifiers: Classifiers) throws -> Line {
    guard quantity_change != 0, (-largestQuantity...largestQuantity).contains(quantity_change) else {
      throw InventoryRefusal.quantity
    }
    return try Line(item_id, collection, quality_level, quantity_change, classifiers)
  }
}

extension Line {
  /// Codes at the door, ids inside.
  fileprivate init(
    _ item: UUID, _ collection: String?, _ level: String?, _ quantity: Int, _ classifiers: Classifiers
  ) throws {
    func find(_ kind: String, _ code: String?, or refusal: InventoryRefusal) throws -> UUID? {
      guard let code, !code.isBase else { return nil }
      guard let found = classifiers.find(kind, code) else { throw refusal }
      return found.id
    }
    self.init(
      item: item, collection: try find("collection", collection, or: .collection),
      qualityLevel: try find("quality_level", level, or: .qualityLevel), quantity: quantity)
  }
}

extension Context {
  /// One to a thousand lines, with the classifiers as they are now.
  func lines<Body>(
    _ bodies: [Body], _ read: (Body, Classifiers) throws -> Line, _ connection: borrowing Connection
  ) throws -> [Line] {
    let classifiers = try classifiers(connection)
    guard (1...1000).contains(bodies.count) else { throw InventoryRefusal.noItems }
    return try bodies.map { try read($0, classifiers) }
  }

  /// As they are now.
  func classifiers(_ connection: borrowing Connection) throws -> Classifiers {
    try storefront.classifiers.catchUp(now: Clock.unixSeconds, on: connection)
    return storefront.classifiers
  }
}

extension String {
  /// The word by which a request may name the standard variant, which has no collection and no quality level.
  var isBase: Bool { utf8.elementsEqual("base".utf8) }

  /// Bytes first: they need no counting.
  func hasCharacters(_ length: ClosedRange<Int>) -> Bool {
    utf8.count <= 4 * length.upperBound && length.contains(unicodeScalars.count)
  }
}

func section(_ text: String?) throws -> Section {
  guard let text else { return .main }
  guard let section = Section(spelled: text) else { throw InventoryRefusal.section }
  return section
}
