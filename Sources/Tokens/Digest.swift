internal import CCrypto
package import FoundationEssentials

/// SHA-256, alone and with a key, and the only way to compare what came out.
package enum Digest {
  package static let byteCount = 32

  package static func sha256(_ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: byteCount)
    SHA256(message, message.count, &digest)
    return digest
  }

  package static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: byteCount)
    let made = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, nil)
    precondition(made != nil, "libcrypto cannot compute an HMAC")
    return digest
  }

  /// Takes the same time wherever the first difference lies. That the lengths differ may be seen.
  package static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
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
