internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry
internal import Tokens

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
  return Response.page(list.entries.map(\.document), total: list.total, number: page.number, limit: page.limit)
    .tagged(for: request)
}

private enum Truth: String, CaseIterable { case `true`, `false` }

func showItem(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  Response.document(try Item.find(request.itemID(), on: connection).document).tagged(for: request)
}

func createItem(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let body = try Reader(bodyOf: request)
  let draft = ItemDraft(body, isNew: true, try context.classifiers(connection))
  let editor = Editor(caller, request, reason: body.text("reason", 0...500))
  try body.finish()
  let id = UUID.timeOrdered()
  let item = try connection.transaction { connection in
    _ = try draft.create(id, on: connection)
    try context.stock(draft, of: id, by: caller, request, on: connection)
    let item = try Item.find(id, on: connection)
    try editor.note("item.create", id.text, after: item.document, on: connection)
    return item
  }
  let answer = Response.document(item.document, status: 201).with("Location", "/api/v1/items/\(id.text)")
  return answer.with("ETag", ETag(of: item.document).text)
}

func changeItem(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let id = try request.itemID()
  let body = try Reader(bodyOf: request, refusesNulls: true)
  let draft = ItemDraft(body, isNew: false, try context.classifiers(connection))
  let editor = Editor(caller, request, reason: body.text("reason", 0...500))
  try body.finish()
  let item = try connection.transaction { connection in
    let before = try Item.locked(id, on: connection)
    try context.condition(ETag(of: before.document), request)
    _ = try draft.apply(to: id, on: connection)
    try context.stock(draft, of: id, by: caller, request, on: connection)
    let after = try Item.find(id, on: connection)
    try editor.note("item.update", id.text, before: before.document, after: after.document, on: connection)
    return after
  }
  return Response.document(item.document).with("ETag", ETag(of: item.document).text)
}

func deleteItem(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let id = try request.itemID()
  let editor = Editor(caller, request, reason: nil)
  try connection.transaction { connection in
    let before = try Item.locked(id, on: connection)
    try context.condition(ETag(of: before.document), request)
    try Item.retire(id, on: connection)
    try editor.note("item.delete", id.text, before: before.document, on: connection)
  }
  return Response(204)
}

extension Request {
  /// No item has an id that is none.
  func itemID() throws(CatalogueRefusal) -> UUID {
    guard let id = try? parameters.require("id", as: UUID.self) else { throw .unknownItem }
    return id
  }
}

func listClassifiers(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let all = try context.classifiers(connection).all
  let kinds = all.reduce(into: [String]()) { kinds, one in if kinds.last != one.kind { kinds.append(one.kind) } }
  let codes = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.code) })
  let lists = kinds.map { kind in
    JSON.Member(
      name: kind,
      value: .array(
        all.filter { $0.kind == kind }.map { one in
          .members([
            "id": .string(one.id.text), "code": .string(one.code),
            "class": one.parent.flatMap { codes[$0] }.map(JSON.string),
          ])
        }))
  }
  return Response.json(.object(lists)).tagged(for: request)
}
