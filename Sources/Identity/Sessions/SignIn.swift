package import Postgres
package import Tokens

/// One attempt to sign in with a password, and with a code if the user has a second factor.
package struct SignIn: Sendable {
  package enum Name: Sendable {
    case username(String)
    case email(String)
  }

  package let name: Name
  package let password: String
  package let address: String
  package let offer: SecondFactor.Offer
  /// Of admins. Others may have a second factor, for example from the time when they were admins.
  package let demand: SecondFactor.Demand
  /// Whether the answer has room for a secret and for recovery codes.
  package let canEnrol: Bool

  package init(
    _ name: Name, password: String, address: String, offer: SecondFactor.Offer = .init(),
    demand: SecondFactor.Demand = .optional, canEnrol: Bool = true
  ) {
    // In the spelling in which names are stored. A name that is too long becomes empty: it is nobody's.
    self.name =
      switch name {
      case .username(let text): .username(text.normalized(mostBytes: Username.mostBytes) ?? "")
      case .email(let text): .email(text.normalized(mostBytes: Username.mostBytes) ?? "")
      }
    self.password = password
    self.address = address
    (self.offer, self.demand, self.canEnrol) = (offer, demand, canEnrol)
  }

  /// The state before the password is checked.
  package struct Attempt: Sendable {
    package let user: User?
    fileprivate let storedHash: String?
    fileprivate let hasSecondFactor: Bool
    fileprivate let failures: LoginFailures
  }

  /// A user who has signed in.
  package struct Entry: Sendable {
    package let user: User
    /// If this very sign-in set up the second factor.
    package var recoveryCodes: [String]?
  }

  package func begin(on connection: borrowing Connection) throws -> Attempt {
    let (filter, kind, typed): (SQL, String, String) =
      switch name {
      case .username(let text): ("username = \(text)", "username", text)
      case .email(let text): ("lower(email) = lower(\(text))", "email", text.lowercased())
      }
    let found = try connection.row(
      """
      SELECT \(raw: User.columns), password_hash,
             EXISTS (SELECT FROM second_factors f WHERE f.user_id = users.id AND f.confirmed_at IS NOT NULL) AS has_factor
      FROM users WHERE \(filter) AND deleted_at IS NULL
      """
    ) {
      (try User(row: $0), try $0.value("password_hash", as: String?.self), try $0.value("has_factor", as: Bool.self))
    }
    // Guesses by name and by email are counted apart: counted together, they would reveal that both belong to one user.
    // Only the digest of an unknown name is kept: it may be as long as a body, and is often a password.
    let account = kind + " " + (found?.0.id.text ?? Base64.url.encode(Digest.sha256(Array(typed.utf8))))
    let failures = try LoginFailures.read(
      account: account, user: found?.0.id, address: address, on: connection)
    return Attempt(
      user: found?.0, storedHash: found?.1, hasSecondFactor: found?.2 ?? false, failures: failures)
  }

  /// An unknown name and a wrong password take the same steps: one hash, one note, one refusal. A password that was
  /// verified lately needs no hash, and is let in even if there is no place for one.
  package func finish(
    _ attempt: Attempt, _ passwords: Passwords, _ hashing: Hashing = Hashing(), on connection: borrowing Connection
  ) throws -> Entry {
    guard attempt.failures.waitSeconds <= 0 else {
      throw PeopleRefusal.tooManyFailures(retryAfterSeconds: attempt.failures.waitSeconds)
    }
    let place = hashing.place()
    defer { withExtendedLifetime(place) {} }
    if let verified = hashing.verified, let user = coveredUser(of: attempt, verified, hasPlace: place != nil) {
      return try letIn(user, attempt, on: connection)
    }
    guard let verdict = place?.atTurn({ passwords.verify(password, against: attempt.storedHash) }) else {
      throw PeopleRefusal.noTimeToHash
    }
    guard let user = attempt.user, let hash = attempt.storedHash, [.right, .rightButOutdated].contains(verdict) else {
      try attempt.failures.note(on: connection)
      throw PeopleRefusal.wrongCredentials
    }
    if verdict == .right {
      hashing.verified?.note(password, of: user, hash: hash)
      hashing.verified?.forgetGuesses(attempt.failures.pair)
    } else {
      // Only over the hash that was verified: a password changed in between must not come back.
      try connection.run(
        """
        UPDATE users SET password_hash = \(passwords.hash(password))
        WHERE id = \(user.id) AND is_active AND password_hash = \(hash)
        """)
    }
    return try letIn(user, attempt, on: connection)
  }

  /// Registers the name, which nobody had when the attempt began.
  package func signUp(
    _ username: Username, with registrar: Registrar, _ rules: JoiningRules, _ hashing: Hashing,
    on connection: borrowing Connection
  ) throws -> User {
    var newcomer = Registrar.Newcomer(username: username)
    newcomer.address = address
    do {
      return try registrar.signUp(newcomer, password: password, orNumbered: false, rules, hashing, on: connection)
    } catch PeopleRefusal.usernameTaken {
      // A concurrent request took the name. It most likely came from the same person, with the same password.
      return try finish(begin(on: connection), registrar.passwords, hashing, on: connection).user
    }
  }

  /// Without a place, nothing is compared for unknown networks, and little for known ones: a guess that is neither hashed
  /// nor noted must not be cheaper than one that is.
  private func coveredUser(of attempt: Attempt, _ verified: VerifiedPasswords, hasPlace: Bool) -> User? {
    guard let user = attempt.user, let hash = attempt.storedHash else { return nil }
    guard hasPlace || attempt.failures.isKnownHere && verified.mayGuess(attempt.failures.pair) else { return nil }
    if verified.covers(password, of: user, hash: hash) { return user }
    if !hasPlace { verified.noteGuess(attempt.failures.pair) }
    return nil
  }

  private func letIn(_ user: User, _ attempt: Attempt, on connection: borrowing Connection) throws -> Entry {
    guard user.isActive else { throw PeopleRefusal.inactive }
    let recoveryCodes = try checkSecondFactor(user, attempt, on: connection)
    try attempt.failures.forget(on: connection)
    if !attempt.failures.wasNotedToday {
      try KnownNetworks.note(attempt.failures.network, of: user.id, on: connection)
    }
    return Entry(user: user, recoveryCodes: recoveryCodes)
  }

  /// After the right password only, so that a wrong one reveals nothing. Returns the recovery codes if the code set up the
  /// second factor.
  private func checkSecondFactor(
    _ user: User, _ attempt: Attempt, on connection: borrowing Connection
  ) throws -> [String]? {
    if attempt.hasSecondFactor {
      guard offer.hasCode else { throw PeopleRefusal.secondFactorMissing }
      if try SecondFactor.accepts(offer, of: user.id, on: connection) { return nil }
    } else {
      guard demand == .required && user.role == .admin else { return nil }
      guard canEnrol else { throw PeopleRefusal.enrolmentRequired(nil) }
      guard offer.hasCode else {
        let pending = try SecondFactor.pending(user.id, user.username, on: connection)
        // Another sign-in may have set it up a moment ago.
        throw pending.map(PeopleRefusal.enrolmentRequired) ?? .secondFactorMissing
      }
      if let codes = try SecondFactor.confirm(offer, of: user.id, on: connection) { return codes }
    }
    try attempt.failures.note(on: connection)
    throw PeopleRefusal.secondFactorWrong
  }
}

extension VerifiedPasswords {
  func note(_ password: String, of user: User, hash: String) { note(password, of: account(user, hash)) }

  fileprivate func covers(_ password: String, of user: User, hash: String) -> Bool {
    covers(password, of: account(user, hash))
  }

  /// All that a verified password is right for: the stored hash, whose salt makes it one user's, and that user's state.
  private func account(_ user: User, _ hash: String) -> String {
    "\(user.generation)\0\(user.role.rawValue)\0\(user.isActive)\0\(hash)"
  }
}
