package import Identity
package import Tokens

/// What the handlers about people need, put together once for each worker.
package final class FrontDesk {
  package let authenticator: Authenticator
  package let registrar: Registrar
  package let passwords: Passwords
  /// Nil in pools that sign nobody in.
  package var verified: VerifiedPasswords?
  package var line: HashingLine?
  package var lifetimes = Sessions.Lifetimes()
  package var merchPasswords = PasswordRule(leastCharacters: 1, refusesCommon: false)
  package var passwordRule = PasswordRule(leastCharacters: 8, refusesCommon: true)
  /// Whether a bare Telegram id is believed on the login port, from this machine. For load tests alone.
  package var believesTelegramIDs = false
  package var trustedUserHeader: String?

  package init(authenticator: Authenticator, registrar: Registrar, passwords: Passwords) {
    self.authenticator = authenticator
    self.registrar = registrar
    self.passwords = passwords
  }

  private var forgotAt = 0

  /// Once a minute, since all of them have to be looked at.
  func forgetOldPasswords(now: Int) {
    guard now - forgotAt >= 60 else { return }
    forgotAt = now
    verified?.forgetOld()
  }

  var sessions: Sessions { Sessions(tokens: authenticator.tokens, lifetimes: lifetimes) }
}
