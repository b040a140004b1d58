internal import Audit
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry

/// Reads them anew, so that an admin sees at once what they have just added through another worker.
func listClassifiers(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let classifiers = context.storefront.classifiers
  try classifiers.readAll(now: Clock.unixSeconds, on: connection)
  return Response.json(classifiers.json).tagged(for: request)
}

func createClassifier(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  guard let kind = NewClassifier.Kind(spelled: try request.parameters.require("classifier")) else {
    throw CatalogueRefusal.unknownClassifier
  }
  let body = try Reader(bodyOf: request)
  let (code, name) = try body.finish(
    body.text("code", 1...50, isRequired: true) { try checkCode($0) },
    body.text("name", 1...100, isRequired: true) { try NameRule.requireVisible($0) })
  let made = try NewClassifier(kind, code: code, name: name).create(by: Editor(visit.caller, request), on: connection)
  return .json(made.json(), status: 201)
}

private func checkCode(_ text: String) throws {
  let letters = "abcdefghijklmnopqrstuvwxyz0123456789_-.".utf8
  guard text.utf8.allSatisfy(letters.contains) else {
    throw ShapeError(["body", "code"], "Input should have only a-z, 0-9, _, - and .", .malformed)
  }
  guard !text.isBase else {
    throw ShapeError(["body", "code"], "base is the standard variant. Choose another code", .malformed)
  }
}

extension Classifiers {
  /// Lists by kind, in the order of the shop.
  fileprivate var json: JSON {
    let kinds = all.reduce(into: [String]()) { kinds, one in if kinds.last != one.kind { kinds.append(one.kind) } }
    let codes = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.code) })
    return .object(
      kinds.map { kind in
        let members = all.filter { $0.kind == kind }.map { $0.json(in: $0.parent.flatMap { codes[$0] }) }
        return JSON.Member(name: kind, value: .array(members))
      })
  }
}

extension Classifier {
  fileprivate func json(in itemClass: String? = nil) -> JSON {
    .members([
      "id": .string(id.text), "code": .string(code), "name": .string(name), "class": itemClass.map(JSON.string),
    ])
  }
}
