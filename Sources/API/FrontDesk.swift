package import Identity
package import Tokens

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
