internal import API
internal import Glibc
internal import Identity
internal import Postgres
internal import Tokens

extension Environment {
  enum Switch: CaseIterable { case off, on }

  /// Everything about people and tokens that a worker needs, checked.
  func frontDesk() throws -> FrontDesk {
    let issuer = text(.tokenIssuer)
    let tokens = AccessTokens(
      issuer: issuer, audience: text(.tokenAudience), keys: try TokenKeys(file: text(.keyFile)))
    let issuers = text(.trustedIssuers)
    let foreign = issuers.isEmpty ? ForeignIssuers() : try ForeignIssuers(file: issuers, own: issuer)
    let registrar = Registrar()
    let doorkeeper = Doorkeeper(
      tokens: tokens, foreign: foreign, telegram: try secret(.telegramBotToken).map(TelegramLogin.init(botToken:)),
      registrar: registrar)
    let desk = FrontDesk(doorkeeper: doorkeeper, registrar: registrar, passwords: Passwords())
    // No token may live longer than a revocation is kept.
    desk.lifetimes.accessSeconds = try integer(.accessSeconds, in: 1...86_400)
    desk.lifetimes.merchSeconds = try integer(.merchSeconds, in: 1...86_400)
    desk.lifetimes.refreshSeconds = try integer(.refreshSeconds, in: 1...31_536_000)
    let shortest = try integer(.merchPasswordMin, in: 1...256)
    desk.merchPasswords = PasswordRule(leastCharacters: shortest, refusesCommon: false)
    desk.believesTelegramIDs = try choice(.unsafeTelegramLogin, of: Switch.self) == .on
    let header = text(.trustedUserHeader)
    guard header.wholeMatch(of: /(?:[A-Za-z][A-Za-z0-9-]*)?/) != nil else {
      throw SettingError("\(Setting.trustedUserHeader.name) must be the name of a header: letters, digits and hyphens")
    }
    desk.trustedUserHeader = header.isEmpty ? nil : header
    return desk
  }

  /// Nil if nobody is to be appointed.
  func firstAdmin() throws -> FirstAdmin? {
    let name = text(.adminUser)
    let password = try secretFromFile(.adminPassword)
    guard name.isEmpty == (password == nil) else {
      throw SettingError("\(Setting.adminUser.name) and \(Setting.adminPassword.name)_FILE belong together")
    }
    guard let password else { return nil }
    do {
      return FirstAdmin(username: try Username(name), password: password)
    } catch {
      throw SettingError("\(Setting.adminUser.name): \(error)")
    }
  }
}

/// A header is believed only if nobody but nginx can have sent it, and a unix socket has nginx's group alone.
func isUnixSocket(_ descriptor: Int32) -> Bool {
  var address = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  let result = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
  }
  return result == 0 && address.ss_family == sa_family_t(AF_UNIX)
}
