internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry
internal import Tokens

/// Merch: whoever comes under a name nobody has is registered under it.
func merchAuth(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body: MerchCredentials = try request.decode(unknownMembers: .ignored)
  let desk = context.desk
  // What nobody's password can be is no guess.
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
      return token(for: user, context)
    } catch PeopleRefusal.usernameTaken {
      // Somebody was faster, most likely the same person: then the passwords are the same.
      attempt = try signIn.begin(on: connection)
    }
  }
  return token(for: try signIn.finish(attempt, desk.passwords, context.hashing, on: connection), context)
}

private struct MerchCredentials: Decodable {
  let username: Username
  let password: String
}

private func token(for user: User, _ context: Context) -> Response {
  .json(["token": .string(context.desk.sessions.token(for: user, now: Clock.unixSeconds))])
}

/// A password that is to be stored.
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
