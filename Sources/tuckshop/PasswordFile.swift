internal import FoundationEssentials
internal import Identity

extension Arguments {
  /// What stands in the file behind --password-file, if that is given. A password on the command line itself could be
  /// seen by everybody on the machine.
  mutating func takePassword() throws -> String? {
    guard let path = try takeOption("--password-file") else { return nil }
    guard let bytes = FileManager.default.contents(atPath: path == "-" ? "/dev/stdin" : path),
      let text = String(validating: bytes, as: UTF8.self)
    else { throw SettingError("\(path) cannot be read as text") }
    let password = text.withoutLineEnd
    try PasswordRule(byteCount: 8...256, refusesCommon: true).check(password)
    return password
  }
}
