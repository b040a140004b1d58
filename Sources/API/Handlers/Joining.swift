internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

func createInvitation(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  // Every member is optional, so a body may be missing too.
  let body = request.body.isEmpty ? Reader() : try Reader(bodyOf: request)
  let email = body.optional("email", as: EmailAddress.self)
  let role = body.optional("role", as: Role.self)
  let seconds = body.optional("expires_in", as: Int.self) { seconds in
    guard (1...Invitations.longestSeconds).contains(seconds) else {
      throw ShapeError(["body", "expires_in"], "Input should be 1 to \(Invitations.longestSeconds) seconds", .malformed)
    }
  }
  try body.finish()
  let desk = visit.context.desk
  let made = try Invitations.create(
    email: email, role: role ?? .user, seconds: seconds ?? 7 * 86_400, desk.joining, by: Editor(visit.caller, request),
    on: connection)
  return .json(
    [
      "id": .string(made.entry.id.text), "url": .string(desk.links.invitation(made.token)), "token": .string(made.token),
      "expires_at": .string(made.entry.expiresAt),
    ], status: 201)
}

func listInvitations(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let reader = Reader()
  let page = reader.page(of: request)
  try reader.finish()
  let list = try Invitations.list(number: page.number, limit: page.limit, on: connection)
  return .page(.json(.array(list.entries.map(\.json))), total: list.total, number: page.number, limit: page.limit)
}

func endInvitation(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  try Invitations.end(request.parameters.require("id"), by: Editor(visit.caller, request), on: connection)
  return Response(204)
}

func offerPasswordReset(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let user = try request.parameters.require("id", as: UUID.self)
  let made = try PasswordReset.offer(to: user, by: Editor(visit.caller, request), on: connection)
  return .json(
    [
      "url": .string(visit.context.desk.links.reset(made.token)), "token": .string(made.token),
      "expires_at": .string(made.expiresAt),
    ], status: 201)
}

func takePasswordReset(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let (token, password) = try body.finish(
    body.require("token", as: String.self),
    body.require("new_password", as: String.self) {
      try check($0, context.desk.passwordRule, at: ["body", "new_password"])
    })
  try PasswordReset.take(
    token, password, with: context.desk.passwords, context.hashing, requestID: request.id, on: connection)
  return Response(204)
}
