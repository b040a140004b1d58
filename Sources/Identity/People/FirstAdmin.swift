internal import Audit
package import Postgres

/// The user who becomes admin while the shop has none.
package struct FirstAdmin: Sendable {
  private let username: Username
  private let password: String

  package init(username: Username, password: String) {
    self.username = username
    self.password = password
  }

  /// True if this call appointed them. If there is an admin already, nothing happens.
  package func appoint(by registrar: Registrar, on connection: borrowing Connection) throws -> Bool {
    guard try !User.thereIsAnAdmin(on: connection) else { return false }
    let hash = registrar.hash(password)
    return try connection.transaction { connection in
      try connection.run("SELECT pg_advisory_xact_lock(hashtext('tuckshop.admins'))")
      guard try !User.thereIsAnAdmin(on: connection) else { return false }
      if let present = try User.named(username.text, on: connection) {
        var changes = UserChanges()
        (changes.role, changes.isActive, changes.passwordHash) = (.admin, true, hash)
        try changes.apply(to: present.id, by: .commandLine, on: connection)
      } else {
        var newcomer = Registrar.Newcomer(username: username)
        (newcomer.role, newcomer.passwordHash) = (.admin, hash)
        _ = try registrar.register(newcomer, by: .commandLine, on: connection)
      }
      return true
    }
  }
}
