internal import Notation
internal import Postgres
internal import Shop

extension Classifiers {
  /// Lists of codes by kind, in the order of the shop.
  var json: JSON {
    let kinds = all.reduce(into: [String]()) { kinds, one in if kinds.last != one.kind { kinds.append(one.kind) } }
    let codes = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.code) })
    return .object(
      kinds.map { kind in
        let members = all.filter { $0.kind == kind }.map { one in
          JSON.members([
            "id": .string(one.id.text), "code": .string(one.code),
            "class": one.parent.flatMap { codes[$0] }.map(JSON.string),
          ])
        }
        return JSON.Member(name: kind, value: .array(members))
      })
  }
}
