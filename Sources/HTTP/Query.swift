package import FoundationEssentials
internal import Notation

/// The query of a URL, decoded when it is read.
package struct Query: Sendable {
  private let raw: Substring

  package init(_ raw: Substring) { self.raw = raw }

  /// No value that any route accepts is longer, not even a decomposed name of 255 bytes.
  private static let mostBytes = 1024

  /// The first value of that name; nil if there is none.
  package func optional<T: TextReadable>(_ name: String, as type: T.Type = T.self) throws(ShapeError) -> T? {
    for pair in Percent.split(raw, at: "&") where !pair.isEmpty {
      let parts = Percent.split(pair, at: "=", maxSplits: 1)
      guard Percent.decoded(parts[0], plusIsSpace: true).map({ $0.utf8.elementsEqual(name.utf8) }) == true
      else { continue }
      guard let text = Percent.decoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true) else {
        throw ShapeError(["query", name], "Value cannot be decoded as UTF-8", .malformed)
      }
      guard text.utf8.count <= Self.mostBytes else {
        throw ShapeError(["query", name], "Value should have at most \(Self.mostBytes) bytes", .malformed)
      }
      guard let value = T(readingText: text) else { throw ShapeError.unreadable(["query", name], T.self) }
      return value
    }
    return nil
  }

  /// Every value of that name as it was sent, for protocols in which a second one is an error. Nil if one of them cannot
  /// be decoded.
  package func all(_ name: String) -> [String]? {
    var values: [String] = []
    for pair in Percent.split(raw, at: "&") where !pair.isEmpty {
      let parts = Percent.split(pair, at: "=", maxSplits: 1)
      guard Percent.decoded(parts[0], plusIsSpace: true).map({ $0.utf8.elementsEqual(name.utf8) }) == true
      else { continue }
      guard let text = Percent.decoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true) else { return nil }
      values.append(text)
    }
    return values
  }

  package func optional(_ name: String, in range: ClosedRange<Int>) throws(ShapeError) -> Int? {
    guard let value = try optional(name, as: Int.self) else { return nil }
    guard value >= range.lowerBound else {
      throw ShapeError(["query", name], "Input should be greater than or equal to \(range.lowerBound)", .malformed)
    }
    guard value <= range.upperBound else {
      throw ShapeError(["query", name], "Input should be less than or equal to \(range.upperBound)", .malformed)
    }
    return value
  }

  package func optional<T: RawRepresentable & CaseIterable>(_ name: String, oneOf type: T.Type = T.self)
    throws(ShapeError) -> T?
  where T.RawValue == String {
    guard let text = try optional(name, as: String.self) else { return nil }
    guard let value = T(spelled: text) else {
      let names = T.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw ShapeError(["query", name], "Input should be one of \(names)", .malformed)
    }
    return value
  }
}

/// The values of a route's parameters, decoded.
package struct PathParameters: Sendable, Equatable {
  var values: [(name: String, text: String)] = []

  package init() {}

  package func require<T: TextReadable>(_ name: String, as type: T.Type = T.self) throws(ShapeError) -> T {
    guard let text = values.first(where: { $0.name == name })?.text else {
      preconditionFailure("the route has no parameter \(name)")
    }
    guard let value = T(readingText: text) else { throw ShapeError.unreadable(["path", name], T.self) }
    return value
  }

  package static func == (left: PathParameters, right: PathParameters) -> Bool {
    left.values.elementsEqual(right.values) { $0 == $1 }
  }
}

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
