/// The words behind a command. Each is taken by whoever understands it; what is left over is a mistake.
struct Arguments {
  private var words: [String]

  init(_ words: [String]) { self.words = words }

  mutating func takeFlag(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  mutating func takeOption(_ name: String) throws -> String? {
    guard let index = words.firstIndex(of: name) else { return nil }
    guard index + 1 < words.count else { throw UsageError("\(name) wants a value") }
    defer { words.removeSubrange(index...(index + 1)) }
    return words[index + 1]
  }

  mutating func takeWord() -> String? { words.isEmpty || words[0].hasPrefix("-") ? nil : words.removeFirst() }

  mutating func takeRest() throws -> [String] {
    if let odd = words.first(where: { $0.hasPrefix("-") }) { throw UsageError("\(odd) is not understood") }
    defer { words = [] }
    return words
  }

  func finish() throws {
    guard words.isEmpty else { throw UsageError("\(words[0]) is not understood") }
  }
}

struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
