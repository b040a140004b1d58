internal import Audit
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry
internal import Tokens

func register(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let invitation = body.optional("invitation", as: String.self)
  let (email, password, fullName) = try body.finish(
    body.require("email", as: EmailAddress.self),
    body.require("password", as: String.self) { try check($0, context.desk.passwordRule) },
    body.require("full_name", as: FullName.self))
  var newcomer = Registrar.Newcomer(username: try Username(email.text), email: email, fullName: fullName)
  newcomer.address = request.clientAddress
  let user = try context.desk.registrar.join(
    newcomer, password: password, invitation: invitation, context.desk.joining, context.hashing, on: connection)
  return .json(user.json, status: 201)
}

func login(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  if let answer = try unsafeLogin(request, context, connection) { return answer }
  let (pair, recoveryCodes) = try signIn(request, context, connection)
  return .json(pair.json.adding(["recovery_codes": recoveryCodes]))
}

/// Starts a session for a name, a password and, with a second factor, a code.
func signIn(
  _ request: Request, _ context: Context, _ connection: borrowing Connection
) throws -> (pair: Sessions.Pair, recoveryCodes: JSON?) {
  try context.desk.joining.requirePasswordLogin()
  let body = try Reader(bodyOf: request)
  let email = body.optional("email", as: String.self).map { SignIn.Name.email($0) }
  let username = body.optional("username", as: String.self).map { SignIn.Name.username($0) }
  switch (body.has("email"), body.has("username")) {
  case (false, false): body.complain("email", "Field required", .missing)
  case (true, true): body.complain("username", "Input should be either an email or a username")
  default: break
  }
  let code = body.text("code", 0...64)
  // An impossible password is not counted as a failed guess.
  let (name, password) = try body.finish(
    email ?? username,
    body.require("password", as: String.self) { try check($0, .any) })
  let signIn = SignIn(
    name, password: password, address: request.clientAddress, offer: SecondFactor.Offer(code, request),
    demand: context.desk.adminSecondFactor)
  let entry = try signIn.finish(
    try signIn.begin(on: connection), context.desk.passwords, context.hashing, on: connection)
  try context.desk.joining.admit(entry.user)
  let pair = try context.desk.sessions.start(
    entry.user, from: request.client, now: Clock.unixSeconds, on: connection)
  return (pair, entry.recoveryCodes.map(JSON.list))
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

/// Users choose their own full name.
func changeMe(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request, refusesNulls: true)
  let name = try body.finish(body.require("full_name", as: FullName.self))
  do {
    return .json(
      try User.rename(visit.caller.id, to: name, by: Editor(visit.caller, request), on: connection).json)
  } catch PeopleRefusal.unknownUser {
    throw CallerRefusal.revoked
  }
}

/// For load tests: if the setting allows it, a request from this machine to the login port may name a Telegram user
/// without any proof. Nil for every other request.
func unsafeLogin(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response? {
  guard context.desk.believesTelegramIDs, request.listener == "login", request.isFromThisMachine,
    let named = try UnsafeCredentials(request)
  else { return nil }
  let somebody = TelegramUser(id: named.telegramID, username: named.username, firstName: nil)
  let user = try ForeignIdentity(somebody).userOrNewcomer(context.desk.joining, on: connection)
  guard user.isActive else { throw PeopleRefusal.inactive }
  return .token(context.desk.sessions.token(for: user, role: .service, now: Clock.unixSeconds))
}

private struct UnsafeCredentials {
  let telegramID: Int
  let username: String?

  init?(_ request: Request) throws {
    if let form = request.form {
      guard let id = try form.optional("telegram_id", as: Int.self) else { return nil }
      (telegramID, username) = (id, try form.optional("username"))
    } else {
      guard case .object(let members)? = try? JSON(parsing: request.body) else { return nil }
      func member(_ name: String) -> JSON? { members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }
      guard let value = member("telegram_id") else { return nil }
      let id: Int? =
        switch value {
        case .integer(let id): id
        case .string(let text): Int(text)
        default: nil
        }
      guard let id else { throw ShapeError(["body", "telegram_id"], "Input should be an integer", .wrongType) }
      telegramID = id
      username = if case .string(let text)? = member("username") { text } else { nil }
    }
    guard telegramID > 0 else { throw ShapeError(["body", "telegram_id"], "Input should be positive", .malformed) }
  }
}

extension Request {
  var client: Sessions.Client { Sessions.Client(address: clientAddress, userAgent: headers["User-Agent"]) }

  fileprivate var isFromThisMachine: Bool {
    ["127.", "::ffff:127."].contains { clientAddress.hasPrefix($0) } || clientAddress == "::1"
  }
}

/// The public keys that verify our tokens. An HMAC has none, and then the path is unknown.
func jwks(_ request: Request, _ context: Context) throws -> Response {
  guard let keys = context.desk.authenticator.tokens.keys.jwks() else { throw RequestFailure.unknownPath }
  return Response(
    headers: [("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=300")], body: keys)
}

func publicKey(_ request: Request, _ context: Context) throws -> Response {
  guard let pem = context.desk.authenticator.tokens.keys.publicKeyPEM() else { throw RequestFailure.unknownPath }
  return .text(pem, type: "application/x-pem-file").with("Cache-Control", "public, max-age=300")
}
