internal import HTTP
internal import Identity
internal import Postgres
internal import Telemetry
internal import Tokens

func register(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let (email, password, fullName) = try body.finish(
    body.require("email", as: EmailAddress.self),
    body.require("password", as: String.self) { try check($0, context.desk.passwordRule) },
    body.require("full_name", as: FullName.self))
  var newcomer = Registrar.Newcomer(username: try Username(email.text), email: email, fullName: fullName)
  newcomer.address = request.clientAddress
  let user = try context.desk.registrar.signUp(
    newcomer, password: password, orNumbered: true, context.hashing, on: connection)
  return .json(user.json, status: 201)
}

func login(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  if let answer = try unsafeLogin(request, context, connection) { return answer }
  let body = try Reader(bodyOf: request)
  let email = body.optional("email", as: String.self).map { SignIn.Name.email($0) }
  let username = body.optional("username", as: String.self).map { SignIn.Name.username($0) }
  switch (body.has("email"), body.has("username")) {
  case (false, false): body.complain("email", "Field required", .missing)
  case (true, true): body.complain("username", "Input should be either an email or a username")
  default: break
  }
  // An impossible password is not counted as a failed guess.
  let (name, password) = try body.finish(
    email ?? username,
    body.require("password", as: String.self) { try check($0, PasswordRule(leastCharacters: 0, refusesCommon: false)) })
  let signIn = SignIn(name, password: password, address: request.clientAddress)
  let user = try signIn.finish(
    try signIn.begin(on: connection), context.desk.passwords, context.hashing, on: connection)
  return .json(try context.desk.sessions.start(user, now: Clock.unixSeconds, on: connection).json)
}

func refresh(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let token = try body.finish(body.require("refresh_token", as: String.self))
  return .json(try context.desk.sessions.refresh(token, on: connection).json)
}

func logout(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  try Sessions.end(visit.caller, on: connection)
  return Response(204)
}

func me(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  // This worker may not know yet that the user was deleted a moment ago.
  guard let user = try User.living(visit.caller.id, on: connection) else { throw CallerRefusal.revoked }
  return .json(user.json)
}
