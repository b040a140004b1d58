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
        guard ![ForeignIdentity.telegram, ForeignIdentity.trustedHeader].contains(entry.issuer) else {
          throw KeyError("this name has another meaning")
        }
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

  /// The person who bears the token. Nil if it does not claim to come from one of these issuers: then it is this shop's
  /// own or nobody's.
  package func verify(_ token: CompactToken, now: Int) throws(TokenRefusal) -> ForeignToken? {
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

/// A proof from elsewhere, and the id by which a logout revokes it.
package struct ForeignToken: Sendable {
  package let identity: ForeignIdentity
  let id: UUID
  let expiresAt: Int
}

/// Another issuer whose tokens this shop accepts: for which audience, by which keys.
struct ForeignIssuer: Sendable {
  let name: String
  private let audience: String
  private let algorithm: SignatureAlgorithm
  private let userClaim: String
  private let keys: [(id: String?, key: AsymmetricKey)]

  /// An entry of the file of trusted issuers.
  struct Entry: Decodable {
    let issuer: String
    let audience: String
    let algorithm: String
    let key_file: String
    let user_claim: String
  }

  /// A relative `key_file` lies beside the file that names it.
  init(_ entry: Entry, directory: String) throws(KeyError) {
    guard let algorithm = SignatureAlgorithm(rawValue: entry.algorithm), algorithm != .hs256 else {
      throw KeyError("algorithm \(entry.algorithm) is none of RS256, ES256, EdDSA")
    }
    guard !entry.issuer.isEmpty, !entry.audience.isEmpty, !entry.user_claim.isEmpty else {
      throw KeyError("issuer, audience and user_claim must not be empty")
    }
    guard entry.issuer.utf8.count <= ForeignIdentity.mostBytes else { throw KeyError("the issuer is too long") }
    name = entry.issuer
    audience = entry.audience
    userClaim = entry.user_claim
    self.algorithm = algorithm
    let path = entry.key_file.hasPrefix("/") ? entry.key_file : directory + "/" + entry.key_file
    do throws(KeyError) {
      keys = try Self.keys(of: path, for: algorithm)
    } catch {
      throw KeyError("key file \(path): \(error)")
    }
  }

  private static func keys(
    of path: String, for algorithm: SignatureAlgorithm
  ) throws(KeyError) -> [(id: String?, key: AsymmetricKey)] {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw KeyError("it cannot be read") }
    let isPEM = data.starts(with: "-----BEGIN ".utf8)
    let keys = try isPEM ? [(nil, AsymmetricKey(pem: Array(data)))] : keys(ofSet: Array(data), for: algorithm)
    guard !keys.isEmpty else { throw KeyError("it has no key for \(algorithm.rawValue)") }
    guard keys.allSatisfy({ $0.key.algorithm == algorithm }) else {
      throw KeyError("it has a key for \(keys[0].key.algorithm.rawValue), not for \(algorithm.rawValue)")
    }
    // A token chooses among several keys by `kid` alone, so each needs an id of its own.
    guard keys.count == 1 || Set(keys.map(\.id)).count == keys.count && keys.allSatisfy({ $0.id != nil }) else {
      throw KeyError("it has several keys, and their ids do not tell them apart")
    }
    return keys
  }

  private static func keys(
    ofSet bytes: [UInt8], for algorithm: SignatureAlgorithm
  ) throws(KeyError) -> [(id: String?, key: AsymmetricKey)] {
    guard let set = try? JSONWebKeySet(parsing: bytes) else { throw KeyError("it is neither PEM nor a JWKS") }
    return try set.keys(for: algorithm)
  }

  /// The person who bears the token: known by `sub`, and named by the claim that the operator chose.
  func verify(_ token: CompactToken, _ payload: JSONObject, now: Int) throws(TokenRefusal) -> ForeignToken {
    let header = try token.header()
    guard Self.accepts(type: header.type) else { throw .wrongType }
    guard let key = key(header.keyID) else { throw .unknownKey }
    guard header.algorithm == algorithm.rawValue else { throw .wrongAlgorithm }
    guard token.isSigned(by: .pair(key)) else { throw .badSignature }
    let claims = try RegisteredClaims(payload, issuer: name, audience: audience, now: now)
    guard claims.subject.utf8.count <= ForeignIdentity.mostBytes else { throw .badClaim("sub") }
    guard let user = payload.text(userClaim), !user.isEmpty else { throw .badClaim(userClaim) }
    return ForeignToken(
      identity: ForeignIdentity(issuer: name, subject: claims.subject, names: [user]),
      id: UUID(digesting: "\(name)\n\(try RegisteredClaims.tokenID(in: payload))"), expiresAt: claims.expiresAt)
  }

  /// No type, or one that an access token may have. Logout tokens and security events have others.
  private static func accepts(type: String?) -> Bool {
    guard let type = type?.lowercased() else { return true }
    return ["jwt", "at+jwt", "application/at+jwt"].contains(type)
  }

  /// A key without an id is alone in its file, so there is nothing to choose.
  private func key(_ id: String?) -> AsymmetricKey? {
    guard let id, keys[0].id != nil else { return keys.count == 1 ? keys[0].key : nil }
    return keys.first { $0.id?.hasSameBytes(as: id) == true }?.key
  }
}
