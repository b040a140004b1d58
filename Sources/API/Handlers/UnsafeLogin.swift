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
      guard case .object(let members)? = try? JSON(parsing: request.body),
        let value = members.first(where: { $0.name.utf8.elementsEqual("telegram_id".utf8) })?.value
      else { return nil }
      switch value {
      case .integer(let id): telegramID = id
      case .string(let text) where Int(text) != nil: telegramID = Int(text)!
      default: throw ShapeError(["body", "telegram_id"], "Input should be an integer", .wrongType)
      }
      if case .string(let text)? = members.first(where: { $0.name.utf8.elementsEqual("username".utf8) })?.value {
        username = text
      } else {
        username = nil
      }
    }
    guard telegramID > 0 else { throw ShapeError(["body", "telegram_id"], "Input should be positive", .malformed) }
  }
}

extension Request {
  fileprivate var isFromThisMachine: Bool {
    ["127.", "::ffff:127."].contains { clientAddress.hasPrefix($0) } || clientAddress == "::1"
  }
}
