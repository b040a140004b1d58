internal import FoundationEssentials

/// A JWKS (RFC 7517, section 5): the public keys of an issuer, also those for other purposes.
package struct JSONWebKeySet: Decodable {
  private let keys: [JSONWebKey]

  package init(parsing bytes: [UInt8]) throws(KeyError) {
    guard let set = try? JSONDecoder().decode(JSONWebKeySet.self, from: Data(bytes)) else {
      throw KeyError("it is not a JWKS")
    }
    self = set
  }

  package func keys(for algorithm: SignatureAlgorithm) throws(KeyError) -> [(id: String?, key: AsymmetricKey)] {
    var found: [(id: String?, key: AsymmetricKey)] = []
    for key in keys where key.isMeant(for: algorithm) {
      do throws(KeyError) {
        found.append((key.id, try key.key(for: algorithm)))
      } catch {
        throw KeyError("key \(key.id ?? "without an id"): \(error)")
      }
    }
    return found
  }
}

/// One key of a JWKS file (RFC 7517).
package struct JSONWebKey: Decodable {
  private let kty: String
  private let kid: String?
  private let alg: String?
  private let use: String?
  private let key_ops: [String]?
  private let crv: String?
  private let n: String?
  private let e: String?
  private let x: String?
  private let y: String?
  private let d: String?

  package var id: String? { kid }

  /// A file may also hold keys for encryption or for other algorithms.
  package func isMeant(for algorithm: SignatureAlgorithm) -> Bool {
    let curve: String? =
      switch algorithm {
      case .rs256: nil
      case .es256: "P-256"
      case .edDSA: "Ed25519"
      case .hs256: preconditionFailure("no secret is shared with a foreign issuer")
      }
    return kty == (algorithm == .rs256 ? "RSA" : algorithm == .es256 ? "EC" : "OKP") && crv == curve
      && (alg == nil || alg == algorithm.rawValue) && (use == nil || use == "sig")
      && (key_ops?.contains("verify") ?? true)
  }

  package func key(for algorithm: SignatureAlgorithm) throws(KeyError) -> AsymmetricKey {
    guard d == nil else { throw KeyError("this is a private key: use the public one") }
    switch algorithm {
    case .rs256: return try AsymmetricKey(rsaModulus: bytes(n, "n"), exponent: bytes(e, "e"))
    case .es256: return try AsymmetricKey(p256X: bytes(x, "x"), y: bytes(y, "y"))
    case .edDSA: return try AsymmetricKey(ed25519: bytes(x, "x"))
    case .hs256: preconditionFailure("no secret is shared with a foreign issuer")
    }
  }

  private func bytes(_ text: String?, _ name: String) throws(KeyError) -> [UInt8] {
    guard let text, let bytes = Base64.url.decode(text) else { throw KeyError("its \(name) is not base64url") }
    return bytes
  }
}
