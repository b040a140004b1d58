internal import FoundationEssentials
internal import Notation
package import Tokens

/// All other issuers whose tokens this shop accepts, read once at the start.
package struct ForeignIssuers: Sendable {
  private let issuers: [ForeignIssuer]

  /// No other issuer.
  package init() { issuers = [] }

  /// `own` is this shop's name as an issuer, which no other may have.
  package init(file path: String, own: String) throws(KeyError) {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw KeyError("\(path) cannot be read") }
    let entries: [ForeignIssuer.Entry]
    do {
      entries = try JSONDecoder().decode([ForeignIssuer.Entry].self, from: data)
    } catch {
      throw KeyError("\(path) is no list of trusted issuers: \(Self.reason(error))")
    }
    var issuers: [ForeignIssuer] = []
    for (index, entry) in entries.enumerated() {
      do throws(KeyError) {
        guard !entry.issuer.hasSameBytes(as: own) else { throw KeyError("this is our own name") }
        guard !issuers.contains(where: { $0.name.hasSameBytes(as: entry.issuer) }) else {
          throw KeyError("it is named twice")
        }
        issuers.append(try ForeignIssuer(entry, directory: PrivateFile.directory(of: path)))
      } catch {
        throw KeyError("\(path), entry \(index + 1) (\(entry.issuer)): \(error)")
      }
    }
    self.issuers = issuers
  }

  /// Nil if the token does not claim to come from one of them: then it is this shop's own or nobody's.
  package func verify(_ token: CompactToken, now: Int) throws(TokenRefusal) -> ForeignClaims? {
    guard !issuers.isEmpty else { return nil }
    let payload = try token.payload()
    // Not verified yet: the name only chooses the keys.
    guard let name = payload.text("iss"),
      let issuer = issuers.first(where: { $0.name.hasSameBytes(as: name) })
    else { return nil }
    return try issuer.verify(token, payload, now: now)
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let (place, what): ([any CodingKey], String) =
      switch error {
      case .keyNotFound(let key, let context): (context.codingPath, "\(key.stringValue) is missing")
      case .typeMismatch(_, let context), .valueNotFound(_, let context): (context.codingPath, "it has the wrong type")
      case .dataCorrupted(let context): (context.codingPath, "it is not JSON")
      @unknown default: ([], "it cannot be read")
      }
    let path = place.map { key in key.intValue.map { "entry \($0 + 1)" } ?? key.stringValue }
    return (path + [what]).joined(separator: ", ")
  }
}
