internal import HTTP
internal import Identity
internal import Postgres
internal import Telemetry
internal import Tokens

/// Merch signs in with a name and a password. An unknown name is registered.
func merchAuth(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body: MerchCredentials = try request.decode(unknownMembers: .ignored)
  let desk = context.desk
  // An impossible password is not counted as a failed guess.
  try check(body.password, PasswordRule(leastCharacters: 1, refusesCommon: false))
  let signIn = SignIn(.username(body.username.text), password: body.password, address: request.clientAddress)
  var attempt = try signIn.begin(on: connection)
  if attempt.user == nil {
    try body.username.requireTakeable()
    try check(body.password, desk.merchPasswords)
    let place = context.hashing.place()
    defer { withExtendedLifetime(place) {} }
    guard let hash = place?.atTurn({ desk.registrar.hash(body.password) }) else { throw PeopleRefusal.noTimeToHash }
    var newcomer = Registrar.Newcomer(username: body.username)
    newcomer.passwordHash = hash
    newcomer.address = request.clientAddress
    do {
      let user = try desk.registrar.register(newcomer, on: connection)
      desk.verified?.note(body.password, of: user, hash: hash)
      return .token(desk.sessions.token(for: user, now: Clock.unixSeconds))
    } catch PeopleRefusal.usernameTaken {
      // A concurrent request took the name. It most likely came from the same person, with the same password.
      attempt = try signIn.begin(on: connection)
    }
  }
  let user = try signIn.finish(attempt, desk.passwords, context.hashing, on: connection)
  return .token(desk.sessions.token(for: user, now: Clock.unixSeconds))
}

private struct MerchCredentials: Decodable {
  let username: Username
  let password: String
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
