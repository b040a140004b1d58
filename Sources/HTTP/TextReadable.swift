package import FoundationEssentials

/// A type that can be read from a path or a query.
package protocol TextReadable {
  init?(readingText text: String)
  static var readableName: String { get }
}

extension String: TextReadable {
  package init?(readingText text: String) { self = text }
  package static var readableName: String { "string" }
}

extension Int: TextReadable {
  package init?(readingText text: String) {
    // Int("+5") and Int("007") are numbers to Swift, but most likely typing errors.
    guard let value = Int(text), String(value) == text else { return nil }
    self = value
  }
  package static var readableName: String { "integer" }
}

extension UUID: TextReadable {
  package init?(readingText text: String) { self.init(uuidString: text) }
  package static var readableName: String { "UUID" }
}
