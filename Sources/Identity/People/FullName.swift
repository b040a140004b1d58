/// What somebody is called by others: 1 to 100 characters that can be seen.
package struct FullName: Sendable {
  package let text: String

  private static let mostCharacters = 100

  package init(_ raw: String) throws(NameRefusal) {
    guard let text = raw.normalized(mostBytes: 4 * Self.mostCharacters) else { throw .tooLong }
    guard !text.isEmpty else { throw .empty }
    guard text.unicodeScalars.count <= Self.mostCharacters else { throw .tooLong }
    try NameRule.requireVisible(text)
    self.text = text
  }
}
