internal import FoundationEssentials
internal import Glibc
internal import Identity
internal import Tokens

extension Arguments {
  /// What stands in the file behind --password-file, if that is given. A password on the command line itself could be
  /// seen by everybody on the machine.
  mutating func takePassword() throws -> String? {
    guard let path = try takeOption("--password-file") else { return nil }
    guard let bytes = path == "-" ? standardInput() : FileManager.default.contents(atPath: path).map(Array.init),
      let text = String(validating: bytes, as: UTF8.self)
    else { throw SettingError("\(path) cannot be read as text") }
    let password = text.withoutLineEnd
    try PasswordRule(leastCharacters: 8, refusesCommon: true).check(password)
    return password
  }
}

/// Read as it is and not opened as /dev/stdin: a pipe belongs to whoever made it, and behind sudo that is somebody else.
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
