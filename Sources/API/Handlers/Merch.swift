internal import HTTP
internal import Identity
internal import Ledger
internal import Postgres
internal import Shop
internal import Telemetry
internal import Tokens

func info(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let info = try visit.context.storefront.walletInfo.read(of: visit.caller.id, now: Clock.unixSeconds, on: connection)
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
  let done = try Sale.make(purchase, request.intent(of: visit.caller, key: request.idempotencyKey()), on: connection)
  return Response().marked(done.isReplay)
}

func checkAmount(_ amount: Int, _ member: String = "amount") throws(ShapeError) {
  guard amount >= 1 else {
    throw ShapeError(["body", member], "Input should be greater than or equal to 1", .malformed)
  }
}

/// Merch signs in with a name and a password. An unknown name is registered. The answer has no room for the secret and
/// the recovery codes of a second factor, so it is set up elsewhere.
func merchAuth(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let username: Username
    let password: String
    let code: String?
  }
  let body: Body = try request.decode(unknownMembers: .ignored)
  let desk = context.desk
  try desk.joining.requirePasswordLogin()
  // An impossible password is not counted as a failed guess.
  try check(body.password, PasswordRule(leastCharacters: 1, refusesCommon: false))
  let signIn = SignIn(
    .username(body.username.text), password: body.password, address: request.clientAddress,
    offer: SecondFactor.Offer(body.code, request), demand: desk.adminSecondFactor, canEnrol: false)
  let attempt = try signIn.begin(on: connection)
  let user: User
  // Behind a closed door, an unknown name is answered as a wrong password is.
  if attempt.user == nil && desk.joining.letStrangersIn {
    try body.username.requireTakeable()
    try check(body.password, desk.merchPasswords)
    user = try signIn.signUp(body.username, with: desk.registrar, desk.joining, context.hashing, on: connection)
  } else {
    user = try signIn.finish(attempt, desk.passwords, context.hashing, on: connection).user
    try desk.joining.admit(user)
  }
  return .token(desk.sessions.token(for: user, now: Clock.unixSeconds))
}

func check(_ password: String, _ rule: PasswordRule, at location: [String] = ["body", "password"]) throws {
  do {
    try rule.check(password)
  } catch PasswordRefusal.tooShort {
    throw ShapeError(location, "Password should have at least \(rule.leastCharacters) characters", .malformed)
  } catch PasswordRefusal.tooLong {
    throw ShapeError(location, "Password should have at most \(rule.mostBytes) bytes", .malformed)
  } catch PasswordRefusal.tooCommon {
    throw ShapeError(location, "Password is one of the commonest", .malformed)
  }
}
