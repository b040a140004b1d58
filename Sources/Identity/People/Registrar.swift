package import Audit
package import FoundationEssentials
package import Postgres
package import Tokens

/// Creates users. The same statement gives them their welcome coins; the database knows how many.
package struct Registrar: Sendable {
  let passwords: Passwords

  package init(passwords: Passwords = Passwords()) { self.passwords = passwords }

  package struct Newcomer: Sendable {
    package var id = UUID.timeOrdered()
    package var username: String
    package var email: String?
    package var fullName: String?
    package var passwordHash: String?
    package var role = Role.user
    package var isActive = true
    /// The address from which they registered.
    package var address: String?

    package init(username: Username, email: EmailAddress? = nil, fullName: FullName? = nil) {
      self.username = username.text
      self.email = email?.text
      self.fullName = fullName?.text
    }
  }

  package func hash(_ password: String) -> String { passwords.hash(password) }

  /// With `orNumbered`, a name that is taken gets a number: the new user did not choose it.
  package func register(
    _ newcomer: Newcomer, orNumbered: Bool, by editor: Editor? = nil, on connection: borrowing Connection
  ) throws -> User {
    guard orNumbered else { return try register(newcomer, by: editor, on: connection) }
    return try Self.numbering(newcomer, on: connection) { try register($0, by: editor, on: connection) }
  }

  /// Repeats with the next free name while the name is taken.
  static func numbering(
    _ newcomer: Newcomer, on connection: borrowing Connection, _ register: (Newcomer) throws -> User
  ) throws -> User {
    var numbered = newcomer
    // Another request may take the free name first; then there is a next one.
    for _ in 0..<10 {
      do {
        return try register(numbered)
      } catch PeopleRefusal.usernameTaken {
        guard let free = try free(newcomer.username, on: connection).first else { break }
        numbered.username = free
      }
    }
    throw PeopleRefusal.usernameTaken
  }

  /// Registers an email address, whose name gets a number if it is taken. An invitation, or the domain of the address, may
  /// let it in where strangers are not.
  package func join(
    _ newcomer: Newcomer, password: String, invitation: String?, _ rules: JoiningRules, _ hashing: Hashing,
    on connection: borrowing Connection
  ) throws -> User {
    guard let invitation else {
      try rules.requireOpen(for: newcomer.email)
      return try signUp(newcomer, password: password, orNumbered: true, rules, hashing, on: connection)
    }
    try rules.requireInvitations()
    guard let token = OpaqueToken(invitation), try Invitations.admits(token, newcomer.email, on: connection) else {
      throw PeopleRefusal.invitationRefused
    }
    return try hashed(newcomer, password, hashing) { newcomer in
      try Self.numbering(newcomer, on: connection) { try insert($0, invitedBy: token, on: connection) }
    }
  }

  /// Registers a stranger with a password.
  func signUp(
    _ newcomer: Newcomer, password: String, orNumbered: Bool, _ rules: JoiningRules, _ hashing: Hashing,
    on connection: borrowing Connection
  ) throws -> User {
    try hashed(newcomer, password, hashing) { newcomer in
      try rules.count(newcomer.address, on: connection)
      return try register(newcomer, orNumbered: orNumbered, on: connection)
    }
  }

  /// The hash waits for its turn; without a place in the line there is no user.
  private func hashed(
    _ newcomer: Newcomer, _ password: String, _ hashing: Hashing, _ register: (Newcomer) throws -> User
  ) throws -> User {
    let place = hashing.place()
    defer { withExtendedLifetime(place) {} }
    guard let hash = place?.atTurn({ self.hash(password) }) else { throw PeopleRefusal.noTimeToHash }
    var newcomer = newcomer
    newcomer.passwordHash = hash
    let user = try register(newcomer)
    hashing.verified?.note(password, of: user, hash: hash)
    return user
  }

  /// The first free names among `anna-2`, `anna-3` and so on. Very long names are cut to make room for the number.
  static func free(_ name: String, on connection: borrowing Connection) throws -> [String] {
    var start = name
    while start.utf8.count > Username.mostBytes - 5 { start.unicodeScalars.removeLast() }
    // Each number is looked up by itself until some are free: no join, no sort.
    return try connection.rows(
      """
      SELECT name FROM (SELECT \(start) || '-' || n AS name FROM generate_series(2, 9999) n) numbered
      WHERE (SELECT count(*) FROM users u WHERE u.username = numbered.name AND u.deleted_at IS NULL) = 0 LIMIT 3
      """
    ) { try $0.value(0) }
  }

  package func register(
    _ newcomer: Newcomer, by editor: Editor? = nil, on connection: borrowing Connection
  ) throws -> User {
    try NameRule.requireTakeable(newcomer.username)
    guard let editor else { return try insert(newcomer, by: nil, on: connection) }
    return try connection.transaction { connection in
      let user = try insert(newcomer, by: editor.id, on: connection)
      try editor.note("user.create", user.id.text, after: user.record, on: connection)
      return user
    }
  }

  private func insert(
    _ newcomer: Newcomer, invitedBy token: OpaqueToken, on connection: borrowing Connection
  ) throws -> User {
    try NameRule.requireTakeable(newcomer.username)
    return try connection.transaction { connection in
      let user = try User.perhapsWritten(
        by: """
          SELECT \(raw: User.columns)
          FROM register_invited(\(token.digest), \(newcomer.id), \(newcomer.username), \(newcomer.email),
                                \(newcomer.fullName), \(newcomer.passwordHash), \(UUID.timeOrdered()))
          """, on: connection)
      guard let user else { throw PeopleRefusal.invitationRefused }
      if let address = newcomer.address {
        try KnownNetworks.note(Network(address: address), of: user.id, on: connection)
      }
      let editor = Editor(user.id, reason: "invitation")
      try editor.note("user.create", user.id.text, after: user.record, on: connection)
      return user
    }
  }

  private func insert(_ newcomer: Newcomer, by actor: UUID?, on connection: borrowing Connection) throws -> User {
    let network = newcomer.address.map { Network(address: $0).text }
    return try User.written(
      by: """
        WITH newcomer AS (
          SELECT * FROM register_person(\(actor), \(newcomer.id), \(newcomer.username), \(newcomer.email),
            \(newcomer.fullName), \(newcomer.passwordHash), \(newcomer.role.rawValue), \(newcomer.isActive),
            \(UUID.timeOrdered()))
        ), known AS (
          INSERT INTO known_networks (user_id, network, seen_at)
          SELECT id, \(network)::text, created_at FROM newcomer WHERE \(network)::text IS NOT NULL
        )
        SELECT \(raw: User.columns) FROM newcomer
        """, on: connection)
  }
}

extension User {
  /// The row that a change leaves. A name, an email or an identity that is taken is a refusal.
  static func written(by change: SQL, on connection: borrowing Connection) throws -> User {
    guard let user = try perhapsWritten(by: change, on: connection) else { throw PeopleRefusal.unknownUser }
    return user
  }

  /// Nil if the change does not take place.
  static func perhapsWritten(by change: SQL, on connection: borrowing Connection) throws -> User? {
    do {
      return try connection.row(change) { try User(row: $0) }
    } catch let error as PostgresError where error.sqlstate == "23505" {
      switch error.constraint {
      case "users_username", "users_pkey": throw PeopleRefusal.usernameTaken
      case "identities_pkey": throw PeopleRefusal.identityTaken
      case "users_email": throw PeopleRefusal.emailTaken
      default: throw error
      }
    }
  }
}

/// Settings that the database holds for all workers. Only the owner of the tables may write them: a worker that could
/// choose how many coins a new user gets could mint coins.
package struct HouseRules: Sendable, Equatable {
  package let welcomeCoins: Int
  /// Whether any Telegram user may do what a service may. Only for load tests.
  package let believesTelegramIDs: Bool

  package init(welcomeCoins: Int, believesTelegramIDs: Bool) {
    self.welcomeCoins = welcomeCoins
    self.believesTelegramIDs = believesTelegramIDs
  }

  /// True if this changed anything.
  package func settle(on connection: borrowing Connection) throws -> Bool {
    try connection.run(
      """
      UPDATE settings SET welcome_coins = \(welcomeCoins), believes_telegram_ids = \(believesTelegramIDs)
      WHERE (welcome_coins, believes_telegram_ids) <> (\(welcomeCoins), \(believesTelegramIDs))
      """) > 0
  }
}
