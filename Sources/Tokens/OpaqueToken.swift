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
