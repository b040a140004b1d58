internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Postgres
internal import Shop

func listItems(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  var page = ItemList.Page()
  let reader = Reader()
  (page.number, page.limit) = reader.page(of: request)
  page.search = reader.search(request)
  page.class = reader.note(try request.query.optional("class"))
  page.type = reader.note(try request.query.optional("type"))
  page.isActive = reader.note(try request.query.optional("is_active", oneOf: Truth.self)) != .false
  page.order = reader.note(try request.query.optional("sort_by", oneOf: ItemList.Order.self)) ?? page.order
  page.isDescending = reader.note(try request.query.optional("sort_order", oneOf: SortOrder.self)) == .desc
  try reader.finish()
  let list = try ItemList.read(page, on: connection)
  return Response.page(.list(list.entries.map(\.document)), total: list.total, number: page.number, limit: page.limit)
    .tagged(for: request)
}

/// A switch in a query.
enum Truth: String, CaseIterable { case `true`, `false` }

func showItem(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  Response.document(try Item.find(request.itemID(), on: connection).document).tagged(for: request)
}

func showOwnShare(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  .json(try OwnShare.read(of: visit.caller.id, in: request.itemID(), on: connection).json)
}

func createItem(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let (draft, reason) = try visit.context.reading(on: connection) { classifiers in
    let body = try Reader(bodyOf: request)
    let read = (ItemDraft(body, isNew: true, classifiers), body.text("reason", 0...500))
    try body.finish()
    return read
  }
  let editor = Editor(visit.caller, request, reason: reason)
  let item = try Catalogue.create(draft, by: editor, on: connection)
  return .item(item, status: 201).with("Location", "/api/v1/items/\(item.id.text)")
}

func changeItem(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.itemID()
  let (draft, reason) = try visit.context.reading(on: connection) { classifiers in
    let body = try Reader(bodyOf: request, refusesNulls: true)
    let read = (ItemDraft(body, isNew: false, classifiers), body.text("reason", 0...500))
    try body.finish()
    return read
  }
  let editor = Editor(visit.caller, request, reason: reason)
  let condition = try request.condition(isRequired: visit.context.storefront.requiresCondition)
  return .item(try Catalogue.change(id, to: draft, if: condition, by: editor, on: connection))
}

func deleteItem(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let condition = try request.condition(isRequired: visit.context.storefront.requiresCondition)
  try Catalogue.retire(request.itemID(), if: condition, by: Editor(visit.caller, request), on: connection)
  return Response(204)
}

/// The picture of one variant of an item: the body is the file itself.
func putPicture(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.itemID()
  let (collection, level) = try visit.context.variant(namedBy: request, connection)
  let item = try Catalogue.show(
    Picture(request.body), named: ETag(of: request.body).digest, as: id, collection, level,
    in: visit.context.storefront.pictures, by: Editor(visit.caller, request), on: connection)
  return .item(item)
}

func deletePicture(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.itemID()
  let (collection, level) = try visit.context.variant(namedBy: request, connection)
  try Catalogue.removePicture(of: id, collection, level, by: Editor(visit.caller, request), on: connection)
  return Response(204)
}

extension Context {
  fileprivate func variant(
    namedBy request: Request, _ connection: borrowing Connection
  ) throws -> (collection: Classifier?, level: Classifier?) {
    try reading(on: connection) { classifiers in
      let reader = Reader()
      let named = (
        reader.note(try classifiers.named("collection", by: request)),
        reader.note(try classifiers.named("quality_level", by: request))
      )
      try reader.finish()
      return named
    }
  }
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

extension Classifiers {
  /// The classifier that a member of a body names; nil also for the standard variant.
  func named(_ kind: String, in body: Reader) -> Classifier? {
    guard let code = body.optional(kind, as: String.self), !code.isBase else { return nil }
    let found = find(kind, code)
    if found == nil { body.complain(kind, "There is no such \(kind)") }
    return found
  }
}

extension Response {
  static func item(_ item: Item, status: Int = 200) -> Response {
    .document(item.document, status: status).with("ETag", ETag(of: item.document.bytes).text)
  }
}

extension Request {
  /// No item has an id that is not a UUID.
  func itemID() throws(CatalogueRefusal) -> UUID {
    guard let id = try? parameters.require("id", as: UUID.self) else { throw .unknownItem }
    return id
  }
}
