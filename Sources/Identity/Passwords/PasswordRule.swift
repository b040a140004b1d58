/// What a new password has to be. Each group of routes has a rule of its own.
package struct PasswordRule: Sendable {
  package let leastCharacters: Int
  package let mostBytes: Int
  package let refusesCommon: Bool

  package init(leastCharacters: Int, mostBytes: Int = 256, refusesCommon: Bool) {
    self.leastCharacters = leastCharacters
    self.mostBytes = mostBytes
    self.refusesCommon = refusesCommon
  }

  package func check(_ password: String) throws(PasswordRefusal) {
    if password.utf8.count > mostBytes { throw .tooLong }
    if password.unicodeScalars.count < leastCharacters { throw .tooShort }
    if refusesCommon && Passwords.isCommon(password) { throw .tooCommon }
  }
}

package enum PasswordRefusal: Error, Sendable, CustomStringConvertible {
  case tooShort, tooLong, tooCommon

  package var description: String {
    switch self {
    case .tooShort: "the password is too short"
    case .tooLong: "the password is too long"
    case .tooCommon: "the password is one of the commonest"
    }
  }
}
