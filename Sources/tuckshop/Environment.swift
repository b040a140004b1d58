internal import FoundationEssentials

/// Settings as the environment gives them. A bad one is an error that names the variable, never its value.
struct Environment {
  private let values: [String: String]
  private let settings = Settings()

  init(_ values: [String: String] = ProcessInfo.processInfo.environment) { self.values = values }

  /// The setting's value, checked; its default if it is not set.
  func value<Value>(_ path: KeyPath<Settings, Setting<Value>>) throws -> Value {
    let setting = settings[keyPath: path]
    let text = try text(setting.name, setting.source) ?? setting.fallback
    guard let value = setting.parse(text) else { throw SettingError("\(setting.name) must be \(setting.rule)") }
    return value
  }

  /// The variable's name, for an error about several settings.
  func name<Value>(_ path: KeyPath<Settings, Setting<Value>>) -> String { settings[keyPath: path].name }

  /// The path that NAME_FILE gives.
  func file<Value>(of path: KeyPath<Settings, Setting<Value>>) -> String? { nonEmpty(name(path) + "_FILE") }

  private func text(_ name: String, _ source: SettingSource) throws -> String? {
    let direct = nonEmpty(name)
    guard source != .environment, let file = nonEmpty(name + "_FILE") else {
      // The environment itself is open to `ps` and to core files.
      if source == .onlyFile && direct != nil { throw SettingError("set \(name)_FILE instead of \(name)") }
      return direct
    }
    guard direct == nil else { throw SettingError("\(name) and \(name)_FILE are both set: unset one of them") }
    let bytes = FileManager.default.contents(atPath: file).map(Array.init)
    let secret = try secret(in: bytes, from: "\(name)_FILE: \(file)")
    guard !secret.isEmpty else { throw SettingError("\(name)_FILE: \(file) is empty") }
    return secret
  }

  private func nonEmpty(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}

/// A file's text without the last line end, LF or CRLF, which `String` takes for one character each.
func secret(in bytes: [UInt8]?, from place: String) throws -> String {
  guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
    throw SettingError("\(place) cannot be read as text")
  }
  return text.last == "\n" || text.last == "\r\n" ? String(text.dropLast()) : text
}

/// The content of a file that an argument names.
func contents(of path: String) throws -> [UInt8] {
  guard let bytes = FileManager.default.contents(atPath: path) else { throw SettingError("\(path) cannot be read") }
  return Array(bytes)
}

struct SettingError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
