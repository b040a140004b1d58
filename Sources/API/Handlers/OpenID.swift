internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Postgres
internal import Telemetry

/// Sends the browser to the provider. With `link=true`, the signed-in user wants to have one more identity.
func beginOpenID(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let (desk, openID) = (context.desk, try context.openID())
  var user: User?
  if try request.query.optional("link", as: String.self) == "true" {
    try request.requireOwnSite(desk)
    user = try request.cookie(SessionCookie.name).flatMap { try desk.sessions.user(ofRefreshToken: $0, on: connection) }
    guard user != nil else { throw PeopleRefusal.refreshRefused }
  }
  let start = try openID.begin(
    returnPath: try request.query.optional("return"), for: user?.id, desk.authenticator, now: Clock.unixSeconds)
  return .redirect(to: start.address).with("Set-Cookie", TicketCookie(openID.settings).header(start.ticket))
}

/// The browser comes back from the provider. It leaves with a session, or with one more identity.
func finishOpenID(_ request: Request, _ context: Context, _ connection: borrowing Connection) throws -> Response {
  let (desk, openID, now) = (context.desk, try context.openID(), Clock.unixSeconds)
  let cookie = TicketCookie(openID.settings)
  let (profile, ticket) = try openID.redeem(
    OpenIDSignIn.Callback(request, cookie.name), desk.authenticator, now: now, on: connection)
  let signIn = profile.signIn(openID.settings)
  let answer = Response.redirect(to: ticket.returnPath).with("Set-Cookie", cookie.clearing)
  if let user = ticket.user {
    try signIn.link(to: user, by: Editor(user, requestID: request.id), on: connection)
    return answer
  }
  let user = try signIn.user(desk.joining, requestID: request.id, on: connection)
  let pair = try desk.sessions.start(user, from: request.client, now: now, on: connection)
  return answer.with("Set-Cookie", SessionCookie(desk).header(pair.refreshToken))
}

extension Context {
  fileprivate func openID() throws(RequestFailure) -> OpenIDSignIn {
    guard let openID = desk.openID else { throw .unknownPath }
    return openID
  }
}

extension OpenIDSignIn.Callback {
  /// A value that cannot be decoded counts as sent twice: neither is one.
  fileprivate init(_ request: Request, _ cookieName: String) {
    func all(_ name: String) -> [String] { request.query.all(name) ?? ["", ""] }
    self.init(
      ticket: request.cookie(cookieName), states: all("state"), issuers: all("iss"), errors: all("error"),
      codes: all("code"))
  }
}

/// The cookie with the ticket of a sign-in. It has to come along when the provider's site sends the browser back, so it
/// cannot be strict.
private struct TicketCookie {
  let name: String
  private let isSecure: Bool

  init(_ settings: OpenIDSettings) {
    name = settings.cookieName
    isSecure = settings.isSecure
  }

  func header(_ ticket: String) -> String { header(ticket, seconds: OpenIDTicket.lifeSeconds) }

  var clearing: String { header("", seconds: 0) }

  private func header(_ value: String, seconds: Int) -> String {
    "\(name)=\(value); Path=\(OpenIDSettings.path); Max-Age=\(seconds); HttpOnly; SameSite=Lax"
      + (isSecure ? "; Secure" : "")
  }
}

extension Response {
  fileprivate static func redirect(to address: String) -> Response { Response(302).with("Location", address) }
}
