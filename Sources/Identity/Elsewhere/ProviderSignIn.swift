package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres

/// A sign-in through a provider that also describes its people: name and address follow the provider at each sign-in, and
/// so does the role of an admin if a group decides it.
package struct ProviderSignIn: Sendable {
  package let identity: ForeignIdentity
  package let isEmailVerified: Bool
  /// Nil if no group decides.
  package let isAdmin: Bool?

  package init(_ identity: ForeignIdentity, isEmailVerified: Bool, isAdmin: Bool?) {
    self.identity = identity
    self.isEmailVerified = isEmailVerified
    self.isAdmin = isAdmin
  }

  /// The user, as they are after the sign-in.
  package func user(
    _ rules: JoiningRules, requestID: String?, on connection: borrowing Connection
  ) throws -> User {
    if try identity.user(on: connection) == nil {
      try rules.requireOpen(toProvidersEmail: isEmailVerified ? identity.email : nil)
    }
    let user = try identity.userOrNewcomer(rules, on: connection)
    guard user.isActive else { throw PeopleRefusal.inactive }
    let editor = Editor.worker(requestID: requestID, reason: "sign-in through \(identity.issuer)")
    do {
      return try refreshed(user, email: newEmail(of: user), by: editor, on: connection)
    } catch PeopleRefusal.emailTaken {
      return try refreshed(user, email: nil, by: editor, on: connection)
    }
  }

  /// Gives the identity to a user who has proved both. An identity that they have already changes nothing.
  package func link(to id: UUID, by editor: Editor, on connection: borrowing Connection) throws {
    let user = try User.find(id, on: connection)
    guard user.isActive else { throw PeopleRefusal.inactive }
    if try identity.user(on: connection)?.id == id { return }
    try Identities.link(identity.issuer, identity.subject, to: id, by: editor, on: connection)
  }

  private func newEmail(of user: User) -> String? {
    let email = identity.email.flatMap { try? EmailAddress($0) }?.text
    return email == user.email ? nil : email
  }

  private func refreshed(
    _ user: User, email: String?, by editor: Editor, on connection: borrowing Connection
  ) throws -> User {
    let fullName = identity.fullName.flatMap { try? FullName($0) }?.text
    let roleIsRight = isAdmin.map { $0 == (user.role == .admin) } ?? true
    guard email != nil || fullName != nil && fullName != user.fullName || !roleIsRight else { return user }
    return try connection.transaction { connection in
      let before = try User.locked(user.id, on: connection)
      let role = try newRole(of: before, on: connection)
      let after = try User.written(
        by: """
          SELECT \(raw: User.columns)
          FROM refresh_person(\(identity.issuer), \(identity.subject), \(user.id), \(email), \(fullName), \(role?.rawValue))
          """, on: connection)
      if role != nil { try Revocations.endTokens(of: user.id, on: connection) }
      if before.record != after.record {
        try editor.note("user.update", user.id.text, before: before.record, after: after.record, on: connection)
      }
      // With the generation of now, which the new session needs.
      return try User.find(user.id, on: connection)
    }
  }

  /// The last admin stays one, whatever the provider says: otherwise nobody could make another.
  private func newRole(of user: User, on connection: borrowing Connection) throws -> Role? {
    switch (isAdmin, user.role == .admin) {
    case (true?, false): return .admin
    case (false?, true): return try User.thereIsAnotherAdmin(than: user.id, on: connection) ? .user : nil
    default: return nil
    }
  }
}

extension JoiningRules {
  /// The provider says who its people are. Where it also has others, the shop names the domains of its own.
  fileprivate func requireOpen(toProvidersEmail email: String?) throws(PeopleRefusal) {
    guard signUp == .open || domains.isEmpty || hasListedDomain(email) else { throw .signUpClosed }
  }
}
