internal import FoundationEssentials
package import Postgres
internal import Tokens

/// A person as somebody else knows them: by the issuer and its key for the person. The other values only describe a user
/// who comes for the first time; a name never finds an existing one.
package struct ForeignIdentity: Sendable, Equatable {
  package let issuer: String
  package let subject: String
  /// The names that the user may get here, the best one first.
  package var names: [String]
  package var fullName: String?
  package var email: String?

  /// Issuers that are not named by a URL. No trusted issuer may have one of these names.
  package static let telegram = "telegram"
  package static let trustedHeader = "trusted-header"
  package static let mostBytes = 255

  package init(issuer: String, subject: String, names: [String], fullName: String? = nil, email: String? = nil) {
    self.issuer = issuer
    self.subject = subject
    self.names = names
    self.fullName = fullName
    self.email = email
  }

  package init(_ somebody: TelegramUser) {
    self.init(
      issuer: Self.telegram, subject: String(somebody.id),
      names: [somebody.username, "telegram:\(somebody.id)"].compactMap { $0 }, fullName: somebody.firstName)
  }

  /// Nil if it could not be stored.
  package init?(inTrustedHeader name: String) {
    guard (1...Self.mostBytes).contains(name.utf8.count) else { return nil }
    self.init(issuer: Self.trustedHeader, subject: name, names: [name])
  }
}

extension ForeignIdentity {
  /// Its user, or nil if nobody has it yet. Throws if the user has been deleted: nobody comes back as a new user.
  package func user(on connection: borrowing Connection) throws -> User? {
    let found = try connection.row(
      """
      SELECT \(raw: User.columns), deleted_at IS NOT NULL AS is_deleted
      FROM identities JOIN users ON id = user_id WHERE issuer = \(issuer) AND subject = \(subject)
      """
    ) { (user: try User(row: $0), isDeleted: try $0.value("is_deleted", as: Bool.self)) }
    guard found?.isDeleted != true else { throw CallerRefusal.revoked }
    return found?.user
  }

  /// Its user; a new one if nobody has it yet.
  package func userOrNewcomer(_ rules: JoiningRules, on connection: borrowing Connection) throws -> User {
    if let user = try user(on: connection) { return user }
    // An issuer says who its people are, but anybody may be on Telegram.
    guard issuer != Self.telegram || rules.signUp == .open else { throw PeopleRefusal.signUpClosed }
    guard let username = names.lazy.compactMap({ try? Username(new: $0) }).first else {
      throw CallerRefusal.badToken(.badClaim("the user's name"))
    }
    var newcomer = Registrar.Newcomer(username: username)
    newcomer.fullName = fullName.flatMap { try? FullName($0) }?.text
    newcomer.email = email.flatMap { try? EmailAddress($0) }?.text
    // An issuer that names people by UUID means ids that other services use too.
    if let id = UUID(spelled: subject), try !User.hasEverHad(id, on: connection) { newcomer.id = id }
    do {
      return try admit(newcomer, on: connection)
    } catch PeopleRefusal.emailTaken {
      newcomer.email = nil
      return try admit(newcomer, on: connection)
    }
  }

  /// Every pool may create them: they have no password, and no role but `user`.
  private func admit(_ newcomer: Registrar.Newcomer, on connection: borrowing Connection) throws -> User {
    var id = newcomer.id
    return try Registrar.numbering(newcomer, on: connection) { newcomer in
      do {
        return try User.written(
          by: """
            SELECT \(raw: User.columns)
            FROM provision_person(\(issuer), \(subject), \(id), \(newcomer.username), \(newcomer.email),
                                  \(newcomer.fullName), \(UUID.timeOrdered()))
            """, on: connection)
      } catch let refusal as PeopleRefusal where refusal != .emailTaken {
        // Concurrent first requests create one user.
        if let user = try user(on: connection) { return user }
        if try User.hasEverHad(id, on: connection) { id = UUID.timeOrdered() }
        throw refusal
      }
    }
  }
}
