/// What somebody is called by others: 1 to 100 characters, and not only blanks.
package struct FullName: Sendable {
  package let text: String

  package init(_ raw: String) throws(NameRefusal) {
    guard raw.utf8.count <= 4000 else { throw .tooLong }
    text = raw.normalized
    guard !text.isEmpty else { throw .empty }
    guard text.unicodeScalars.count <= 100 else { throw .tooLong }
    guard !text.hasControlCharacters else { throw .controlCharacter }
    guard !text.allSatisfy(\.isWhitespace) else { throw .blank }
  }
}
