/// A JSON Web Signature in its compact form (RFC 7515, section 7.1), split but not verified.
package struct CompactToken: Sendable {
  static let largestByteCount = 4096

  private let headerText: ArraySlice<UInt8>
  private let payloadText: ArraySlice<UInt8>
  private let signedText: ArraySlice<UInt8>
  private let signature: [UInt8]

  package init(_ text: String) throws(TokenRefusal) {
    guard text.utf8.count <= Self.largestByteCount else { throw .malformed }
    let bytes = Array(text.utf8)
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty else { throw .malformed }
    headerText = parts[0]
    payloadText = parts[1]
    signedText = bytes[..<parts[1].endIndex]
    guard !parts[2].isEmpty, let signature = Base64.url.decode(parts[2]) else {
      // With a valid header and payload it is a token without a signature, not a malformed text.
      _ = (try Self.object(headerText), try Self.object(payloadText))
      throw .badSignature
    }
    self.signature = signature
  }

  /// Members that could point to a key (`jku`, `jwk`, `x5u`, `x5c`) are ignored.
  package func header() throws(TokenRefusal) -> TokenHeader {
    let header = try Self.object(headerText)
    guard header["crit"] == nil else { throw .criticalHeader }
    guard let algorithm = header.text("alg") else { throw .malformed }
    guard header["kid"] == nil || header.text("kid") != nil, header["typ"] == nil || header.text("typ") != nil
    else { throw .malformed }
    return TokenHeader(algorithm: algorithm, keyID: header.text("kid"), type: header.text("typ"))
  }

  func hasHeader(_ text: String) -> Bool { headerText.elementsEqual(text.utf8) }

  package func isSigned(by key: SignatureKey) -> Bool { key.verifies(signature, of: Array(signedText)) }

  package func payload() throws(TokenRefusal) -> JSONObject { try Self.object(payloadText) }

  private static func object(_ text: ArraySlice<UInt8>) throws(TokenRefusal) -> JSONObject {
    guard let bytes = Base64.url.decode(text), let object = JSONObject(bytes) else { throw .malformed }
    return object
  }

  static func text(header: String, payload: [UInt8], signedBy key: SignatureKey) -> String {
    let signed = header + "." + Base64.url.encode(payload)
    return signed + "." + Base64.url.encode(key.sign(Array(signed.utf8)))
  }
}

/// The header of a token, not verified yet.
package struct TokenHeader {
  package let algorithm: String
  package let keyID: String?
  package let type: String?
}

/// The reason why a token is refused. The log has it; the client gets one answer for all.
package enum TokenRefusal: Error, Sendable, Hashable {
  /// Not a compact JWS of at most 4096 bytes with two JSON objects in strict base64url.
  case malformed
  /// The header names extensions that must be understood, and none is.
  case criticalHeader
  case wrongType
  /// No such key. The key file may have been rotated a moment ago: reload it and verify again.
  case unknownKey
  /// The header names another algorithm than that of the key.
  case wrongAlgorithm
  case badSignature
  /// A claim is missing, has the wrong type, or is a time outside of the calendar.
  case badClaim(String)
  case wrongIssuer
  case wrongAudience
  case expired
  case notYetValid
}
