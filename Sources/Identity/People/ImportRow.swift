internal import FoundationEssentials
internal import Tokens

/// One person of an import, read from the texts of a row, and every mistake in it as a sentence.
struct ImportRow: Sendable {
  enum Column: String, CaseIterable, Sendable {
    case email
    case fullName = "full_name"
    case username, role
    case passwordHash = "password_hash"

    fileprivate var title: String {
      switch self {
      case .email: "e-mail address"
      case .fullName: "full name"
      case .username, .role: rawValue
      case .passwordHash: "password hash"
      }
    }
  }

  /// As the file or the list counts.
  let number: Int
  /// As it was written.
  let address: String
  private(set) var mistakes: [String] = []
  /// Nil if anything is wrong. Without a username, the email address is the name, and `hasOwnName` is false.
  private(set) var newcomer: Registrar.Newcomer?
  let hasOwnName: Bool
  /// No other row may have one of these: the username behind an n, and the address behind an e, if they are right.
  let keys: [String]

  init(number: Int, _ fields: [Column: String], requiring required: [Column]) {
    func field(_ column: Column) -> String? { fields[column].flatMap { $0.isEmpty ? nil : $0 } }
    var mistakes = required.filter { field($0) == nil }.map { "The \($0.title) is missing." }
    func read<T>(_ column: Column, _ make: (String) throws -> T) -> T? {
      guard let text = field(column) else { return nil }
      do {
        return try make(text)
      } catch {
        mistakes.append(Self.sentence(about: column, text, error))
        return nil
      }
    }
    let email = read(.email) { try EmailAddress($0) }
    let fullName = read(.fullName) { try FullName($0) }
    let username = read(.username) { try Username(new: $0) }
    let role = read(.role) { text throws(Unknown) -> Role in
      guard let role = Role(rawValue: text) else { throw Unknown() }
      return role
    }
    let hash = read(.passwordHash) { text throws(Unknown) -> String in
      guard Passwords.isReadable(text) else { throw Unknown() }
      return text
    }
    self.number = number
    self.mistakes = mistakes
    address = (field(.email) ?? "").prefix(mostBytes: 254)
    hasOwnName = username != nil
    keys = [username.map { "n" + $0.text }, email.map { "e" + $0.text.lowercased() }].compactMap { $0 }
    guard mistakes.isEmpty, let name = username ?? email.flatMap({ try? Username($0.text) }) else { return }
    var newcomer = Registrar.Newcomer(username: name, email: email, fullName: fullName)
    newcomer.role = role ?? .user
    newcomer.passwordHash = hash
    self.newcomer = newcomer
  }

  /// A row that has no fields to read.
  init(number: Int, mistake: String) {
    (self.number, address, mistakes, hasOwnName, keys) = (number, "", [mistake], false, [])
  }

  mutating func refuse(_ sentence: String) {
    mistakes.append(sentence)
    newcomer = nil
  }

  /// For a name that comes from the address and is taken.
  mutating func rename(_ username: String) { newcomer?.username = username }

  private struct Unknown: Error {}

  private static func sentence(about column: Column, _ text: String, _ error: any Error) -> String {
    switch (column, error) {
    case (.passwordHash, _): return "The password hash is no Argon2id hash."
    case (.role, _): return "\(quoted(text)) is no role: use user, moderator, service or admin."
    case (_, EmailRefusal.malformed): return "\(quoted(text)) is no e-mail address."
    default:
      // The rules for names begin with the word Input.
      let rule = "\(error)"
      return "\(quoted(text)) is no \(column.title): "
        + (rule.hasPrefix("Input ") ? "it " + rule.dropFirst(6) : rule) + "."
    }
  }

  /// A hostile text may be long.
  static func quoted(_ text: String) -> String {
    let start = text.prefix(mostBytes: 100)
    return "‘" + start + (start.utf8.count < text.utf8.count ? "…" : "") + "’"
  }
}
