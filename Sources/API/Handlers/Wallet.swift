internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres

func makeTransfer(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let key = try request.requiredIdempotencyKey()
  let body = try Reader(bodyOf: request)
  let message = body.text("message", 0...500)
  let (recipient, amount) = try body.finish(
    body.require("to_user", as: Username.self), body.require("amount") { try checkAmount($0) })
  let transfer = Transfer(to: recipient.text, amount: amount, message: message)
  let done = try transfer.make(request.intent(of: visit.caller, key: key), on: connection)
  return Response.json(transfer.json(done.value), status: 201).marked(done.isReplay)
}

func undoTransfer(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let transfer = try request.parameters.require("id", as: UUID.self)
  let done = try Transfer.undo(
    transfer, within: visit.context.storefront.undoSeconds, request.intent(of: visit.caller, key: nil), on: connection)
  return Response.json(done.value.json(reverses: transfer.text), status: 201).marked(done.isReplay)
}

func wallet(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  guard let instant = try request.query.optional("at", as: Instant.self) else {
    return .json(["coins": .integer(try Wallet.balance(of: visit.caller.id, on: connection))])
  }
  let balance = try Wallet.balance(of: visit.caller.id, at: instant, on: connection)
  return .json(["coins": .integer(balance), "at": .string(instant.text)])
}

/// Everything that a user has, for an admin who is about to correct it.
func showHoldings(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let user = try User.find(request.parameters.require("id"), on: connection)
  return .json(try Holdings.read(of: user.id, on: connection).json)
}

func walletHistory(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  var filter = History.Filter()
  let reader = Reader()
  filter.limit = reader.note(try request.query.optional("limit", in: 1...100)) ?? filter.limit
  filter.before = reader.note(try request.query.optional("cursor", in: 1...Int.max))
  filter.kind = reader.note(try request.query.optional("kind", oneOf: History.Kind.self))
  filter.direction = reader.note(try request.query.optional("direction", oneOf: History.Direction.self))
  filter.counterpart = reader.note(try request.query.optional("counterpart"))
  filter.from = reader.note(try request.query.optional("from"))
  filter.to = reader.note(try request.query.optional("to"))
  try reader.finish()
  let history = try History.read(filter, of: visit.caller.id, on: connection)
  guard request.asksForTable else {
    return .entries(.json(.array(history.entries.map(\.json))), next: history.next)
  }
  let answer = Response.table(History.Entry.columns) { write in history.entries.forEach { write($0.cells) } }
  guard let next = history.next else { return answer }
  return answer.with("Link", "</api/v1/wallet/history?\(filter.query(from: next))>; rel=\"next\"")
}

extension History.Filter {
  /// Asks for the next page under the same filter.
  fileprivate func query(from cursor: Int) -> String {
    let filters = [
      ("kind", kind?.rawValue), ("direction", direction?.rawValue), ("counterpart", counterpart),
      ("from", from?.text), ("to", to?.text),
    ].map { name, value in value.map { "&\(name)=\(Percent.encoded($0))" } ?? "" }
    return "cursor=\(cursor)&limit=\(limit)" + filters.joined()
  }
}

extension Instant: TextReadable {
  package init?(readingText text: String) { self.init(text) }
  package static var readableName: String { "instant such as 2026-01-31T12:00:00Z" }
}
