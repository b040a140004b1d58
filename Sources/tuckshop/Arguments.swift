internal import FoundationEssentials
internal import Glibc
internal import Tokens

/// The words after a command. A command takes those that it knows; any other is an error.
struct Arguments {
  private var words: [String]

  init(_ words: [String]) { self.words = words }

  mutating func takeFlag(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  mutating func takeOption(_ name: String) throws -> String? {
    guard let index = words.firstIndex(of: name) else { return nil }
    guard index + 1 < words.count else { throw UsageError("\(name) wants a value") }
    defer { words.removeSubrange(index...(index + 1)) }
    return words[index + 1]
  }

  mutating func takeWord() -> String? { words.isEmpty || words[0].hasPrefix("-") ? nil : words.removeFirst() }

  mutating func takeRest() throws -> [String] {
    if let odd = words.first(where: { $0.hasPrefix("-") }) { throw UsageError("\(odd) is not understood") }
    defer { words = [] }
    return words
  }

  func finish() throws {
    guard words.isEmpty else { throw UsageError("\(words[0]) is not understood") }
  }
}

struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension Arguments {
  /// The content of the file that --password-file names, if it is given. Everybody on the machine could see a password on
  /// the command line itself.
  mutating func takePassword() throws -> String? {
    guard let path = try takeOption("--password-file") else { return nil }
    let bytes = path == "-" ? standardInput() : FileManager.default.contents(atPath: path).map(Array.init)
    let password = try secret(in: bytes, from: path)
    try PasswordRule(leastCharacters: 8, refusesCommon: true).check(password)
    return password
  }
}

/// Reads the descriptor and does not open /dev/stdin: behind sudo, a pipe belongs to another user.
private func standardInput() -> [UInt8]? {
  var text: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = read(0, &part, part.count)
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return count == 0 ? text : nil }
    text += part[..<count]
  }
}
