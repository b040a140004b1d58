internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry

func register(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let email: EmailAddress
    let password: String
    let full_name: FullName
  }
  let body: Body = try request.decode()
  try check(body.password, context.desk.passwordRule)
  var newcomer = Registrar.Newcomer(
    username: try Username(body.email.text), email: body.email, fullName: body.full_name)
  let place = context.hashing.place()
  defer { withExtendedLifetime(place) {} }
  guard let hash = place?.atTurn({ context.desk.registrar.hash(body.password) }) else {
    throw PeopleRefusal.noTimeToHash
  }
  newcomer.passwordHash = hash
  newcomer.address = request.clientAddress
  let user = try context.desk.registrar.register(newcomer, on: connection)
  context.desk.verified?.note(body.password, of: user, hash: hash)
  return .json(user.json, status: 201)
}

func login(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  if let answer = try unsafeLogin(request, context, connection) { return answer }
  struct Body: Decodable {
    let email: String?
    let username: String?
    let password: String
  }
  let body: Body = try request.decode()
  let name: SignIn.Name
  switch (body.email, body.username) {
  case (let email?, nil): name = .email(email)
  case (nil, let username?): name = .username(username)
  case (nil, nil): throw ShapeError(["body", "email"], "Field required", .missing)
  case (_?, _?): throw ShapeError(["body", "username"], "Input should be either an email or a username", .malformed)
  }
  let signIn = SignIn(name, password: body.password, address: request.clientAddress)
  let user = try signIn.finish(
    try signIn.begin(on: connection), context.desk.passwords, context.hashing, on: connection)
  return try answer(context.desk.sessions.start(user, now: Clock.unixSeconds, on: connection))
}

func refresh(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  struct Body: Decodable {
    let refresh_token: String
  }
  let body: Body = try request.decode()
  return answer(try context.desk.sessions.refresh(body.refresh_token, on: connection))
}

func logout(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  try Sessions.end(caller, on: connection)
  return Response(204)
}

func me(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  .json(try User.find(caller.id, on: connection).json)
}

private func answer(_ pair: Sessions.Pair) -> Response {
  .json([
    "access_token": .string(pair.accessToken), "refresh_token": .string(pair.refreshToken),
    "token_type": "bearer", "expires_in": .integer(pair.expiresIn),
  ])
}
