internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop

func makePurchase(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let key = try request.requiredIdempotencyKey()
  let (collection, level, item, quantity) = try visit.context.reading(on: connection) { classifiers in
    let body = try Reader(bodyOf: request)
    let collection = classifiers.named("collection", in: body)
    let level = classifiers.named("quality_level", in: body)
    let (item, quantity) = try body.finish(
      body.text("item", 1...100, isRequired: true), body.require("quantity") { try checkAmount($0, "quantity") })
    return (collection, level, item, quantity)
  }
  let purchase = Purchase(item: item, quantity: quantity, collection: collection?.id, qualityLevel: level?.id)
  let done = try Sale.make(purchase, request.intent(of: visit.caller, key: key), on: connection)
  return Response.json(purchase.json(done.value, collection, level), status: 201).marked(done.isReplay)
}

/// The caller's orders; with `all=true`, for the staff, those of everybody. The page asks often what can be fetched now,
/// so an answer that it has already costs nothing to send.
func listOrders(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let reader = Reader()
  let isForAll = reader.note(try request.query.optional("all", oneOf: Truth.self)) == .true
  let list = OrderList(request, reader, of: isForAll ? nil : visit.caller.id)
  if !isForAll && list.user != nil { reader.refuse(query: "user", "Only with all=true") }
  try reader.finish()
  guard !isForAll || visit.caller.isStaff else { throw CallerRefusal.forbidden }
  if request.asksForTable {
    return try .table(Order.header) { write in
      try list.forEachPage(on: connection) { for order in $0 { write(order.cells) } }
    }
  }
  let page = try list.read(on: connection)
  let answer = Response.object([
    "items": .json(.array(page.orders.map { $0.json(withUser: isForAll) })),
    "next_cursor": .json(page.next.map { .string($0.text) } ?? .null),
  ])
  // Browsers keep what has a tag, and other people's orders shall not stay in the browser at the desk.
  return isForAll ? answer : answer.tagged(for: request, cacheControl: "private, no-cache")
}

func showOrder(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let isStaff = visit.caller.isStaff
  let order = try Order.find(
    request.parameters.require("id"), of: isStaff ? nil : visit.caller.id, on: connection)
  return .json(order.json(withUser: isStaff))
}

func cancelOrder(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let order = try request.parameters.require("id", as: UUID.self)
  let editor = try request.editorOfOrder(visit.caller, needsReason: visit.caller.isStaff)
  let done =
    visit.caller.isStaff
    ? try OrderChange.cancel.make(order, by: editor, on: connection)
    : try OrderChange.cancelOwn(order, by: editor, on: connection)
  return .json(done.json(withUser: false))
}

func changeOrder(
  _ change: OrderChange
) -> (_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  { request, visit, connection in
    let order = try request.parameters.require("id", as: UUID.self)
    let editor = try request.editorOfOrder(visit.caller, needsReason: change == .takeBack)
    return .json(try change.make(order, by: editor, on: connection).json(withUser: false))
  }
}

/// Each order is answered for itself.
func changeOrders(
  _ change: OrderChange
) -> (_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  { request, visit, connection in
    let body = try Reader(bodyOf: request)
    let note = body.note
    let ids = try body.finish(body.list("ids", of: UUID.self, 1...1000))
    let refusals = try change.makeAll(ids, by: Editor(visit.caller, request, reason: note), on: connection)
    let items = zip(ids, refusals).map { id, refusal -> JSON in
      guard let refusal else { return ["id": .string(id.text), "status": .string(change.rawValue)] }
      let answer = refusal.answer
      return ["id": .string(id.text), "code": .string(answer.code), "detail": .string(answer.sentence)]
    }
    return .json(["items": .array(items)])
  }
}

extension OrderList {
  fileprivate init(_ request: Request, _ reader: Reader, of owner: UUID?) {
    self.init()
    self.owner = owner
    status = reader.note(try request.query.optional("status", oneOf: Order.Status.self))
    item = reader.note(try request.query.optional("item"))
    user = reader.note(try request.query.optional("user"))
    from = reader.note(try request.query.optional("from"))
    to = reader.note(try request.query.optional("to"))
    cursor = reader.note(try request.query.optional("cursor"))
    isAscending = reader.note(try request.query.optional("sort_order", oneOf: SortOrder.self)) == .asc
    limit = reader.note(try request.query.optional("limit", in: 1...100)) ?? limit
  }
}

extension Caller {
  fileprivate var isStaff: Bool { role == .admin || role == .moderator }
}

extension Reader {
  /// For the staff it is the reason, which the owner of the order may read.
  fileprivate var note: String? { text("note", 1...500) { try NameRule.requireVisible($0) } }
}

extension Request {
  /// A body without a note may be missing. The order decides whether its change needs a reason, because a repeated one
  /// needs none; but if the body is wrong anyway, the missing reason is named with the other mistakes.
  fileprivate func editorOfOrder(_ caller: Caller, needsReason: Bool) throws(ShapeError) -> Editor {
    guard !body.isEmpty else { return Editor(caller, self) }
    let reader = try Reader(bodyOf: self)
    let note = reader.note
    do throws(ShapeError) {
      try reader.finish()
    } catch {
      guard needsReason, !reader.has("note") else { throw error }
      throw ShapeError(error.complaints + ShapeError(["body", "note"], "Field required", .missing).complaints)
    }
    return Editor(caller, self, reason: note)
  }
}
