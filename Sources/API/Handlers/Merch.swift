internal import HTTP
internal import Identity
internal import Ledger
internal import Postgres

func info(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let info = try Wallet.info(of: visit.caller.id, on: connection)
  let answer = Response.document(info.document)
  guard info.hasMore else { return answer }
  return answer.with("Link", "</api/v1/wallet/history?kind=transfer&limit=100>; rel=\"next\"")
}

func sendCoin(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let toUser: Username
    let amount: Int
  }
  let body: Body = try request.decode(unknownMembers: .ignored)
  try checkAmount(body.amount)
  let transfer = Transfer(to: body.toUser.text, amount: body.amount, message: nil)
  let done = try transfer.make(request.intent(of: visit.caller, key: request.idempotencyKey()), on: connection)
  return Response().marked(done.isReplay)
}

func buy(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let purchase = Purchase(item: try request.parameters.require("item"), quantity: 1)
  let done = try purchase.make(request.intent(of: visit.caller, key: request.idempotencyKey()), on: connection)
  return Response().marked(done.isReplay)
}

func checkAmount(_ amount: Int, _ member: String = "amount") throws(ShapeError) {
  guard amount >= 1 else {
    throw ShapeError(["body", member], "Input should be greater than or equal to 1", .malformed)
  }
}
