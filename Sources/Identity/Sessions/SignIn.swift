internal import FoundationEssentials
package import Postgres

/// Somebody who says who they are and proves it with a password.
package struct SignIn: Sendable {
  package enum Name: Sendable {
    case username(String)
    case email(String)
  }

  package let name: Name
  package let password: String
  package let address: String

  package init(_ name: Name, password: String, address: String) {
    // In the spelling in which they are stored. What is longer than any of them is nobody's, as is what is empty.
    self.name =
      switch name {
      case .username(let text): .username(text.normalized(mostBytes: Username.mostBytes) ?? "")
      case .email(let text): .email(text.normalized(mostBytes: Username.mostBytes) ?? "")
      }
    self.password = password
    self.address = address
  }

  /// What can be known before the password is looked at.
  package struct Attempt: Sendable {
    package let user: User?
    fileprivate let storedHash: String?
    fileprivate let failures: LoginFailures
  }

  package func begin(on connection: borrowing Connection) throws -> Attempt {
    let (filter, kind, typed): (SQL, String, String) =
      switch name {
      case .username(let text): ("username = \(text)", "username", text)
      case .email(let text): ("lower(email) = lower(\(text))", "email", text.lowercased())
      }
    let found = try connection.row(
      "SELECT \(raw: User.columns), password_hash FROM users WHERE \(filter) AND deleted_at IS NULL"
    ) { (user: try User(row: $0), hash: try $0.value(9, as: String?.self)) }
    // Guesses by name and by email are counted apart. Together, they would tell that both are somebody's. Of a name
    // that nobody has only the digest is kept: it may be as long as a body, and is often a password.
    let account = kind + " " + (found?.user.id.text ?? Base64.url.encode(Digest.sha256(Array(typed.utf8))))
    let failures = try LoginFailures.read(account: account, address: address, on: connection)
    return Attempt(user: found?.user, storedHash: found?.hash, failures: failures)
  }

  /// Unknown and wrong take the same steps: one hash, one note, one refusal.
  package func finish(
    _ attempt: Attempt, _ passwords: Passwords, on connection: borrowing Connection
  ) throws -> User {
    guard attempt.failures.waitSeconds <= 0 else {
      throw PeopleRefusal.tooManyFailures(retryAfterSeconds: attempt.failures.waitSeconds)
    }
    let verdict = passwords.verify(password, against: attempt.storedHash)
    switch verdict {
    case .right, .rightButOutdated:
      let user = attempt.user!
      try attempt.failures.forget(on: connection)
      guard user.isActive else { throw PeopleRefusal.inactive }
      if verdict == .rightButOutdated, let old = attempt.storedHash {
        // Only over the hash that was verified: a password changed in between must not come back.
        try connection.run(
          """
          UPDATE users SET password_hash = \(passwords.hash(password))
          WHERE id = \(user.id) AND password_hash = \(old)
          """)
      }
      return user
    case .wrong, .unreadable:
      try attempt.failures.note(on: connection)
      throw PeopleRefusal.wrongCredentials
    }
  }
}
