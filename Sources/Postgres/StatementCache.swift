/// The prepared statements of a session, and their names.
struct StatementCache {
  private var names: [String: String] = [:]
  private var order: [String] = []
  private var made = 0

  /// Enough for every statement of the program; a limit for text that differs each time.
  static let capacity = 256

  subscript(text: String) -> String? { names[text] }

  mutating func nextName() -> String {
    made += 1
    return "s\(made)"
  }

  /// Returns the name of the statement that it replaces, if the cache is full.
  mutating func insert(_ text: String, name: String) -> String? {
    names[text] = name
    order.append(text)
    return order.count > Self.capacity ? names.removeValue(forKey: order.removeFirst()) : nil
  }

  mutating func removeAll() {
    names.removeAll()
    order.removeAll()
  }
}
