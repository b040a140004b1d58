internal import Notation

/// Codes that a phone computes from a secret and the time (TOTP, RFC 6238): the HMAC of the number of the half minute.
package struct TimeCode: Sendable {
  package let secret: [UInt8]

  package static let stepSeconds = 30
  private static let digits = 6
  /// The length of the digest, as RFC 4226 recommends.
  private static let secretByteCount = 20
  /// A phone's clock may be wrong by so many steps, and typing takes time.
  private static let tolerance = 1

  package init(secret: [UInt8] = Random.bytes(Self.secretByteCount)) { self.secret = secret }

  /// The code of one step: digits of the HMAC, from the place that its last byte names (RFC 4226, section 5.3).
  package func code(at step: Int, digits: Int = Self.digits) -> String {
    let counter = withUnsafeBytes(of: UInt64(bitPattern: Int64(step)).bigEndian) { Array($0) }
    let mac = Digest.hmacSHA1(key: secret, counter)
    let place = Int(mac[19] & 15)
    let number = mac[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
    let text = String(Int(number) % (0..<digits).reduce(1) { power, _ in power * 10 })
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }

  /// The step that the code belongs to; nil if it is none of those around that moment. All of them are compared, so that
  /// the time reveals nothing.
  package func step(of code: String, at now: Int) -> Int? {
    let given = Array(code.utf8)
    let present = now / Self.stepSeconds
    return (present - Self.tolerance...present + Self.tolerance).reduce(nil) { found, step in
      Digest.areEqual(given, Array(self.code(at: step).utf8)) ? step : found
    }
  }

  /// The secret as people type it into an app for codes.
  package var text: String { Base32.encode(secret) }

  /// The same as a URL, for a QR code. A colon separates issuer and account.
  package func url(issuer: String, account: String) -> String {
    let issuer = Percent.encoded(issuer)
    return "otpauth://totp/\(issuer):\(Percent.encoded(account))?secret=\(text)&issuer=\(issuer)"
      + "&algorithm=SHA1&digits=\(Self.digits)&period=\(Self.stepSeconds)"
  }
}

/// Takes the place of a code once, if the phone is lost: 80 random bits. A fast digest is enough, because nobody guesses
/// that many.
package struct RecoveryCode: Sendable {
  package let text: String
  package let digest: [UInt8]

  private static let byteCount = 10

  package init() { self.init(Random.bytes(Self.byteCount)) }

  /// Nil for a text of another form. `text` has no blanks and hyphens any more.
  package init?(_ text: String) {
    guard text.utf8.count == 16, let bytes = Base32.decode(text) else { return nil }
    self.init(bytes)
  }

  private init(_ bytes: [UInt8]) {
    let letters = Array(Base32.encode(bytes))
    text = stride(from: 0, to: letters.count, by: 4).map { String(letters[$0..<$0 + 4]) }.joined(separator: "-")
    digest = Digest.sha256(bytes)
  }
}
