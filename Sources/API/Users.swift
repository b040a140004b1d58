internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

func listUsers(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  var page = UserList.Page()
  (page.number, page.limit) = try request.page()
  page.search = try request.query.optional("search").flatMap { $0.isEmpty ? nil : $0 }
  page.order = try request.query.optional("sort_by", oneOf: UserList.Order.self) ?? page.order
  page.isDescending = try request.query.optional("sort_order", oneOf: SortOrder.self) != .asc
  let list = try UserList.read(page, on: connection)
  return .page(list.users.map(\.json.bytes), total: list.total, number: page.number, limit: page.limit)
}

func showUser(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  .json(try User.find(request.parameters.require("id"), on: connection).json)
}

func createUser(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let username: Username?
    let email: EmailAddress?
    let full_name: FullName?
    let password: String?
    let role: Role?
    let is_active: Bool?
    let reason: String?
  }
  let body: Body = try request.decode()
  guard let username = try body.username ?? body.email.map({ try Username($0.text) }) else {
    throw ShapeError(["body", "email"], "Field required", .missing)
  }
  if let password = body.password { try check(password, context.desk.passwordRule) }
  var newcomer = Registrar.Newcomer(username: username, email: body.email, fullName: body.full_name)
  newcomer.passwordHash = body.password.map(context.desk.registrar.hash)
  newcomer.role = body.role ?? .user
  newcomer.isActive = body.is_active ?? true
  let editor = try Editor(caller, request, reason: body.reason)
  return .json(try context.desk.registrar.register(newcomer, by: editor, on: connection).json, status: 201)
}

func changeUser(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  struct Body: Decodable {
    let username: Username?
    let email: EmailAddress?
    let full_name: FullName?
    let password: String?
    let role: Role?
    let is_active: Bool?
    let reason: String?
  }
  let body: Body = try request.decode()
  try request.refuseNulls()
  if let password = body.password { try check(password, context.desk.passwordRule) }
  var changes = UserChanges()
  (changes.username, changes.email, changes.fullName) = (body.username, body.email, body.full_name)
  (changes.role, changes.isActive) = (body.role, body.is_active)
  changes.passwordHash = body.password.map(context.desk.registrar.hash)
  let editor = try Editor(caller, request, reason: body.reason)
  return .json(try changes.apply(to: request.parameters.require("id"), by: editor, on: connection).json)
}

func deleteUser(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let editor = try Editor(caller, request, reason: nil)
  try User.delete(request.parameters.require("id"), by: editor, on: connection)
  return Response(204)
}

extension Editor {
  init(_ caller: Caller, _ request: Request, reason: String?) throws {
    if let reason, reason.unicodeScalars.count > 500 {
      throw ShapeError(["body", "reason"], "Input should have at most 500 characters", .malformed)
    }
    self.init(caller, requestID: request.id, reason: reason)
  }
}
