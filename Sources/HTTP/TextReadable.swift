package import FoundationEssentials

/// What a path or a query can be read as.
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
    // Int("+5") and Int("007") are numbers to Swift and typing errors to everybody else.
    guard let value = Int(text), String(value) == text else { return nil }
    self = value
  }
  package static var readableName: String { "integer" }
}

extension UUID: TextReadable {
  package init?(readingText text: String) { self.init(uuidString: text) }
  package static var readableName: String { "UUID" }
}
