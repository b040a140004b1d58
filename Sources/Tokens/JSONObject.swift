package import Notation

/// One JSON object of a token. Our own parser refuses a member that is named twice, in any spelling; `JSONDecoder` keeps
/// the last of two, so one signed token could mean two things.
package struct JSONObject {
  private let members: [JSON.Member]

  package init?(_ bytes: [UInt8]) {
    guard case .object(let members) = try? JSON(parsing: bytes) else { return nil }
    self.members = members
  }

  package subscript(name: String) -> JSON? {
    // As bytes, because `==` takes canonically equivalent names for equal.
    members.first { $0.name.hasSameBytes(as: name) }?.value
  }

  package func text(_ name: String) -> String? {
    if case .string(let text) = self[name] { text } else { nil }
  }

  package func integer(_ name: String) -> Int? {
    if case .integer(let integer) = self[name] { integer } else { nil }
  }

  /// One text, or a list of texts alone.
  package func texts(_ name: String) -> [String]? {
    switch self[name] {
    case .string(let text): [text]
    case .array(let values):
      values.reduce(into: [String]?([])) { texts, value in
        if case .string(let text) = value { texts?.append(text) } else { texts = nil }
      }
    default: nil
    }
  }
}
