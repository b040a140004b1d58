internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry
internal import Tokens

func listIdentities(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let entries = try Identities.list(of: request.parameters.require("id"), on: connection)
  return .json(["items": .array(entries.map(\.json))])
}

func linkIdentity(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let user = try request.parameters.require("id", as: UUID.self)
  let body = try Reader(bodyOf: request)
  let (issuer, subject) = try body.finish(
    body.require("issuer", as: String.self, checkIdentityText),
    body.require("subject", as: String.self, checkIdentityText))
  let editor = Editor(visit.caller, request)
  return .json(try Identities.link(issuer, subject, to: user, by: editor, on: connection).json, status: 201)
}

func unlinkIdentity(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let user = try request.parameters.require("id", as: UUID.self)
  // A column of 32 bits has the number.
  guard let number = Int32(try request.parameters.require("n", as: String.self)) else {
    throw PeopleRefusal.unknownIdentity
  }
  try Identities.unlink(Int(number), of: user, by: Editor(visit.caller, request), on: connection)
  return Response(204)
}

/// A user who proves both in one request gets the identity. A token alone does not prove the user: a stolen one would
/// become a way in for ever.
func linkOwnIdentity(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let code = body.text("code", 0...64)
  let (proof, password) = try body.finish(
    body.require("authorization", as: String.self),
    body.require("password", as: String.self) { try check($0, .any) })
  let desk = visit.context.desk
  let identity = try desk.authenticator.prove(proof, now: Clock.unixSeconds, on: connection)
  let signIn = SignIn(
    .username(visit.caller.username), password: password, address: request.clientAddress,
    offer: SecondFactor.Offer(code, request), demand: desk.adminSecondFactor, canEnrol: false)
  let user = try signIn.finish(signIn.begin(on: connection), desk.passwords, visit.context.hashing, on: connection).user
  guard user.id == visit.caller.id else { throw CallerRefusal.revoked }
  let editor = Editor(visit.caller, request, reason: "proved both")
  let entry = try Identities.link(
    identity.issuer, identity.subject, to: visit.caller.id, by: editor, on: connection)
  return .json(entry.json, status: 201)
}

private func checkIdentityText(_ text: String) throws {
  guard (1...ForeignIdentity.mostBytes).contains(text.utf8.count) else {
    throw IdentityTextError(description: "Input should have 1 to \(ForeignIdentity.mostBytes) bytes")
  }
}

private struct IdentityTextError: Error, CustomStringConvertible { let description: String }
