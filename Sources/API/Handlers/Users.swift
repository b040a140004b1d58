internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

func listUsers(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  var page = UserList.Page()
  let reader = Reader()
  (page.number, page.limit) = reader.page(of: request)
  page.search = reader.search(request)
  page.role = reader.note(try request.query.optional("role", oneOf: Role.self))
  page.isActive = reader.note(try request.query.optional("is_active", oneOf: Truth.self)).map { $0 == .true }
  page.order = reader.note(try request.query.optional("sort_by", oneOf: UserList.Order.self)) ?? page.order
  page.isDescending = reader.note(try request.query.optional("sort_order", oneOf: SortOrder.self)) != .asc
  try reader.finish()
  let list = try UserList.read(page, on: connection)
  return .page(.json(.array(list.entries.map(\.json))), total: list.total, number: page.number, limit: page.limit)
}

func showUser(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  .json(try User.find(request.parameters.require("id"), on: connection).json)
}

func createUser(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let body = try Reader(bodyOf: request)
  let details = UserDetails(body, visit.context)
  if !body.has("username") && !body.has("email") { body.complain("email", "Field required", .missing) }
  // Without a username, the email address is the name.
  let name = try body.finish(details.username?.text ?? details.email?.text)
  var newcomer = Registrar.Newcomer(username: try Username(name), email: details.email, fullName: details.fullName)
  newcomer.passwordHash = details.password.map(visit.context.desk.registrar.hash)
  newcomer.role = details.role ?? .user
  newcomer.isActive = details.isActive ?? true
  let editor = Editor(visit.caller, request, reason: details.reason)
  let user = try visit.context.desk.registrar.register(
    newcomer, orNumbered: details.username == nil, by: editor, on: connection)
  return .json(user.json, status: 201)
}

func importUsers(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let body = try PeopleBody(request)
  let outcome = try body.people.admit(
    isRehearsal: body.isRehearsal, by: Editor(visit.caller, request), on: connection)
  return .json(outcome.json(isRehearsal: body.isRehearsal))
}

func changeUser(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.parameters.require("id", as: UUID.self)
  let body = try Reader(bodyOf: request, refusesNulls: true)
  let details = UserDetails(body, visit.context)
  try body.finish()
  var changes = UserChanges()
  (changes.username, changes.email, changes.fullName) = (details.username, details.email, details.fullName)
  (changes.role, changes.isActive) = (details.role, details.isActive)
  changes.passwordHash = details.password.map(visit.context.desk.registrar.hash)
  let editor = Editor(visit.caller, request, reason: details.reason)
  return .json(try changes.apply(to: id, by: editor, on: connection).json)
}

/// The members of a user that an admin sets. All of them may be absent.
private struct UserDetails {
  let username: Username?
  let email: EmailAddress?
  let fullName: FullName?
  let password: String?
  let role: Role?
  let isActive: Bool?
  let reason: String?

  init(_ body: Reader, _ context: Context) {
    username = body.optional("username", as: Username.self) { try $0.requireTakeable() }
    email = body.optional("email", as: EmailAddress.self)
    fullName = body.optional("full_name", as: FullName.self)
    password = body.optional("password", as: String.self) { try check($0, context.desk.passwordRule) }
    role = body.optional("role", as: Role.self)
    isActive = body.optional("is_active", as: Bool.self)
    reason = body.text("reason", 0...500)
  }
}

func deleteUser(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  try User.delete(request.parameters.require("id"), by: Editor(visit.caller, request), on: connection)
  return Response(204)
}

extension Editor {
  init(_ caller: Caller, _ request: Request, reason: String? = nil) {
    self.init(caller.id, requestID: request.id, reason: reason)
  }
}
