/// Which statements this session has prepared, and under which names.
struct StatementCache {
  private var names: [String: String] = [:]
  private var order: [String] = []
  private var made = 0

  /// Enough for every statement the program has; a bound against text that is built anew each time.
  static let capacity = 256

  subscript(text: String) -> String? { names[text] }

  mutating func nextName() -> String {
    made += 1
    return "s\(made)"
  }

  /// Returns the name of a statement that has to give way, if one has.
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
