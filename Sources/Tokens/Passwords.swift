/// Hashing and verification of passwords.
package struct Passwords: Sendable {
  private let parameters: Argon2.Parameters

  /// Other parameters than the present ones are for tests, to save time.
  package init(parameters: Argon2.Parameters = .present) {
    precondition(parameters.areBearable, "no hash made with \(parameters) would be read back")
    self.parameters = parameters
  }

  package func hash(_ password: String) -> String {
    [UInt8].withWiped(password) { password in
      guard let hash = PasswordHash.make(of: &password, parameters) else { fatalError("no memory for Argon2") }
      return hash.text
    }
  }

  /// `stored` is nil for a user who does not exist. That takes as long as a wrong password, and so does a stored text
  /// that cannot be read: the time does not reveal who has an account.
  package func verify(_ password: String, against stored: String?) -> PasswordVerdict {
    let read = stored.flatMap(PasswordHash.init)
    let hash = read ?? .decoy(parameters)
    let matches = [UInt8].withWiped(password) { password in
      guard let matches = hash.matches(&password) else { fatalError("no memory for Argon2") }
      return matches
    }
    if stored != nil && read == nil { return .unreadable }
    guard matches, read != nil else { return .wrong }
    let isPresent =
      hash.parameters == parameters && hash.salt.count == PasswordHash.saltByteCount
      && hash.tag.count == PasswordHash.tagByteCount
    return isPresent ? .right : .rightButOutdated
  }

  /// Whether an imported text is a hash that can be verified here.
  package static func isReadable(_ stored: String) -> Bool { PasswordHash(stored) != nil }
}

package enum PasswordVerdict: Sendable {
  case right
  /// The caller has the password now and can store a new hash of it.
  case rightButOutdated
  case wrong
  /// The stored text is no Argon2id hash, or one that is too expensive. The client gets the same answer as for `wrong`.
  case unreadable
}
