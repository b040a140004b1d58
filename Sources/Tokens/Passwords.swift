/// How passwords are kept and checked.
package struct Passwords: Sendable {
  private let parameters: Argon2.Parameters

  /// Other parameters than the present ones are for tests, which have no time to lose.
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

  /// `stored` is nil for a user who does not exist. That takes as long as a wrong password, so that nobody learns
  /// from the time who has an account; so does a stored text that cannot be read.
  package func verify(_ password: String, against stored: String?) -> PasswordVerdict {
    let read = stored.flatMap(PasswordHash.init)
    let hash = read ?? .decoy(parameters)
    let matches = [UInt8].withWiped(password) { password in
      guard let matches = hash.matches(&password) else { fatalError("no memory for Argon2") }
      return matches
    }
    if stored != nil && read == nil { return .unreadable }
    guard matches, read != nil else { return .wrong }
    return isPresent(hash) ? .right : .rightButOutdated
  }

  /// Whether a text from elsewhere is a hash that could be verified here.
  package static func isReadable(_ stored: String) -> Bool { PasswordHash(stored) != nil }

  /// Whether a stored hash was made otherwise than it would be made now.
  package func needsRehash(_ stored: String) -> Bool { PasswordHash(stored).map { !isPresent($0) } ?? true }

  private func isPresent(_ hash: PasswordHash) -> Bool {
    hash.parameters == parameters && hash.salt.count == PasswordHash.saltByteCount
      && hash.tag.count == PasswordHash.tagByteCount
  }
}

package enum PasswordVerdict: Sendable {
  case right
  /// The caller has the password in hand now and can store a new hash of it.
  case rightButOutdated
  case wrong
  /// What is stored is no Argon2id hash, or one too dear to compute. The client hears the same as for `wrong`.
  case unreadable
}
