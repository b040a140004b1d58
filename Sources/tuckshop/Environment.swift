internal import FoundationEssentials
internal import Glibc

/// Settings as the environment gives them. A bad one is an error that names the variable, never its value.
struct Environment {
  let values: [String: String]

  init(_ values: [String: String] = ProcessInfo.processInfo.environment) { self.values = values }

  func text(_ setting: Setting) -> String { nonEmpty(setting.name) ?? setting.fallback }

  func integer(_ setting: Setting, in range: ClosedRange<Int>) throws -> Int {
    let text = text(setting)
    guard let value = Int(text), range.contains(value) else {
      throw SettingError("\(setting.name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func choice<T: CaseIterable>(_ setting: Setting, of type: T.Type = T.self) throws -> T {
    let text = text(setting)
    guard let value = T.allCases.first(where: { "\($0)" == text }) else {
      let names = T.allCases.map { "\($0)" }.joined(separator: ", ")
      throw SettingError("\(setting.name) must be one of \(names)")
    }
    return value
  }

  func directory(_ setting: Setting) throws -> String {
    let path = text(setting)
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory else {
      throw SettingError("\(setting.name): \(path) is no directory")
    }
    return path
  }

  /// From NAME, or from the file that NAME_FILE names; its last line end is not part of it.
  func secret(_ setting: Setting) throws -> String? {
    let file = nonEmpty(setting.name + "_FILE")
    let direct = nonEmpty(setting.name)
    guard let file else { return direct }
    guard direct == nil else { throw SettingError("\(setting.name) and \(setting.name)_FILE are both set") }
    guard let bytes = FileManager.default.contents(atPath: file),
      let text = String(validating: bytes, as: UTF8.self)
    else { throw SettingError("\(setting.name)_FILE: \(file) cannot be read as text") }
    let secret = text.withoutLineEnd
    guard !secret.isEmpty else { throw SettingError("\(setting.name)_FILE: \(file) is empty") }
    return secret
  }

  /// A secret that must not stand in the environment itself, where `ps` and core files show it.
  func secretFromFile(_ setting: Setting) throws -> String? {
    guard nonEmpty(setting.name) == nil else { throw SettingError("set \(setting.name)_FILE, not \(setting.name)") }
    return try secret(setting)
  }

  private func nonEmpty(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}

extension String {
  /// Without the last line end, LF or CRLF, which `String` takes for one character each.
  var withoutLineEnd: String { last == "\n" || last == "\r\n" ? String(dropLast()) : self }
}

struct SettingError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
