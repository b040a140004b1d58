internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop
internal import Telemetry
internal import Tokens

func inventory(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let section = try section(request.query.optional("section"))
  let instant = try request.query.optional("at", as: Instant.self)
  try Reservation.expireDue(of: caller.id, naming: UUID.timeOrdered, on: connection)
  let items = try Inventory.read(section, of: caller.id, at: instant, on: connection)
  return .wrapping(items, as: "items")
}

func inventoryItem(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  .document(try Item.description(of: request.parameters.require("item_id"), on: connection))
}

func dailyBalances(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let section = try section(request.query.optional("section"))
  let last = try request.query.optional("to", as: Day.self) ?? Day.today
  let first = try request.query.optional("from", as: Day.self) ?? last.adding(days: -29)
  guard first.number <= last.number, last.number - first.number < 366 else { throw InventoryRefusal.range }
  try Reservation.expireDue(of: caller.id, naming: UUID.timeOrdered, on: connection)
  guard
    let days = try Inventory.daily(section, of: caller.id, from: first.text, to: last.text, on: connection)
  else { throw InventoryRefusal.tooMuch }
  return .wrapping(days, as: "balances")
}

func addItems(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let user_id: UUID
    let section: String
    let operation_type: String
    let operation_id: UUID
    let items: [LineBody]
    let comment: String?
  }
  let body: Body = try request.decode()
  let lines = try context.lines(body.items, { try $0.line($1) }, connection)
  guard context.storefront.classifiers.find("operation_type", body.operation_type) != nil else {
    throw InventoryRefusal.operationType
  }
  if let comment = body.comment, !comment.hasCharacters(0...500) { throw InventoryRefusal.comment }
  let done = try Inventory.add(
    lines, to: section(body.section), type: body.operation_type, comment: body.comment,
    Intent(id: .timeOrdered(), owner: body.user_id, key: body.operation_id, requestID: request.id), by: caller.id,
    on: connection)
  return success(done, idsPerLine: 1)
}

func adjust(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let user_id: UUID
    let section: String
    let items: [ChangeBody]
    let reason: String
  }
  let body: Body = try request.decode()
  let lines = try context.lines(body.items, { try $0.line($1) }, connection)
  guard body.reason.hasCharacters(10...500) else { throw InventoryRefusal.reason }
  let section = try section(body.section)
  let key = try request.idempotencyKey()
  let editor = Editor(caller, request, reason: body.reason)
  let intent = Intent(id: .timeOrdered(), owner: body.user_id, key: key, requestID: request.id)
  let outcome = try connection.transaction { connection in
    do {
      let done = try Inventory.adjust(
        lines, in: section, reason: body.reason, intent, by: caller.id, on: connection)
      if !done.isReplay {
        try editor.note("inventory.adjust", body.user_id.text, after: done.value.finalBalances, on: connection)
      }
      return Result<Done<Inventory.Receipt>, any Error>.success(done)
    } catch let refusal where refusal is LedgerRefusal || refusal is RepeatedRefusal {
      // A refusal is kept under its key as well, so the transaction that found it has to end well.
      return .failure(refusal)
    }
  }
  return success(try outcome.get(), idsPerLine: 1)
}

/// The ids of the operation's postings, which are the same each time it is asked about.
func success(_ done: Done<Inventory.Receipt>, idsPerLine: Int) -> Response {
  let numbers = (0..<done.value.lines * idsPerLine).map { JSON.string(done.value.operation.posting($0 + 1).text) }
  let answer = JSON.members(["success": .bool(true), "operation_ids": .array(numbers)]).bytes
  guard let balances = done.value.finalBalances else { return Response.document(answer).marked(done.isReplay) }
  return Response.document(answer.dropLast() + Array(#","final_balances":"#.utf8) + balances + [UInt8(ascii: "}")])
    .marked(done.isReplay)
}

extension Response {
  fileprivate static func wrapping(_ list: [UInt8], as name: String) -> Response {
    .document(Array("{\"\(name)\":".utf8) + list + [UInt8(ascii: "}")])
  }
}
