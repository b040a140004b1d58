internal import FoundationEssentials
internal import Postgres
internal import Tokens

/// How people may join by themselves.
package enum SignUp: String, Sendable, CaseIterable { case open, invited, closed }

/// Users who may sign in with a password.
package enum PasswordLogin: String, Sendable, CaseIterable { case on, admins, off }

/// The door of the shop. An identity from elsewhere does not pass through it: its issuer decides.
package struct JoiningRules: Sendable {
  package var signUp = SignUp.open
  /// Email domains, in lower case, whose people need no invitation.
  package var domains: [String] = []
  package var passwordLogin = PasswordLogin.on
  /// For each network but this machine; 0: no limit.
  package var newUsersPerHour = 60

  package init() {}

  /// Whether an unknown name with a password is a new user.
  package var letStrangersIn: Bool { signUp == .open && passwordLogin == .on }

  /// As people see it: without passwords for everybody, nobody registers.
  package var shownSignUp: SignUp { passwordLogin == .on ? signUp : .closed }

  package func requirePasswordLogin() throws(PeopleRefusal) {
    guard passwordLogin != .off else { throw .passwordLoginOff }
  }

  /// Throws if a right password is not enough for this user.
  package func admit(_ user: User) throws(PeopleRefusal) {
    guard passwordLogin == .on || user.role == .admin else { throw .passwordLoginOff }
  }

  /// Throws if the address does not let anybody register without an invitation.
  func requireOpen(for email: String?) throws(PeopleRefusal) {
    guard passwordLogin == .on, signUp != .closed else { throw .signUpClosed }
    guard signUp == .open || hasListedDomain(email) else { throw .signUpClosed }
  }

  func requireInvitations() throws(PeopleRefusal) {
    guard passwordLogin == .on, signUp != .closed else { throw .signUpClosed }
  }

  package func hasListedDomain(_ email: String?) -> Bool {
    guard let domain = email?.lowercased().utf8.split(separator: UInt8(ascii: "@")).last else { return false }
    return domains.contains { $0.utf8.elementsEqual(domain) }
  }

  /// Counts a new user who was not invited. Nobody makes an endless number of them for their welcome coins.
  func count(_ address: String?, on connection: borrowing Connection) throws {
    guard newUsersPerHour > 0, let address else { return }
    let network = Network(address: address)
    guard !network.isThisMachine else { return }
    let secondsForOne = 3600 / Double(newUsersPerHour)
    let counted = try connection.run(
      """
      INSERT INTO login_failures AS f (subject, failures, failed_at, blocked_until)
      VALUES (\("new users " + network.text), 1, clock_timestamp(), clock_timestamp())
      ON CONFLICT (subject) DO UPDATE SET failed_at = clock_timestamp(), failures = 1 + greatest(
        0, f.failures - extract(epoch FROM clock_timestamp() - f.failed_at)::double precision / \(secondsForOne))
      WHERE \(Double(newUsersPerHour)) >= 1 + greatest(
        0, f.failures - extract(epoch FROM clock_timestamp() - f.failed_at)::double precision / \(secondsForOne))
      """)
    guard counted == 1 else {
      throw PeopleRefusal.tooManyNewUsers(retryAfterSeconds: Int(secondsForOne.rounded(.up)), perHour: newUsersPerHour)
    }
  }
}
