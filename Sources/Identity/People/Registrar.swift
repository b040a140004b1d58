package import FoundationEssentials
package import Postgres

/// Lets people in and out, and changes what is known of them. Whoever comes in is welcomed in the same transaction.
package struct Registrar: Sendable {
  package typealias Welcome = @Sendable (_ user: UUID, _ connection: borrowing Connection) throws -> Void

  let passwords: Passwords
  let welcome: Welcome

  package init(passwords: Passwords = Passwords(), welcome: @escaping Welcome = { _, _ in }) {
    self.passwords = passwords
    self.welcome = welcome
  }

  package struct Newcomer: Sendable {
    package var id = UUID.timeOrdered()
    package var username: String
    package var email: String?
    package var fullName: String?
    package var passwordHash: String?
    package var role = Role.user
    package var isActive = true
    package var telegramID: Int?

    package init(username: Username, email: EmailAddress? = nil, fullName: FullName? = nil) {
      self.username = username.text
      self.email = email?.text
      self.fullName = fullName?.text
    }
  }

  package func hash(_ password: String) -> String { passwords.hash(password) }

  /// Where `orNumbered`, the name is no wish of the newcomer's own: if somebody has it, they get it with a number.
  package func register(
    _ newcomer: Newcomer, orNumbered: Bool, by editor: Editor? = nil, on connection: borrowing Connection
  ) throws -> User {
    guard orNumbered else { return try register(newcomer, by: editor, on: connection) }
    var numbered = newcomer
    // Others may take the name that is free at this moment; then there is another.
    for _ in 0..<10 {
      do {
        return try register(numbered, by: editor, on: connection)
      } catch PeopleRefusal.usernameTaken {
        guard let free = try Self.free(newcomer.username, on: connection) else { break }
        numbered.username = free
      }
    }
    throw PeopleRefusal.usernameTaken
  }

  /// The first of `anna-2`, `anna-3` and so on that nobody has. The longest names lose their end to the number.
  private static func free(_ name: String, on connection: borrowing Connection) throws -> String? {
    var start = name
    while start.utf8.count > Username.mostBytes - 5 { start.unicodeScalars.removeLast() }
    // Numbers come in their order, and each is looked up by itself until one is free: no join, no sort.
    return try connection.row(
      """
      SELECT name FROM (SELECT \(start) || '-' || n AS name FROM generate_series(2, 9999) n) numbered
      WHERE (SELECT count(*) FROM users u WHERE u.username = numbered.name AND u.deleted_at IS NULL) = 0 LIMIT 1
      """
    ) { try $0.value(0) }
  }

  package func register(
    _ newcomer: Newcomer, by editor: Editor? = nil, on connection: borrowing Connection
  ) throws -> User {
    try NameRule.requireTakeable(newcomer.username)
    return try connection.transaction { connection in
      let user = try insert(newcomer, on: connection)
      try welcome(user.id, connection)
      if let editor { try editor.note("user.create", user.id.text, after: user.json, on: connection) }
      return user
    }
  }

  /// Who is named by somebody we trust comes in when first seen. Two first sights at once are one person.
  package func provision(_ newcomer: Newcomer, on connection: borrowing Connection) throws -> User {
    do {
      return try register(newcomer, on: connection)
    } catch PeopleRefusal.usernameTaken {
      guard let user = try User.named(newcomer.username, on: connection) else { throw PeopleRefusal.usernameTaken }
      return user
    }
  }

  private func insert(_ newcomer: Newcomer, on connection: borrowing Connection) throws -> User {
    try translatingTaken {
      try connection.row(
        """
        INSERT INTO users (id, username, email, full_name, password_hash, role, is_active, telegram_id)
        VALUES (\(newcomer.id), \(newcomer.username), \(newcomer.email), \(newcomer.fullName),
                \(newcomer.passwordHash), \(newcomer.role.rawValue), \(newcomer.isActive), \(newcomer.telegramID))
        RETURNING \(raw: User.columns)
        """
      ) { try User(row: $0) }!
    }
  }
}

/// The constraints that say that somebody else has it already.
func translatingTaken<T>(_ body: () throws -> T) throws -> T {
  do {
    return try body()
  } catch let error as PostgresError where error.sqlstate == "23505" {
    switch error.constraint {
    case "users_username", "users_pkey", "users_telegram_id": throw PeopleRefusal.usernameTaken
    case "users_email": throw PeopleRefusal.emailTaken
    default: throw error
    }
  }
}
