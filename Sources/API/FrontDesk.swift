package import Identity

/// What the handlers about people need, put together once for each worker.
package final class FrontDesk {
  package let doorkeeper: Doorkeeper
  package let registrar: Registrar
  package let passwords: Passwords
  package var lifetimes = Sessions.Lifetimes()
  package var merchPasswords = PasswordRule(leastCharacters: 1, refusesCommon: false)
  package var passwordRule = PasswordRule(leastCharacters: 8, refusesCommon: true)
  /// Whether a bare Telegram id is believed on the login port, from this machine. For load tests alone.
  package var believesTelegramIDs = false
  package var trustedUserHeader: String?

  package init(doorkeeper: Doorkeeper, registrar: Registrar, passwords: Passwords) {
    self.doorkeeper = doorkeeper
    self.registrar = registrar
    self.passwords = passwords
  }

  var sessions: Sessions { Sessions(tokens: doorkeeper.tokens, lifetimes: lifetimes) }
}
