/// The little DER (X.690) there is in a public key and in an ECDSA signature, so that libcrypto gets both in the one
/// form it checks itself.
enum DER {
  static func sequence(_ contents: [UInt8]...) -> [UInt8] { tagged(0x30, contents.flatMap(\.self)) }

  /// A bit string of whole bytes.
  static func bits(_ bytes: [UInt8]) -> [UInt8] { tagged(0x03, [0] + bytes) }

  /// An unsigned number of any size, most significant byte first.
  static func integer(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var digits = Array(bytes.drop { $0 == 0 })
    // The first bit is the sign.
    if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
    return tagged(0x02, digits)
  }

  /// SubjectPublicKeyInfo (RFC 8017, appendix A.1).
  static func rsaKey(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
    let rsaEncryption: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00]
    return sequence(tagged(0x30, rsaEncryption), bits(sequence(integer(modulus), integer(exponent))))
  }

  /// SubjectPublicKeyInfo (RFC 5480): a point in its uncompressed form.
  static func p256Key(x: [UInt8], y: [UInt8]) -> [UInt8] {
    let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    let prime256v1: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    return sequence(tagged(0x30, ecPublicKey + prime256v1), bits([0x04] + x + y))
  }

  /// SubjectPublicKeyInfo (RFC 8410).
  static func ed25519Key(_ key: [UInt8]) -> [UInt8] {
    sequence(tagged(0x30, [0x06, 0x03, 0x2B, 0x65, 0x70]), bits(key))
  }

  private static func tagged(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    [tag] + length(contents.count) + contents
  }

  private static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(count)] }
    let digits = withUnsafeBytes(of: count.bigEndian) { Array($0.drop { $0 == 0 }) }
    return [0x80 | UInt8(digits.count)] + digits
  }
}
