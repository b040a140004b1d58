internal import API
internal import Glibc
internal import Identity
internal import Outbound
internal import Postgres
internal import Shop
internal import Tokens

/// Puts the parts of the rooms together from the settings.
extension Environment {
  func database(applicationName: String) throws -> ConnectionSettings {
    var settings = ConnectionSettings()
    settings.conninfo = try value(\.database.url) ?? ""
    settings.password = try value(\.database.password)
    settings.applicationName = applicationName
    settings.lockTimeoutMilliseconds = try value(\.database.lockMilliseconds)
    settings.statementTimeoutMilliseconds = try value(\.database.statementMilliseconds)
    return settings
  }

  /// A session for a command, which may take its time.
  func open() throws -> Connection {
    var settings = try database(applicationName: "tuckshop command")
    settings.statementTimeoutMilliseconds = 0
    let connection = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    connection.limit(to: .after(milliseconds: 86_400_000))
    return connection
  }

  func frontDesk() throws -> FrontDesk {
    let issuer = try value(\.tokens.issuer)
    let tokens = AccessTokens(
      issuer: issuer, audience: try value(\.tokens.audience), keys: try TokenKeys(file: value(\.tokens.keyFile)))
    let foreign = try value(\.signOn.trustedIssuers).map { try ForeignIssuers(file: $0, own: issuer) }
    let registrar = Registrar()
    let authenticator = Authenticator(
      tokens: tokens, foreign: foreign ?? ForeignIssuers(),
      telegram: try value(\.signOn.telegramBotToken).map(TelegramLogin.init(botToken:)))
    let desk = FrontDesk(authenticator: authenticator, registrar: registrar, passwords: Passwords())
    desk.lifetimes.accessSeconds = try value(\.tokens.accessSeconds)
    desk.lifetimes.merchSeconds = try value(\.tokens.merchSeconds)
    desk.lifetimes.refreshSeconds = try value(\.tokens.refreshSeconds)
    desk.lifetimes.sessionSeconds = try value(\.joining.sessionSeconds)
    desk.links = try links()
    desk.joining = try joiningRules()
    desk.merchPasswords = PasswordRule(
      leastCharacters: try value(\.tokens.merchPasswordMin), refusesCommon: false)
    desk.believesTelegramIDs = try value(\.signOn.believesTelegramIDs)
    desk.adminSecondFactor = try value(\.tokens.adminSecondFactor)
    desk.trustedUserHeader = try value(\.signOn.trustedUserHeader)
    if try value(\.signOn.providerIssuer) != nil { desk.providerName = try value(\.signOn.providerName) }
    return desk
  }

  /// Nil without a provider. Only the pool that calls it reads the secret.
  func openID() throws -> OpenIDSignIn? {
    let (issuer, client) = (name(\.signOn.providerIssuer), name(\.signOn.providerClientID))
    guard let text = try value(\.signOn.providerIssuer) else { return nil }
    guard let address = WebAddress(text) else {
      throw SettingError("\(issuer) must be an https address, or http on this machine")
    }
    guard let clientID = try value(\.signOn.providerClientID) else {
      throw SettingError("\(issuer) needs \(client)")
    }
    var settings = OpenIDSettings(
      issuer: address, clientID: clientID, clientSecret: try value(\.signOn.providerClientSecret),
      publicURL: try value(\.joining.publicURL))
    settings.scopes = try value(\.signOn.providerScopes)
    settings.allowedGroup = try value(\.signOn.providerAllowedGroup)
    settings.adminGroup = try value(\.signOn.providerAdminGroup)
    settings.groupsClaim = try value(\.signOn.providerGroupsClaim)
    return OpenIDSignIn(settings, client: OutboundClient(authorities: try value(\.signOn.authorities)))
  }

  func links() throws -> Links { Links(publicURL: try value(\.joining.publicURL)) }

  func joiningRules() throws -> JoiningRules {
    var rules = JoiningRules()
    rules.signUp = try value(\.joining.signUp)
    rules.domains = try value(\.joining.signUpDomains)?.lowercased().split(separator: ",").map(String.init) ?? []
    rules.newUsersPerHour = try value(\.joining.newUsersPerHour)
    rules.passwordLogin = try value(\.joining.passwordLogin)
    return rules
  }

  /// Nil if nobody is to be appointed.
  func firstAdmin() throws -> FirstAdmin? {
    let (user, secret) = (name(\.tokens.adminUser), name(\.tokens.adminPassword))
    switch (try value(\.tokens.adminUser), try value(\.tokens.adminPassword)) {
    case (nil, nil): return nil
    case (let username?, let password?):
      do {
        return FirstAdmin(username: try Username(username), password: password)
      } catch {
        throw SettingError("\(user): \(error)")
      }
    default: throw SettingError("\(user) and \(secret)_FILE belong together: set both or neither")
    }
  }

  func storefront() throws -> Storefront {
    let storefront = Storefront(
      pictures: PictureStore(directory: try value(\.shop.mediaDirectory)),
      requiresCondition: try value(\.shop.requireIfMatch))
    storefront.undoSeconds = try value(\.shop.undoSeconds)
    storefront.branding.company = try value(\.shop.company)
    storefront.branding.coinName = try value(\.shop.coinName)
    storefront.branding.accent = try value(\.shop.accent)
    storefront.hasLeaderboard = try value(\.shop.leaderboard)
    return storefront
  }

  /// `migrate up` writes them into the database, where workers find them.
  func houseRules() throws -> HouseRules {
    HouseRules(
      welcomeCoins: try value(\.shop.welcomeCoins), believesTelegramIDs: try value(\.signOn.believesTelegramIDs))
  }
}

/// The header counts only if nobody but nginx can have sent it: a unix socket belongs to nginx's group.
func isUnixSocket(_ descriptor: Int32) -> Bool {
  var address = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  let result = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
  }
  return result == 0 && address.ss_family == sa_family_t(AF_UNIX)
}
