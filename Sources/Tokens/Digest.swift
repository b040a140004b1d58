internal import CCrypto
package import FoundationEssentials

/// SHA-256, alone and with a key, HMAC-SHA-1 for codes of phones, and the only way to compare what came out.
package enum Digest {
  package static let byteCount = 32

  package static func sha256(_ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: byteCount)
    SHA256(message, message.count, &digest)
    return digest
  }

  package static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] { KeyedDigest(key: key)(message) }

  /// Only for codes that a phone computes too: SHA-1 is the one digest that all apps for them know.
  static func hmacSHA1(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 20)
    let made = HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &digest, nil)
    precondition(made != nil, "libcrypto cannot compute an HMAC")
    return digest
  }

  /// Takes the same time wherever the first difference lies. That the lengths differ may be seen.
  package static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
  }
}

/// HMAC-SHA-256 with one key. What depends on the key alone is computed once: libcrypto's own function sets it up at
/// each call, which took four times as long as the digest of a token.
package struct KeyedDigest: Sendable {
  private let inner: SHA256_CTX
  private let outer: SHA256_CTX

  private static let blockBytes = 64

  package init(key: [UInt8]) {
    var short = key.count > Self.blockBytes ? Digest.sha256(key) : key
    var block = short + [UInt8](repeating: 0, count: Self.blockBytes - short.count)
    defer {
      if key.count > Self.blockBytes { short.wipe() }
      block.wipe()
    }
    func state(_ mask: UInt8) -> SHA256_CTX {
      var (state, masked) = (SHA256_CTX(), block.map { $0 ^ mask })
      defer { masked.wipe() }
      SHA256_Init(&state)
      SHA256_Update(&state, masked, masked.count)
      return state
    }
    (inner, outer) = (state(0x36), state(0x5C))
  }

  package func callAsFunction(_ message: [UInt8]) -> [UInt8] {
    var (inner, outer) = (self.inner, self.outer)
    var digest = [UInt8](repeating: 0, count: Digest.byteCount)
    SHA256_Update(&inner, message, message.count)
    SHA256_Final(&digest, &inner)
    SHA256_Update(&outer, digest, digest.count)
    SHA256_Final(&digest, &outer)
    return digest
  }
}

extension UUID {
  /// A UUID of version 8 (RFC 9562, section 5.8): as many bits of the text's SHA-256 as there is room for.
  package init(digesting text: String) {
    var bytes = Array(Digest.sha256(Array(text.utf8)).prefix(16))
    bytes[6] = 0x80 | bytes[6] & 0x0F
    bytes[8] = 0x80 | bytes[8] & 0x3F
    self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }
}

/// Bytes that nobody can guess.
package enum Random {
  package static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Without randomness, others could compute the keys.
    guard RAND_bytes(&bytes, Int32(count)) == 1 else { fatalError("libcrypto has no random bytes") }
    return bytes
  }
}

extension [UInt8] {
  /// `body` reads the text's bytes in a buffer that is overwritten afterwards, in a way that no compiler removes. Copies
  /// that Swift itself made of the text cannot be reached.
  static func withWiped<T>(_ text: String, _ body: (inout [UInt8]) -> T) -> T {
    var bytes = Array(text.utf8)
    defer { bytes.wipe() }
    return body(&bytes)
  }

  mutating func wipe() {
    withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
  }
}

/// A refresh token: 256 random bits. The client has the text and the database only the digest, so a stolen dump opens no
/// session. A fast digest is enough, because nobody guesses 256 bits.
package struct OpaqueToken: Sendable {
  package let text: String
  package let digest: [UInt8]
  private let bytes: [UInt8]

  package init() { self.init(Random.bytes(32)) }

  /// Nil for a text of any other form, so that a JWT or an empty string never becomes a query.
  package init?(_ text: String) {
    guard text.utf8.count == 43, let bytes = Base64.url.decode(text) else { return nil }
    self.init(bytes)
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    text = Base64.url.encode(bytes)
    digest = Digest.sha256(bytes)
  }

  /// The token that follows this one. It takes both the token and the nonce to compute it.
  package func successor(_ nonce: [UInt8]) -> OpaqueToken { OpaqueToken(Digest.hmac(key: bytes, nonce)) }
}
