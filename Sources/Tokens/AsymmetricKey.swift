internal import CCrypto
internal import FoundationEssentials

/// RSA, P-256 or Ed25519, checked once when it is read. Only an Ed25519 key made from its seed can also sign.
package final class AsymmetricKey: @unchecked Sendable {
  private let handle: OpaquePointer
  package let algorithm: SignatureAlgorithm

  package convenience init(rsaModulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
    try self.init(subjectPublicKey: DER.rsaKey(modulus: rsaModulus, exponent: exponent))
  }

  package convenience init(p256X x: [UInt8], y: [UInt8]) throws(KeyError) {
    guard x.count == 32, y.count == 32 else { throw KeyError("a coordinate on P-256 has 32 bytes") }
    try self.init(subjectPublicKey: DER.p256Key(x: x, y: y))
  }

  package convenience init(ed25519 key: [UInt8]) throws(KeyError) {
    guard key.count == 32 else { throw KeyError("an Ed25519 key has 32 bytes") }
    try self.init(subjectPublicKey: DER.ed25519Key(key))
  }

  package convenience init(ed25519Seed seed: [UInt8]) throws(KeyError) {
    guard seed.count == 32 else { throw KeyError("an Ed25519 key has 32 bytes") }
    try self.init(adopting: EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count))
  }

  private convenience init(subjectPublicKey der: [UInt8]) throws(KeyError) {
    let key = der.withUnsafeBufferPointer { der in
      var position = der.baseAddress
      return d2i_PUBKEY(nil, &position, der.count)
    }
    try self.init(adopting: key)
  }

  /// A public key or a certificate. Only the key of a certificate counts: the operator trusts the file.
  package convenience init(pem: [UInt8]) throws(KeyError) {
    let text = String(decoding: pem, as: UTF8.self)
    guard !text.contains("PRIVATE KEY-----") else { throw KeyError("this is a private key: use the public one") }
    let key = pem.withUnsafeBytes { pem -> OpaquePointer? in
      guard let file = BIO_new_mem_buf(pem.baseAddress, Int32(pem.count)) else { return nil }
      defer { BIO_free(file) }
      guard text.contains("-----BEGIN CERTIFICATE-----") else { return PEM_read_bio_PUBKEY(file, nil, noPassword, nil) }
      guard let certificate = PEM_read_bio_X509(file, nil, noPassword, nil) else { return nil }
      defer { X509_free(certificate) }
      return X509_get_pubkey(certificate)
    }
    try self.init(adopting: key)
  }

  private init(adopting key: OpaquePointer?) throws(KeyError) {
    defer { ERR_clear_error() }
    guard let key else { throw KeyError("this is no public key libcrypto can read") }
    do throws(KeyError) {
      algorithm = try Self.algorithm(of: key)
    } catch {
      EVP_PKEY_free(key)
      throw error
    }
    handle = key
  }

  deinit { EVP_PKEY_free(handle) }

  private static func algorithm(of key: OpaquePointer) throws(KeyError) -> SignatureAlgorithm {
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { throw KeyError("libcrypto is out of memory") }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_public_check(context) == 1 else { throw KeyError("the key's numbers are not those of a sound key") }
    if EVP_PKEY_is_a(key, "ED25519") == 1 { return .edDSA }
    if EVP_PKEY_is_a(key, "RSA") == 1 {
      let bits = EVP_PKEY_get_bits(key)
      // Above 8192 bits, a single forged token would cost milliseconds.
      guard (2048...8192).contains(bits) else {
        throw KeyError("this is an RSA key of \(bits) bits: use 2048 to 8192")
      }
      return .rs256
    }
    var curve = [CChar](repeating: 0, count: 32)
    if EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_group_name(key, &curve, curve.count, nil) == 1,
      strcmp(curve, "prime256v1") == 0
    {
      return .es256
    }
    throw KeyError("this key is neither RSA, nor P-256, nor Ed25519")
  }

  package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let signature = libcryptoForm(of: signature) else { return false }
    guard let context = EVP_MD_CTX_new() else { fatalError("libcrypto is out of memory") }
    // A refused signature leaves an error in the thread's queue, which libpq's TLS would take for its own.
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    // For RSA the default is PKCS #1 v1.5, which is what RS256 means.
    let digest = algorithm == .edDSA ? nil : EVP_sha256()
    guard EVP_DigestVerifyInit(context, nil, digest, nil, handle) == 1 else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  /// JOSE writes r and s side by side, while libcrypto needs DER. Any other length is refused.
  private func libcryptoForm(of signature: [UInt8]) -> [UInt8]? {
    switch algorithm {
    case .hs256: nil
    case .rs256: signature.count == EVP_PKEY_get_size(handle) ? signature : nil
    case .edDSA: signature.count == 64 ? signature : nil
    case .es256:
      signature.count == 64
        ? DER.sequence(DER.integer(signature[..<32]), DER.integer(signature[32...])) : nil
    }
  }

  func sign(_ message: [UInt8]) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { fatalError("libcrypto is out of memory") }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    let signed =
      algorithm == .edDSA && EVP_DigestSignInit(context, nil, nil, nil, handle) == 1
      && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    precondition(signed && count == signature.count, "only an Ed25519 key with its seed can sign")
    return signature
  }

  /// The 32 bytes of an Ed25519 public key.
  package var ed25519PublicKey: [UInt8] {
    var key = [UInt8](repeating: 0, count: 32)
    var count = key.count
    let read = EVP_PKEY_get_raw_public_key(handle, &key, &count)
    precondition(algorithm == .edDSA && read == 1 && count == key.count, "not an Ed25519 key")
    return key
  }

  /// An Ed25519 public key in PEM, for other services.
  package var ed25519PEM: String {
    let key = Data(DER.ed25519Key(ed25519PublicKey)).base64EncodedString()
    return "-----BEGIN PUBLIC KEY-----\n\(key)\n-----END PUBLIC KEY-----\n"
  }
}

/// Without this, libcrypto would ask for a password at a terminal.
private func noPassword(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }
