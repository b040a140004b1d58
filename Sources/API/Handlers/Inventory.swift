internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop

func inventory(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let section = try section(request.query.optional("section"))
  let instant = try request.query.optional("at", as: Instant.self)
  return .object(["items": .stored(try Inventory.read(section, of: visit.caller.id, at: instant, on: connection))])
}

func inventoryItem(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  .document(try Item.description(of: request.parameters.require("item_id"), on: connection))
}

func dailyBalances(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let section = try section(request.query.optional("section"))
  let last = try request.query.optional("to", as: Day.self) ?? Day.today
  let first = try request.query.optional("from", as: Day.self) ?? last.adding(days: -29)
  guard first.begins(rangeTo: last) else { throw InventoryRefusal.range }
  guard
    let days = try Inventory.daily(section, of: visit.caller.id, from: first.text, to: last.text, on: connection)
  else { throw InventoryRefusal.tooMuch }
  return .object(["balances": .stored(days)])
}

func addItems(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let user_id: UUID
    let section: String
    let operation_type: String
    let operation_id: UUID
    let items: [LineBody]
    let comment: String?
  }
  let body: Body = try request.decode()
  let lines = try visit.context.lines(body.items, { try $0.line($1) }, connection)
  let isKnown = try visit.context.reading(on: connection) { $0.find("operation_type", body.operation_type) != nil }
  guard isKnown else { throw InventoryRefusal.operationType }
  if let comment = body.comment, !comment.hasCharacters(0...500) { throw InventoryRefusal.comment }
  let done = try Inventory.add(
    lines, to: section(body.section), type: body.operation_type, comment: body.comment,
    Intent(owner: body.user_id, key: body.operation_id, requestID: request.id), by: visit.caller.id,
    on: connection)
  return .receipt(done, idsPerLine: 1)
}

func adjust(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let user_id: UUID
    let section: String
    let items: [ChangeBody]
    let reason: String
  }
  let body: Body = try request.decode()
  let lines = try visit.context.lines(body.items, { try $0.line($1) }, connection)
  guard body.reason.hasCharacters(10...500) else { throw InventoryRefusal.reason }
  let intent = Intent(owner: body.user_id, key: try request.idempotencyKey(), requestID: request.id)
  let done = try Inventory.adjust(
    lines, in: section(body.section), reason: body.reason, intent,
    by: Editor(visit.caller, request, reason: body.reason), on: connection)
  return .receipt(done, idsPerLine: 1)
}

func reserve(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let user_id: UUID
    let operation_id: UUID
    let items: [LineBody]
    let expires_in: Int?
  }
  let body: Body = try request.decode()
  let intent = try visit.caller.intent(for: body.user_id, key: body.operation_id, request)
  let lines = try visit.context.lines(body.items, { try $0.line($1) }, connection)
  if let seconds = body.expires_in, !(1...31_536_000).contains(seconds) { throw InventoryRefusal.expiry }
  let done = try Reservation.setAside(lines, for: body.expires_in, intent, by: visit.caller.id, on: connection)
  return .receipt(done, idsPerLine: 2)
}

func returnReserve(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let intent = try ClosingBody.intent(request, visit.caller)
  return .receipt(try Reservation.giveBack(intent, by: visit.caller.id, on: connection), idsPerLine: 2)
}

func consumeReserve(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let intent = try ClosingBody.intent(request, visit.caller)
  return .receipt(try Reservation.consume(intent, by: visit.caller.id, on: connection), idsPerLine: 2)
}

private struct ClosingBody: Decodable {
  let user_id: UUID
  let operation_id: UUID

  static func intent(_ request: Request, _ caller: Caller) throws -> Intent {
    let body: ClosingBody = try request.decode()
    return try caller.intent(for: body.user_id, key: body.operation_id, request)
  }
}

func showReservation(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let key = try request.parameters.require("operation_id", as: UUID.self)
  let owner = visit.caller.servesEverybody ? nil : visit.caller.id
  guard let document = try Reservation.find(key, of: owner, on: connection) else {
    return .json(["reservation_exists": .bool(false), "error": "operation_not_found"], status: 404)
  }
  return .document(document)
}

/// The caller's open reservations; a service or an admin may name another owner.
func listReservations(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let status = try request.query.optional("status", as: String.self)
  guard status.map({ $0.utf8.elementsEqual("open".utf8) }) ?? true else { throw InventoryRefusal.reservationStatus }
  let owner = try request.query.optional("user_id", as: UUID.self) ?? visit.caller.id
  guard owner == visit.caller.id || visit.caller.servesEverybody else { throw CallerRefusal.forbidden }
  return .object(["reservations": .list(try Reservation.open(of: owner, on: connection))])
}

extension Caller {
  fileprivate var servesEverybody: Bool { role == .service || role == .admin }

  /// Users move their own items; services and admins move those of everybody.
  fileprivate func intent(for owner: UUID, key: UUID, _ request: Request) throws -> Intent {
    guard owner == id || servesEverybody else { throw CallerRefusal.forbidden }
    return Intent(owner: owner, key: key, requestID: request.id)
  }
}
