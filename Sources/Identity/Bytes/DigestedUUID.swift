package import FoundationEssentials

extension UUID {
  /// A UUID of version 8 (RFC 9562, section 5.8): as many bits of the text's SHA-256 as there is room for.
  package init(digesting text: String) {
    var bytes = Array(Digest.sha256(Array(text.utf8)).prefix(16))
    bytes[6] = 0x80 | bytes[6] & 0x0F
    bytes[8] = 0x80 | bytes[8] & 0x3F
    self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }
}
