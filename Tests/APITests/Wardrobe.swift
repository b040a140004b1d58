import API
import HTTP
import Identity
import Notation
import Postgres
import Support

/// A desk whose admin sets in which sizes the shop sells its hoody.
struct Wardrobe {
  let desk: OrderDesk
  let admin: String
  static let hoody = "/api/v1/items/11e30000-0000-8000-8000-000000000006"

  var shop: Shop { desk.shop }

  init(_ desk: OrderDesk) throws {
    self.desk = desk
    admin = try desk.shop.bearer(.admin)
  }

  func list(_ rows: JSON, match: String? = nil) -> Answer {
    put("/variants", ["variants": rows], match: match)
  }

  func put(_ path: String, _ body: JSON, match: String? = nil) -> Answer {
    var headers: Headers = ["Authorization": "Bearer " + admin]
    if let match { headers.add("If-Match", match) }
    return shop.worker.ask(Request(.put, Self.hoody + path, headers: headers, body: body.bytes, id: "r-1"))
  }

  func change(_ body: JSON) -> Answer { shop.ask(.patch, Self.hoody, body, as: admin) }

  var document: JSON { shop.ask(.get, Self.hoody).json }
  var item: [String: JSON] { document.members }

  /// As `s 3`, `m ∞ paused` or `- 5`, in the order of the list.
  var rows: [String] {
    (item["variants"]?.elements ?? []).map { row in
      let words = ["collection", "quality_level"].compactMap { row.members[$0]?.text }
      let stock = row.members["stock"]?.whole.map(String.init) ?? "∞"
      let name = words.isEmpty ? "-" : words.joined(separator: " ")
      return "\(name) \(stock)" + (row.members["is_active"] == true ? "" : " paused")
    }
  }

  func buy(_ level: String? = nil, _ quantity: Int = 1, collection: String? = nil) -> Answer {
    desk.purchase(
      .members([
        "item": "hoody", "quantity": .integer(quantity), "quality_level": level.map(JSON.string),
        "collection": collection.map(JSON.string),
      ]), as: desk.mine)
  }

  func audited(_ action: String) -> [[String: JSON]] {
    shop.ask(.get, "/api/v1/audit?action=\(action)", as: admin).members["items"]?.elements.map(\.members) ?? []
  }
}

extension JSON {
  /// The audit trail does not keep the order of members.
  var inAnyOrder: JSON {
    switch self {
    case .object(let members):
      .object(members.map { .init(name: $0.name, value: $0.value.inAnyOrder) }.sorted { $0.name < $1.name })
    case .array(let elements): .array(elements.map(\.inAnyOrder))
    default: self
    }
  }
}

/// The buyer can afford every hoody of these tests.
func withWardrobe(_ body: (Wardrobe) throws -> Void) throws {
  try withOrderDesk { desk in
    try desk.grant(100_000, to: desk.buyer)
    try body(Wardrobe(desk))
  }
}

extension Answer {
  var json: JSON { (try? JSON(parsing: response.body)) ?? .null }
}
