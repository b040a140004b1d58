internal import FoundationEssentials
package import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Shop

/// The picture of one variant of an item: the body is the file itself.
func putImage(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let id = try request.itemID()
  let classifiers = try context.classifiers(connection)
  let reader = Reader()
  let collection = reader.note(try classifiers.named("collection", by: request))
  let level = reader.note(try classifiers.named("quality_level", by: request))
  try reader.finish()
  let picture = try Picture(request.body)
  try Item.find(id, on: connection).requireVariant(collection, level, on: connection)
  let digest = String(ETag(of: request.body).text.filter { $0 != "\"" })
  try context.storefront.pictures.keep(picture, as: digest)
  let editor = Editor(caller, request, reason: nil)
  let item = try connection.transaction { connection in
    let before = try Item.locked(id, on: connection)
    try Item.show("\(digest).\(picture.format.rawValue)", as: id, collection, level, on: connection)
    let after = try Item.find(id, on: connection)
    try editor.note("item.image", id.text, before: before.document, after: after.document, on: connection)
    return after
  }
  return Response.document(item.document).with("ETag", ETag(of: item.document).text)
}

/// The one route whose body may be larger than others; nil for all the others.
package func imageLimitBytes(for request: Request) -> Int? {
  guard request.method == .put else { return nil }
  let parts = Percent.split(request.path[...], at: "/")
  guard parts.count == 6, !parts[4].isEmpty else { return nil }
  let isImage = zip(parts, ["", "api", "v1", "items", parts[4], "image"]).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
  return isImage ? Picture.mostBytes : nil
}

extension Classifiers {
  fileprivate func named(_ kind: String, by request: Request) throws(ShapeError) -> Classifier? {
    guard let code = try request.query.optional(kind, as: String.self), !code.isBase else { return nil }
    guard let found = find(kind, code) else {
      throw ShapeError(["query", kind], "There is no such \(kind)", .malformed)
    }
    return found
  }
}
