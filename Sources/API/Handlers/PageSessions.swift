internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Tokens

/// The ways in which people may join and sign in. The page asks this first.
func signInMethods(_ request: Request, _ context: Context) -> Response {
  let joining = context.desk.joining
  return .json([
    "password": .bool(joining.passwordLogin != .off), "sign_up": .string(joining.shownSignUp.rawValue),
    "oidc": context.desk.providerName.map { ["name": .string($0), "url": .string(OpenIDSettings.path)] } ?? .null,
  ])
}

func openSession(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  try request.requireOwnSite(context.desk)
  let (pair, recoveryCodes) = try signIn(request, context, connection)
  return .session(pair, context.desk, recoveryCodes)
}

func refreshSession(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  try request.requireOwnSite(context.desk)
  guard let token = request.cookie(SessionCookie.name) else { throw PeopleRefusal.refreshRefused }
  return .session(try context.desk.sessions.refresh(token, on: connection), context.desk)
}

/// The browser forgets the cookie even if its session is over already.
func closeSession(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  try request.requireOwnSite(context.desk)
  if let token = request.cookie(SessionCookie.name) { try Sessions.end(refreshToken: token, on: connection) }
  return Response(204).with("Set-Cookie", SessionCookie(context.desk).clearing)
}

func listSessions(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let entries = try OwnSessions.list(of: visit.caller.id, on: connection)
  return .json(["items": .array(entries.map { $0.json(isCurrent: $0.id == visit.caller.session) })])
}

func endSession(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  try OwnSessions.end(request.parameters.require("id"), of: visit.caller.id, on: connection)
  return Response(204)
}

func endOtherSessions(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  try OwnSessions.endOthers(than: visit.caller, on: connection)
  return Response(204)
}

func changePassword(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let desk = visit.context.desk
  try desk.joining.requirePasswordLogin()
  let body = try Reader(bodyOf: request)
  let (current, new) = try body.finish(
    body.require("current_password", as: String.self) { try check($0, .any, at: ["body", "current_password"]) },
    body.require("new_password", as: String.self) { try check($0, desk.passwordRule, at: ["body", "new_password"]) })
  try PasswordChange(from: current, to: new, address: request.clientAddress).make(
    for: visit.caller, desk.passwords, visit.context.hashing, by: Editor(visit.caller, request), on: connection)
  return Response(204)
}
