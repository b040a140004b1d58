internal import CCrypto

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
