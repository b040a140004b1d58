/// 256 random bits that mean nothing by themselves: a refresh token. Its bearer has the text, the database only the
/// digest, so that a stolen dump opens no session. A fast digest is enough: nobody guesses 256 bits.
package struct OpaqueToken: Sendable {
  package let text: String
  package let digest: [UInt8]
  private let bytes: [UInt8]

  package init() { self.init(Random.bytes(32)) }

  /// Nil for whatever was not made by `init()`, so that a JWT or an empty string never becomes a query.
  package init?(_ text: String) {
    guard text.utf8.count == 43, let bytes = Base64.url.decode(text) else { return nil }
    self.init(bytes)
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    text = Base64.url.encode(bytes)
    digest = Digest.sha256(bytes)
  }

  /// The token that follows this one: whoever has only one of the two ingredients cannot tell it.
  package func successor(_ nonce: [UInt8]) -> OpaqueToken { OpaqueToken(Digest.hmac(key: bytes, nonce)) }
}
