import API
import HTTP
import Identity
import Notation
import Postgres
import Support

/// Items by short names: `axe` comes in two collections and two qualities, the others in their standard variant only.
enum Thing {
  static let axe = "a0000000-0000-8000-8000-000000000001"
  static let gem = "a0000000-0000-8000-8000-000000000002"
  static let cup = "11e30000-0000-8000-8000-000000000002"
  static let nothing = "a0000000-0000-8000-8000-0000000000ff"
}

extension Shop {
  /// Two items of the game beside the shop's own.
  func stockUp() throws {
    try owner.perform(
      """
      INSERT INTO items (id, code, name, class_id, type_id)
      SELECT wanted.id::uuid, wanted.type, wanted.type, class.id, type.id
      FROM (VALUES ('\(Thing.axe)', 'tools', 'axe'), ('\(Thing.gem)', 'currencies', 'gem')) AS wanted (id, class, type)
      JOIN classifiers class ON class.classifier = 'item_class' AND class.code = wanted.class
      JOIN classifiers type ON type.parent_id = class.id AND type.code = wanted.type;
      INSERT INTO item_collections (item_id, collection_id)
      SELECT '\(Thing.axe)', id FROM classifiers WHERE code IN ('winter_2025', 'spring_2025');
      INSERT INTO item_quality_levels (item_id, quality_level_id)
      SELECT '\(Thing.axe)', id FROM classifiers WHERE code IN ('wooden', 'metal');
      """)
  }

  /// An owner's items in a section, sorted, as `item collection quality: quantity`.
  func holdings(_ token: String, _ section: String = "main", at instant: String? = nil) -> [String] {
    let answer = ask(.get, "/inventory?section=\(section)" + (instant.map { "&at=\($0)" } ?? ""), as: token)
    let held = (answer.members["items"]?.elements ?? [answer.members["error"] ?? .null]).map { item in
      guard let id = item.members["item_id"]?.text else { return "\(item)" }
      let name = [Thing.axe: "axe", Thing.gem: "gem", Thing.cup: "cup"][id] ?? id
      let variant = [item.members["collection"]?.text, item.members["quality_level"]?.text].compactMap { $0 }
      return ([name] + variant).joined(separator: " ") + ": \(item.members["quantity"]?.whole ?? -1)"
    }
    return held.sorted()
  }

  /// For every asset all balances sum to zero, and every account equals the sum of its postings.
  func imbalances() throws -> Int {
    try owner.value(
      """
      SELECT count(*) FROM accounts a WHERE a.balance <> (
        SELECT coalesce(sum(CASE WHEN p.credit = a.id THEN p.amount ELSE -p.amount END), 0) FROM postings p
        WHERE a.id IN (p.debit, p.credit))
      """)
  }
}

extension JSON {
  var whole: Int? {
    guard case .integer(let number) = self else { return nil }
    return number
  }

  /// The same object with some members replaced; nil leaves one out.
  func with(_ changes: [String: JSON?]) -> JSON {
    guard case .object(let members) = self else { return self }
    let kept = members.filter { changes[$0.name] == nil }
    return .object(kept + changes.compactMap { name, value in value.map { .init(name: name, value: $0) } })
  }
}

/// Ids of operations: the same number gives the same id.
func key(_ number: Int) -> JSON {
  let digits = String(number, radix: 16)
  return .string("0b000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits)
}

func adding(_ items: JSON, to owner: User, _ number: Int, section: String = "main") -> JSON {
  [
    "user_id": .string(owner.id.text), "section": .string(section), "operation_type": "system_reward",
    "operation_id": key(number), "items": items,
  ]
}

func line(_ item: String, _ quantity: Int, _ collection: String? = nil, _ quality: String? = nil) -> JSON {
  JSON.members([
    "item_id": .string(item), "quantity": .integer(quantity), "collection": collection.map(JSON.string),
    "quality_level": quality.map(JSON.string),
  ])
}

func closing(_ owner: User, _ number: Int) -> JSON {
  ["user_id": .string(owner.id.text), "operation_id": key(number)]
}
