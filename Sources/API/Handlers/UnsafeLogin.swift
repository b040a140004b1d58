internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry

/// For load tests: if the setting allows it, a request from this machine to the login port may name a Telegram user
/// without any proof. Nil for every other request.
func unsafeLogin(
  _ request: Request, _ context: Context, _ connection: borrowing Connection
) throws -> Response? {
  guard context.desk.believesTelegramIDs, request.listener == "login", request.isFromThisMachine,
    let named = try UnsafeCredentials(request)
  else { return nil }
  let somebody = TelegramUser(id: named.telegramID, username: named.username, firstName: nil)
  let user = try context.desk.authenticator.known(somebody, on: connection)
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
  fileprivate var isFromThisMachine: Bool {
    ["127.", "::ffff:127."].contains { clientAddress.hasPrefix($0) } || clientAddress == "::1"
  }
}
