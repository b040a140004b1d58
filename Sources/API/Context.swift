package import HTTP
package import Identity
package import Ledger
package import Postgres
package import Shop
package import Telemetry
package import Tokens

/// The surroundings of a handler, besides the request.
package struct Context {
  package let deadline: Deadline
  package let hashing: Hashing
  package let requiredSchemaVersion: Int
  package let memory: SharedMemory
  package let desk: FrontDesk
  package let storefront: Storefront
  package let readiness: Readiness
}

/// The caller of a signed-in request, and the surroundings of its handler.
package struct Visit {
  package let caller: Caller
  package let context: Context
}

/// The handler of a route. Only one that gets the connection can touch the database.
package enum Endpoint {
  case plain((Request, Context) throws -> Response)
  /// `repeatable`: running it twice does no harm, so it runs again when its session proves dead.
  case withConnection(repeatable: Bool, (Request, Context, borrowing Connection) throws -> Response)
  /// The caller is known, and has one of the group's roles.
  case signedIn(repeatable: Bool, (Request, Visit, borrowing Connection) throws -> Response)
  /// For health alone: decides itself how long it tries to get a connection.
  case probing((Request, Context, Lender) -> Response)
}

/// The dependencies of the handlers about people, one set per worker.
package final class FrontDesk {
  package let authenticator: Authenticator
  package let registrar: Registrar
  package let passwords: Passwords
  /// Nil in pools that check no passwords.
  package var verified: VerifiedPasswords?
  package var line: HashingLine?
  package var lifetimes = Sessions.Lifetimes()
  package var merchPasswords = PasswordRule(leastCharacters: 1, refusesCommon: false)
  package var passwordRule = PasswordRule(leastCharacters: 8, refusesCommon: true)
  /// Whether a request from this machine to the login port may name a Telegram user without proof. For load tests only.
  package var believesTelegramIDs = false
  package var trustedUserHeader: String?
  /// The words on the button of single sign-on; nil if there is none.
  package var providerName: String?
  /// Nil in pools that never call the provider.
  package var openID: OpenIDSignIn?
  package var adminSecondFactor = SecondFactor.Demand.optional
  package var joining: JoiningRules {
    get { authenticator.joining }
    set { authenticator.joining = newValue }
  }
  package var links = Links(publicURL: "http://127.0.0.1:8080")

  package init(authenticator: Authenticator, registrar: Registrar, passwords: Passwords) {
    self.authenticator = authenticator
    self.registrar = registrar
    self.passwords = passwords
  }

  private var forgotAt = 0

  /// Once a minute, because it reads all of them.
  func forgetOldPasswords(now: Int) {
    guard now - forgotAt >= 60 else { return }
    forgotAt = now
    verified?.forgetOld()
  }

  var sessions: Sessions { Sessions(tokens: authenticator.tokens, lifetimes: lifetimes) }
}

/// Addresses that people get.
package struct Links {
  /// Where people reach the shop, without a slash at the end.
  package let publicURL: String

  package init(publicURL: String) { self.publicURL = publicURL }

  package var isSecure: Bool { publicURL.hasPrefix("https://") }

  /// The token is behind the mark #, which browsers send to nobody.
  package func invitation(_ token: String) -> String { publicURL + "/join#" + token }
  package func reset(_ token: String) -> String { publicURL + "/reset#" + token }
}

/// The dependencies of the handlers about the catalogue and the wallets, one set per worker.
package final class Storefront {
  package let classifiers = Classifiers()
  package let walletInfo = WalletInfo()
  package let pictures: PictureStore
  package let requiresCondition: Bool
  package var undoSeconds = 60
  package var branding = Branding()
  package var hasLeaderboard = false

  /// How the page shows that the shop is this company's.
  package struct Branding: Sendable {
    package var company = "Tuckshop"
    package var coinName = "coins"
    /// A colour, as #rrggbb; nil leaves the page its own.
    package var accent: String?
    package init() {}
  }

  package init(pictures: PictureStore, requiresCondition: Bool) {
    self.pictures = pictures
    self.requiresCondition = requiresCondition
  }
}
