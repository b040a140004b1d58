internal import FoundationEssentials
internal import Identity

/// One setting: its name, its default, what it may be, and what it is for. Reading, checking, `tuckshop --help` and
/// docs/settings.md follow from this one declaration.
struct Setting<Value>: Declared {
  fileprivate let suffix: String
  let fallback: String
  /// As docs/settings.md has it.
  let type: String
  let meaning: String
  var source = SettingSource.environment
  /// Completes "NAME must be …" for a value that `parse` refuses.
  var rule = ""
  let parse: (String) -> Value?

  var name: String { "TUCKSHOP_" + suffix }
}

extension Setting where Value == Int {
  init(_ name: String, _ fallback: Int, _ unit: String = "integer", in range: ClosedRange<Int>, _ meaning: String) {
    let extent =
      range.upperBound == Int.max ? "from \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    self.init(
      suffix: name, fallback: "\(fallback)", type: "\(unit), \(extent)", meaning: meaning,
      rule: "a whole number, \(extent)"
    ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension Setting where Value == Bool {
  init(_ name: String, _ fallback: Bool, _ meaning: String) {
    self.init(
      suffix: name, fallback: fallback ? "on" : "off", type: "`on` or `off`", meaning: meaning, rule: "on or off"
    ) { text in text == "on" ? true : text == "off" ? false : nil }
  }
}

extension Setting where Value: CaseIterable {
  init(_ name: String, _ fallback: Value, _ meaning: String) {
    let words = Value.allCases.map { "\($0)" }
    let quoted = words.map { "`\($0)`" }
    self.init(
      suffix: name, fallback: "\(fallback)",
      type: quoted.dropLast().joined(separator: ", ") + " or " + (quoted.last ?? ""), meaning: meaning,
      rule: "one of " + words.joined(separator: ", ")
    ) { text in Value.allCases.first { "\($0)" == text } }
  }
}

extension Setting where Value == String {
  init(_ name: String, _ fallback: String, type: String = "text", _ meaning: String) {
    self.init(suffix: name, fallback: fallback, type: type, meaning: meaning) { $0 }
  }

  init(_ name: String, _ fallback: String, of pattern: Regex<Substring>, rule: String, _ meaning: String) {
    self.init(suffix: name, fallback: fallback, type: "text", meaning: meaning, rule: rule) { text in
      text.wholeMatch(of: pattern) == nil ? nil : text
    }
  }

  /// A text that people read.
  init(_ name: String, _ fallback: String, visible length: ClosedRange<Int>, _ meaning: String) {
    let extent = "\(length.lowerBound) to \(length.upperBound) characters"
    self.init(
      suffix: name, fallback: fallback, type: "text, \(extent)", meaning: meaning,
      rule: "\(extent), all of them visible, without a blank at either end"
    ) { text in
      length.contains(text.unicodeScalars.count) && (try? NameRule.requireVisible(text)) != nil ? text : nil
    }
  }

  static func directory(_ name: String, _ fallback: String, _ meaning: String) -> Setting {
    Setting(
      suffix: name, fallback: fallback, type: "directory", meaning: meaning, rule: "a directory that exists"
    ) { path in
      var isDirectory = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory ? path : nil
    }
  }
}

extension Setting where Value == [String] {
  /// No members if it is not set.
  init(_ name: String, listOf pattern: Regex<Substring>, rule: String, _ meaning: String) {
    self.init(suffix: name, fallback: "", type: "list, by commas", meaning: meaning, rule: rule) { text in
      let members = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if text.isEmpty { return [] }
      return members.allSatisfy { $0.wholeMatch(of: pattern) != nil } ? members : nil
    }
  }
}

extension Setting where Value == String? {
  /// Nil if it is not set.
  static func optional(
    _ name: String, _ type: String, rule: String = "", of pattern: Regex<Substring>? = nil,
    from source: SettingSource = .environment, _ meaning: String
  ) -> Setting {
    Setting(suffix: name, fallback: "", type: type, meaning: meaning, source: source, rule: rule) { text in
      if text.isEmpty { return .some(nil) }
      if let pattern, text.wholeMatch(of: pattern) == nil { return nil }
      return .some(text)
    }
  }

  static func secret(_ name: String, _ meaning: String) -> Setting {
    optional(name, "text, or a file", from: .environmentOrFile, meaning)
  }
}

/// Where a value may stand. A file is named by the variable NAME_FILE.
enum SettingSource { case environment, environmentOrFile, onlyFile }

/// A setting of any type, as the lists of settings have it.
protocol Declared {
  var name: String { get }
  var fallback: String { get }
  var type: String { get }
  var meaning: String { get }
}

/// Settings that stand under one title.
protocol Section {
  var title: String { get }
  var note: String? { get }
}

extension Section {
  var note: String? { nil }
  /// In the order in which they are declared.
  var settings: [any Declared] { Mirror(reflecting: self).children.compactMap { $0.value as? any Declared } }
}

extension Settings {
  private static var sections: [any Section] {
    Mirror(reflecting: Settings()).children.compactMap { $0.value as? any Section }
  }

  /// As `tuckshop --help` lists them.
  static var table: String {
    let all = sections.flatMap(\.settings)
    let width = all.map(\.name.count).max() ?? 0
    return all.map { setting in
      let fallback = setting.fallback.isEmpty ? "" : " (\(setting.fallback))"
      return "  \(padded(setting.name, width))  \(setting.meaning.filter { $0 != "`" })\(fallback)"
    }.joined(separator: "\n")
  }

  /// As docs/settings.md has them.
  static var page: String {
    sections.map { section in
      let rows = section.settings.map { setting in
        let fallback = setting.fallback.isEmpty ? "" : "`\(setting.fallback)` "
        return "| `\(setting.name)` | \(fallback)| \(setting.type) | \(setting.meaning) |"
      }
      let head = ["| setting | default | type | meaning |", "|---|---|---|---|"]
      let note = section.note.map { [$0, ""] } ?? []
      return (["## \(section.title)", ""] + note + head + rows).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }
}
