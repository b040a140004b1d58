package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres

/// Changes to a user. A member that is nil stays as it is.
package struct UserChanges: Sendable {
  package var username: Username?
  package var email: EmailAddress?
  package var fullName: FullName?
  package var role: Role?
  package var isActive: Bool?
  package var passwordHash: String?
  package init() {}

  /// Whether tokens issued before would say something wrong.
  private var endsTokens: Bool {
    username != nil || role != nil || isActive == false || passwordHash != nil
  }

  @discardableResult
  package func apply(to id: UUID, by editor: Editor, on connection: borrowing Connection) throws -> User {
    try username?.requireTakeable()
    return try connection.transaction { connection in
      let before = try User.locked(id, on: connection)
      if before.isReigning && (role.map { $0 != .admin } ?? false || isActive == false) {
        try User.requireAnotherAdmin(than: id, on: connection)
      }
      let after = try User.written(
        by: """
          SELECT \(raw: User.columns)
          FROM change_person(\(editor.id), \(id), \(username?.text), \(email?.text), \(fullName?.text),
                             \(role?.rawValue), \(isActive), \(passwordHash))
          """, on: connection)
      if endsTokens { try Revocations.endTokens(of: id, on: connection) }
      if passwordHash != nil { try KnownNetworks.forget(of: id, on: connection) }
      try editor.note("user.update", id.text, before: before.record, after: noted(after), on: connection)
      return after
    }
  }

  /// The audit entry says that the password changed, never what it is.
  private func noted(_ after: User) -> JSON {
    guard passwordHash != nil, case .object(let members) = after.record else { return after.record }
    return .object(members + [JSON.Member(name: "password", value: "changed")])
  }
}

extension User {
  /// Users change their own full name, and tokens stay valid.
  package static func rename(
    _ id: UUID, to fullName: FullName, by editor: Editor, on connection: borrowing Connection
  ) throws -> User {
    try connection.transaction { connection in
      let before = try locked(id, on: connection)
      let after = try written(
        by: "SELECT \(raw: columns) FROM rename_oneself(\(id), \(fullName.text)) WHERE id IS NOT NULL", on: connection)
      try editor.note("user.update", id.text, before: before.record, after: after.record, on: connection)
      return after
    }
  }

  /// Keeps the row, since the ledger's history names it, and frees the names for others.
  package static func delete(_ id: UUID, by editor: Editor, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      let before = try locked(id, on: connection)
      if before.isReigning { try requireAnotherAdmin(than: id, on: connection) }
      try connection.run("SELECT FROM remove_person(\(editor.id), \(id))")
      try Revocations.endTokens(of: id, on: connection)
      try SecondFactor.forget(of: id, on: connection)
      try editor.note("user.delete", id.text, before: before.record, on: connection)
    }
  }

  package static func thereIsAnAdmin(on connection: borrowing Connection) throws -> Bool {
    try connection.value(
      "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL)")
  }

  fileprivate var isReigning: Bool { role == .admin && isActive }

  static func locked(_ id: UUID, on connection: borrowing Connection) throws -> User {
    let found = try connection.row(
      "SELECT \(raw: columns) FROM users WHERE id = \(id) AND deleted_at IS NULL FOR UPDATE"
    ) { try User(row: $0) }
    guard let found else { throw PeopleRefusal.unknownUser }
    return found
  }

  /// Two admins who dismiss each other at the same moment must not both succeed, so admins change one at a time.
  fileprivate static func lockAdmins(on connection: borrowing Connection) throws {
    try connection.run("SELECT pg_advisory_xact_lock(hashtext('tuckshop.admins'))")
  }

  static func thereIsAnotherAdmin(than id: UUID, on connection: borrowing Connection) throws -> Bool {
    try lockAdmins(on: connection)
    return try connection.value(
      "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL AND id <> \(id))")
  }

  fileprivate static func requireAnotherAdmin(than id: UUID, on connection: borrowing Connection) throws {
    guard try thereIsAnotherAdmin(than: id, on: connection) else { throw PeopleRefusal.lastAdmin }
  }
}

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
      try User.lockAdmins(on: connection)
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
