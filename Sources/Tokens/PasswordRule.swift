/// The rule for new passwords. Each group of routes has its own.
package struct PasswordRule: Sendable {
  package let leastCharacters: Int
  package let refusesCommon: Bool

  package let mostBytes = 256

  /// For a present password: an impossible one is not even compared.
  package static let any = PasswordRule(leastCharacters: 0, refusesCommon: false)

  package init(leastCharacters: Int, refusesCommon: Bool) {
    self.leastCharacters = leastCharacters
    self.refusesCommon = refusesCommon
  }

  package func check(_ password: String) throws(PasswordRefusal) {
    if password.utf8.count > mostBytes { throw .tooLong }
    if password.unicodeScalars.count < leastCharacters { throw .tooShort }
    if refusesCommon && Passwords.isCommon(password) { throw .tooCommon }
  }
}

package enum PasswordRefusal: String, Error, CustomStringConvertible {
  case tooShort = "the password is too short"
  case tooLong = "the password is too long"
  case tooCommon = "the password is one of the commonest"

  package var description: String { rawValue }
}

extension Passwords {
  /// Whether it is one of the passwords that anybody would try first.
  package static func isCommon(_ password: String) -> Bool { common.contains(password.lowercased()) }

  /// The first passwords of every published list of leaked ones, and their usual variants with eight characters or a
  /// digit.
  private static let common: Set<String> = [
    "000000", "00000000", "0123456789", "102030", "1111", "11111", "111111", "1111111", "11111111", "112233",
    "121212", "123", "123123", "123123123", "123321", "1234", "12341234", "12344321", "12345", "123456",
    "1234567", "12345678", "123456789", "1234567890", "123456a", "123654", "1234qwer", "123abc", "123qwe",
    "131313", "159753", "1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "222222", "555555", "654321", "666666",
    "7777777", "777777", "87654321", "88888888", "987654321", "99999999", "a123456", "aa123456", "aa12345678",
    "abc123", "abcd1234", "abcdefgh", "access", "admin", "admin123", "administrator", "adobe123", "asdasd",
    "asdf1234", "asdfgh", "asdfghjkl", "azerty", "baseball", "batman", "changeme", "charlie", "computer",
    "daniel", "donald", "dragon", "flower", "football", "freedom", "g_czechout", "google", "guest", "hello123",
    "iloveyou", "jennifer", "jordan23", "letmein", "letmein1", "liverpool", "login", "loveme", "master",
    "michael", "monkey", "mustang", "ninja", "p@ssw0rd", "p@ssword", "pa55word", "parola", "pass", "pass1234",
    "passw0rd", "password", "password1", "password1!", "password12", "password123", "password!", "pokemon",
    "princess", "q1w2e3r4", "qazwsx", "qwe123", "qwer1234", "qwerty", "qwerty1", "qwerty12", "qwerty123",
    "qwertyui", "qwertyuiop", "root", "secret", "shadow", "solo", "starwars", "sunshine", "superman", "test",
    "test1234", "trustno1", "user", "welcome", "welcome1", "welcome123", "whatever", "zaq12wsx", "zxcvbn",
    "zxcvbnm", "йцукен", "пароль", "привет",
  ]
}
