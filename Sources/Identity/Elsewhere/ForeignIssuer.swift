internal import FoundationEssentials
internal import Notation
internal import Tokens

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
    let keys = try isPEM ? [(nil, AsymmetricKey(pem: Array(data)))] : keys(ofSet: data, for: algorithm)
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

  private struct KeySet: Decodable {
    let keys: [JSONWebKey]
  }

  private static func keys(
    ofSet data: Data, for algorithm: SignatureAlgorithm
  ) throws(KeyError) -> [(id: String?, key: AsymmetricKey)] {
    guard let set = try? JSONDecoder().decode(KeySet.self, from: data) else {
      throw KeyError("it is neither PEM nor a JWKS")
    }
    var keys: [(id: String?, key: AsymmetricKey)] = []
    for key in set.keys where key.isMeant(for: algorithm) {
      do throws(KeyError) {
        keys.append((key.id, try key.key(for: algorithm)))
      } catch {
        throw KeyError("key \(key.id ?? "without an id"): \(error)")
      }
    }
    return keys
  }

  func verify(_ token: CompactToken, _ payload: JSONObject, now: Int) throws(TokenRefusal) -> ForeignClaims {
    let header = try token.header()
    guard Self.accepts(type: header.type) else { throw .wrongType }
    guard let key = key(header.keyID) else { throw .unknownKey }
    guard header.algorithm == algorithm.rawValue else { throw .wrongAlgorithm }
    guard token.isSigned(by: .pair(key)) else { throw .badSignature }
    let registered = try RegisteredClaims(payload, issuer: name, audience: audience, now: now)
    guard let user = payload.text(userClaim), !user.isEmpty else { throw .badClaim(userClaim) }
    return ForeignClaims(
      issuer: name, user: user, tokenID: registered.tokenID, issuedAt: registered.issuedAt,
      expiresAt: registered.expiresAt)
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

/// The claims of a foreign token: its bearer is that issuer's `user`.
package struct ForeignClaims: Sendable, Equatable {
  package let issuer: String
  package let user: String
  package let tokenID: String
  package let issuedAt: Int
  package let expiresAt: Int
}
