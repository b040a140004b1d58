package import Audit
internal import FoundationEssentials
internal import Notation
package import Postgres
package import Tokens

/// A user's change of their own password, which ends all their other sessions.
package struct PasswordChange: Sendable {
  private let current: String
  private let new: String
  private let address: String

  package init(from current: String, to new: String, address: String) {
    self.current = current
    self.new = new
    self.address = address
  }

  /// A wrong present password counts as a wrong one at a sign-in does.
  package func make(
    for caller: Caller, _ passwords: Passwords, _ hashing: Hashing, by editor: Editor,
    on connection: borrowing Connection
  ) throws {
    let stored = try connection.row(
      "SELECT password_hash FROM users WHERE id = \(caller.id) AND is_active AND deleted_at IS NULL"
    ) { try $0.value("password_hash", as: String?.self) }
    guard let stored else { throw CallerRefusal.revoked }
    let failures = try LoginFailures.read(
      account: "username " + caller.id.text, user: caller.id, address: address, on: connection)
    guard failures.waitSeconds <= 0 else {
      throw PeopleRefusal.tooManyFailures(retryAfterSeconds: failures.waitSeconds)
    }
    let place = hashing.place()
    defer { withExtendedLifetime(place) {} }
    let hash = place?.atTurn { () -> String? in
      guard [.right, .rightButOutdated].contains(passwords.verify(current, against: stored)) else { return nil }
      return passwords.hash(new)
    }
    guard let hash else { throw PeopleRefusal.noTimeToHash }
    guard let hash, let stored else {
      try failures.note(on: connection)
      throw PeopleRefusal.wrongPassword
    }
    try connection.transaction { connection in
      let changed = try connection.run(
        """
        UPDATE users SET password_hash = \(hash)
        WHERE id = \(caller.id) AND is_active AND deleted_at IS NULL AND password_hash = \(stored)
        """)
      guard changed == 1 else { throw PeopleRefusal.wrongPassword }
      try OwnSessions.endOthers(than: caller, on: connection)
      try KnownNetworks.forget(of: caller.id, on: connection)
      try editor.note("user.password", caller.id.text, after: ["password": "changed"], on: connection)
    }
  }
}
