/// The signatures this room can check, by the names of RFC 7518 and RFC 8037. There is no `none` among them.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
  case hs256 = "HS256"
  case rs256 = "RS256"
  case es256 = "ES256"
  /// Ed25519 alone; the name would also cover Ed448.
  case edDSA = "EdDSA"
}

/// A key that checks signatures. The algorithm belongs to the key: a token cannot choose one.
package enum SignatureKey: Sendable {
  case shared(KeyedDigest)
  case pair(AsymmetricKey)

  package static func secret(_ key: [UInt8]) -> SignatureKey { .shared(KeyedDigest(key: key)) }

  package var algorithm: SignatureAlgorithm {
    switch self {
    case .shared: .hs256
    case .pair(let key): key.algorithm
    }
  }

  package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    switch self {
    case .shared(let digest): Digest.areEqual(digest(message), signature)
    case .pair(let key): key.verifies(signature, of: message)
    }
  }

  package func sign(_ message: [UInt8]) -> [UInt8] {
    switch self {
    case .shared(let digest): digest(message)
    case .pair(let key): key.sign(message)
    }
  }
}

/// A sentence about a bad file of keys, for the operator. It never holds a secret.
package struct KeyError: Error, CustomStringConvertible, Equatable {
  package let description: String

  package init(_ description: String) { self.description = description }
}
