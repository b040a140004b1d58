internal import HTTP
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry

/// What an admin sends about an item. A price or a stock of null means something else than none at all.
struct ItemBody: Decodable {
  let code: String?
  let name: String?
  let description: String?
  let price: Int??
  let `class`: String?
  let type: String?
  let collections: [String]?
  let quality_levels: [String]?
  let stock: Int??
  let is_active: Bool?
  let reason: String?

  private enum CodingKeys: CodingKey {
    case code, name, description, price, `class`, type, collections, quality_levels, stock, is_active, reason
  }

  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    code = try members.decodeIfPresent(String.self, forKey: .code)
    name = try members.decodeIfPresent(String.self, forKey: .name)
    description = try members.decodeIfPresent(String.self, forKey: .description)
    price = members.contains(.price) ? .some(try members.decodeIfPresent(Int.self, forKey: .price)) : nil
    `class` = try members.decodeIfPresent(String.self, forKey: .class)
    type = try members.decodeIfPresent(String.self, forKey: .type)
    collections = try members.decodeIfPresent([String].self, forKey: .collections)
    quality_levels = try members.decodeIfPresent([String].self, forKey: .quality_levels)
    stock = members.contains(.stock) ? .some(try members.decodeIfPresent(Int.self, forKey: .stock)) : nil
    is_active = try members.decodeIfPresent(Bool.self, forKey: .is_active)
    reason = try members.decodeIfPresent(String.self, forKey: .reason)
  }

  static let largest = 1 << 53 - 1

  func draft(new isNew: Bool, _ context: Context, _ connection: borrowing Connection) throws -> ItemDraft {
    try context.storefront.classifiers.catchUp(now: Clock.unixSeconds, on: connection)
    var draft = ItemDraft()
    if !isNew && code != nil { throw refusal("code", "The code of an item does not change") }
    draft.code = try required(code, "code", isNew).map { try checked($0, "code", 1...100, Self.isCode) }
    draft.name = try required(name, "name", isNew).map { try checked($0, "name", 1...200) { !$0.isBlank } }
    draft.description = try description.map { try checked($0, "description", 0...5000) { _ in true } }
    if let price = price ?? nil, !(1...Self.largest).contains(price) {
      throw refusal("price", "Input should be from 1 to \(Self.largest)")
    }
    if let stock = stock ?? nil, !(0...Self.largest).contains(stock) {
      throw refusal("stock", "Input should be from 0 to \(Self.largest)")
    }
    (draft.price, draft.stock, draft.isActive) = (price, stock, is_active)
    try classify(&draft, isNew, context.storefront.classifiers)
    return draft
  }

  private func classify(_ draft: inout ItemDraft, _ isNew: Bool, _ classifiers: Classifiers) throws {
    draft.class = try required(`class`, "class", isNew).map { try find("item_class", $0, "class", classifiers) }
    // A type belongs to its class, so one does not change without the other.
    if !isNew && (`class` == nil) != (type == nil) {
      throw refusal(type == nil ? "type" : "class", "class and type change together")
    }
    draft.type = try required(type, "type", isNew).map { code in
      guard let type = classifiers.find("item_type", code, of: draft.class?.id) else {
        throw refusal("type", "There is no such type in this class")
      }
      return type
    }
    draft.collections = try collections?.map { try find("collection", $0, "collections", classifiers) }
    draft.qualityLevels = try quality_levels?.map { try find("quality_level", $0, "quality_levels", classifiers) }
  }

  private func find(_ kind: String, _ code: String, _ member: String, _ all: Classifiers) throws -> Classifier {
    guard let found = all.find(kind, code) else { throw refusal(member, "There is no such \(kind)") }
    return found
  }

  private func required(_ value: String?, _ member: String, _ isNew: Bool) throws -> String? {
    if isNew && value == nil { throw ShapeError(["body", member], "Field required", .missing) }
    return value
  }

  private func checked(
    _ text: String, _ member: String, _ length: ClosedRange<Int>, _ holds: (String) -> Bool
  ) throws -> String {
    guard length.contains(text.unicodeScalars.count), holds(text) else {
      throw refusal(member, "Input should have \(length.lowerBound) to \(length.upperBound) proper characters")
    }
    return text
  }

  private func refusal(_ member: String, _ message: String) -> ShapeError {
    ShapeError(["body", member], message, .malformed)
  }

  /// It stands in paths.
  private static func isCode(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension String {
  fileprivate var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
