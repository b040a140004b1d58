/// One of the keys in the key file.
package struct TokenKey: Sendable, CustomStringConvertible, CustomReflectable {
  package let id: String
  package let createdAt: Int
  let material: SignatureKey
  /// The encoded header of all tokens that it signs.
  let header: String
  private let secret: [UInt8]

  static let secretByteCount = 32
  /// By this type (RFC 9068), no other kind of token passes as an access token.
  static let tokenType = "at+jwt"

  package var algorithm: SignatureAlgorithm { material.algorithm }

  static func make(_ algorithm: SignatureAlgorithm, now: Int) throws(KeyError) -> TokenKey {
    try TokenKey(
      id: Base64.url.encode(Random.bytes(12)), algorithm: algorithm, createdAt: now,
      secret: Random.bytes(secretByteCount))
  }

  private init(id: String, algorithm: SignatureAlgorithm, createdAt: Int, secret: [UInt8]) throws(KeyError) {
    guard secret.count == Self.secretByteCount else {
      throw KeyError("key \(id): a secret has \(Self.secretByteCount) bytes")
    }
    switch algorithm {
    case .hs256: material = .secret(secret)
    case .edDSA: material = .pair(try AsymmetricKey(ed25519Seed: secret))
    case .rs256, .es256: throw KeyError("key \(id): the shop signs with HS256 or EdDSA")
    }
    let words = #"{"alg":"\#(algorithm.rawValue)","kid":"\#(id)","typ":"\#(Self.tokenType)"}"#
    header = Base64.url.encode(Array(words.utf8))
    self.id = id
    self.createdAt = createdAt
    self.secret = secret
  }

  /// A key in the key file.
  struct Stored: Codable {
    let kid: String
    let algorithm: String
    let created: Int
    /// 32 bytes in base64url: the HMAC's key, or an Ed25519 seed.
    let secret: String
  }

  init(_ stored: Stored) throws(KeyError) {
    // The id goes into a header that is written without escapes.
    guard !stored.kid.isEmpty, stored.kid.utf8.count <= 64, Base64.url.spells(stored.kid) else {
      throw KeyError("a key's id has up to 64 letters, digits, - and _")
    }
    guard let algorithm = SignatureAlgorithm(rawValue: stored.algorithm) else {
      throw KeyError("key \(stored.kid): unknown algorithm \(stored.algorithm)")
    }
    guard let secret = Base64.url.decode(stored.secret) else {
      throw KeyError("key \(stored.kid): its secret is not base64url")
    }
    try self.init(id: stored.kid, algorithm: algorithm, createdAt: stored.created, secret: secret)
  }

  var stored: Stored {
    Stored(kid: id, algorithm: algorithm.rawValue, created: createdAt, secret: Base64.url.encode(secret))
  }

  /// A key that is printed or dumped by mistake shows only its id.
  package var description: String { "\(algorithm.rawValue) key \(id)" }
  package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
