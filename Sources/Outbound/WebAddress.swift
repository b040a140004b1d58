internal import CCurl

/// The URL of another server that this shop may call: https, or http for this machine alone. libcurl itself takes it
/// apart, so the host that is checked here is the host that is called.
package struct WebAddress: Sendable, Equatable, CustomStringConvertible {
  package let text: String
  package let host: String
  package let isSecure: Bool

  private static let largestByteCount = 2048

  /// Nil for any other URL, and for one that has a user, a password or a fragment.
  package init?(_ text: String) {
    // libcurl would accept blanks, and texts without a scheme.
    guard text.utf8.count <= Self.largestByteCount, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      let parts = curl_url()
    else { return nil }
    defer { curl_url_cleanup(parts) }
    guard curl_url_set(parts, CURLUPART_URL, text, 0) == CURLUE_OK,
      let scheme = Self.part(CURLUPART_SCHEME, of: parts), let host = Self.part(CURLUPART_HOST, of: parts),
      [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT].allSatisfy({ Self.part($0, of: parts) == nil })
    else { return nil }
    guard scheme == "https" || scheme == "http" && Self.isThisMachine(host) else { return nil }
    self.text = text
    self.host = host
    isSecure = scheme == "https"
  }

  package var description: String { text }

  /// libcurl never asks the network for `localhost`.
  package static func isThisMachine(_ host: String) -> Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let numbers = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
      UInt8(Substring($0))
    }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }

  private static func part(_ part: CURLUPart, of parts: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(parts, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
