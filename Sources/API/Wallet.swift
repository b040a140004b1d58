internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres

func makeTransfer(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let to_user: Username
    let amount: Int
    let message: String?
  }
  let key = try request.requiredIdempotencyKey()
  let body: Body = try request.decode()
  if let message = body.message, message.unicodeScalars.count > 500 {
    throw ShapeError(["body", "message"], "Input should have at most 500 characters", .malformed)
  }
  let transfer = Transfer(to: body.to_user.text, amount: try checked(amount: body.amount), message: body.message)
  let done = try transfer.make(request.intent(of: caller, key: key), on: connection)
  let answer = JSON.members([
    "id": .string(done.value.operation.text), "to_user": .string(transfer.recipient),
    "amount": .integer(transfer.amount), "message": transfer.message.map(JSON.string),
    "created_at": .string(done.value.at), "balance": .integer(done.value.balance),
  ])
  return Response.json(answer, status: 201).marked(done.isReplay)
}

func undoTransfer(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let transfer = try request.parameters.require("id", as: UUID.self)
  let done = try Transfer.undo(
    transfer, within: context.storefront.undoSeconds, request.intent(of: caller, key: nil), on: connection)
  let answer: JSON = [
    "id": .string(done.value.operation.text), "reverses": .string(transfer.text),
    "amount": .integer(done.value.amount), "created_at": .string(done.value.at),
    "balance": .integer(done.value.balance),
  ]
  return Response.json(answer, status: 201).marked(done.isReplay)
}

func makePurchase(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let item: String
    let quantity: Int
  }
  let key = try request.requiredIdempotencyKey()
  let body: Body = try request.decode()
  let purchase = Purchase(item: body.item, quantity: try checked(amount: body.quantity, "quantity"))
  let done = try purchase.make(request.intent(of: caller, key: key), on: connection)
  let answer: JSON = [
    "id": .string(done.value.operation.text), "item": .string(purchase.item),
    "quantity": .integer(purchase.quantity), "price": .integer(done.value.price),
    "total": .integer(done.value.price * purchase.quantity), "created_at": .string(done.value.at),
    "balance": .integer(done.value.balance),
  ]
  return Response.json(answer, status: 201).marked(done.isReplay)
}

func wallet(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  guard let instant = try request.query.optional("at", as: Instant.self) else {
    return .json(["coins": .integer(try Wallet.balance(of: caller.id, on: connection))])
  }
  let balance = try Wallet.balance(of: caller.id, at: instant, on: connection)
  return .json(["coins": .integer(balance), "at": .string(instant.text)])
}

func walletHistory(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  var filter = History.Filter()
  filter.limit = try request.query.optional("limit", in: 1...100) ?? filter.limit
  filter.before = try request.query.optional("cursor", in: 1...Int.max)
  filter.kind = try request.query.optional("kind", oneOf: History.Kind.self)
  filter.counterpart = try request.query.optional("counterpart")
  filter.from = try request.query.optional("from")
  filter.to = try request.query.optional("to")
  let history = try History.read(filter, of: caller.id, on: connection)
  let next = history.next.map { String($0) }
  guard request.prefersCSV else { return .entries(history.entries.map(\.json.bytes), next: next) }
  let lines = [History.Entry.columns] + history.entries.map(\.fields)
  let table = lines.map { $0.map(CSV.escaped).joined(separator: ",") + "\r\n" }.joined()
  let answer = Response.text(table, type: "text/csv; charset=utf-8; header=present")
  guard let next else { return answer }
  return answer.with("Link", "</api/v1/wallet/history?cursor=\(next)&limit=\(filter.limit)>; rel=\"next\"")
}

extension Request {
  fileprivate var prefersCSV: Bool {
    headers["Accept"].map { $0.lowercased().hasPrefix("text/csv") } ?? false
  }
}

extension History.Entry {
  fileprivate static let columns = [
    "id", "at", "kind", "change", "balance", "counterpart", "item", "quantity", "message",
  ]

  fileprivate var fields: [String] {
    [
      id.text, at, kind, String(change), String(balance), counterpart ?? "", item ?? "",
      quantity.map { String($0) } ?? "", message.map(Self.harmless) ?? "",
    ]
  }

  /// Somebody else wrote the message, and a spreadsheet would run what begins like a formula.
  private static func harmless(_ message: String) -> String {
    message.first.map { "=+-@\t\r".contains($0) } ?? false ? "'" + message : message
  }

  fileprivate var json: JSON {
    .members([
      "id": .string(id.text), "at": .string(at), "kind": .string(kind), "change": .integer(change),
      "balance": .integer(balance), "counterpart": counterpart.map(JSON.string), "item": item.map(JSON.string),
      "quantity": quantity.map(JSON.integer), "message": message.map(JSON.string),
    ])
  }
}

extension Instant: TextReadable {
  package init?(readingText text: String) { self.init(text) }
  package static var readableName: String { "instant such as 2026-01-31T12:00:00Z" }
}
