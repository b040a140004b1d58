/// One JSON object out of a token, read strictly (RFC 8259, UTF-8): no member twice, however it is spelt, no NUL in
/// text, bounded depth. `JSONDecoder` keeps the last of two members, so a signed token could say two things.
struct JSONObject {
  enum Value {
    case text(String)
    case integer(Int)
    case list([Value])
    /// Read and checked, but nothing a token's reader asks for: objects, booleans, null, fractions, huge numbers.
    case other
  }

  var members: [(name: String, value: Value)] = []

  static let deepest = 8
  /// More than any token has; the search for a second member of the same name takes the square of it.
  static let mostMembers = 64

  init?(_ bytes: [UInt8]) {
    var reader = JSONReader(bytes)
    do { self = try reader.document() } catch { return nil }
  }

  init() {}

  subscript(name: String) -> Value? {
    // As bytes: to `==` a letter and its canonical twin are the same.
    members.first { $0.name.hasSameBytes(as: name) }?.value
  }

  func text(_ name: String) -> String? {
    if case .text(let text) = self[name] { text } else { nil }
  }

  func integer(_ name: String) -> Int? {
    if case .integer(let integer) = self[name] { integer } else { nil }
  }

  /// One text, or a list of nothing but texts.
  func texts(_ name: String) -> [String]? {
    switch self[name] {
    case .text(let text): [text]
    case .list(let values):
      values.reduce(into: [String]?([])) { texts, value in
        if case .text(let text) = value { texts?.append(text) } else { texts = nil }
      }
    case .integer, .other, nil: nil
    }
  }
}
