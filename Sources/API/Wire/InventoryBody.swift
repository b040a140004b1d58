internal import FoundationEssentials
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry

/// Why the body of an inventory request is refused.
enum InventoryRefusal: Error {
  case section, noItems, quantity, comment, reason, collection, qualityLevel, operationType, expiry, range, tooMuch
  case reservationStatus
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
  /// Requests name classifiers by code; the ledger needs their ids.
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
  func lines<Body>(
    _ bodies: [Body], _ read: (Body, Classifiers) throws -> Line, _ connection: borrowing Connection
  ) throws -> [Line] {
    guard (1...1000).contains(bodies.count) else { throw InventoryRefusal.noItems }
    return try reading(on: connection) { classifiers in try bodies.map { try read($0, classifiers) } }
  }

  /// Runs the reading of a request with the classifiers; see `Classifiers.reading`.
  func reading<T>(on connection: borrowing Connection, _ read: (Classifiers) throws -> T) throws -> T {
    try storefront.classifiers.reading(now: Clock.unixSeconds, on: connection, read)
  }
}

extension String {
  /// A request may name the standard variant, which has no collection and no quality level, by this word.
  var isBase: Bool { utf8.elementsEqual("base".utf8) }

  /// The bytes are compared first, because counting characters takes longer.
  func hasCharacters(_ length: ClosedRange<Int>) -> Bool {
    utf8.count <= 4 * length.upperBound && length.contains(unicodeScalars.count)
  }
}

func section(_ text: String?) throws -> Section {
  guard let text else { return .main }
  guard let section = Section(spelled: text) else { throw InventoryRefusal.section }
  return section
}
