package import Notation

/// A JSON Web Signature in its compact form (RFC 7515, section 7.1), split but not verified.
package struct CompactToken: Sendable {
  package static let largestByteCount = 4096

  private let headerText: ArraySlice<UInt8>
  private let payloadText: ArraySlice<UInt8>
  private let signedText: ArraySlice<UInt8>
  private let signature: [UInt8]

  package init(_ text: String, mostBytes: Int = largestByteCount) throws(TokenRefusal) {
    guard text.utf8.count <= mostBytes else { throw .malformed }
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
  package func header() throws(TokenRefusal) -> (algorithm: String, keyID: String?, type: String?) {
    let header = try Self.object(headerText)
    guard header["crit"] == nil else { throw .criticalHeader }
    let (keyID, type) = (header.text("kid"), header.text("typ"))
    guard let algorithm = header.text("alg"), header["kid"] == nil || keyID != nil, header["typ"] == nil || type != nil
    else { throw .malformed }
    return (algorithm, keyID, type)
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

/// The reason why a token is refused. The log has it; the client gets one answer for all.
package enum TokenRefusal: Error, Sendable, Hashable {
  /// Not a compact JWS of at most 4096 bytes (an ID token has 16 KB) with two JSON objects in strict base64url.
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

/// One JSON object of a token. Our own parser refuses a member that is named twice, in any spelling; `JSONDecoder` keeps
/// the last of two, so one signed token could mean two things.
package struct JSONObject {
  private let members: [JSON.Member]

  package init?(_ bytes: [UInt8]) {
    guard case .object(let members) = try? JSON(parsing: bytes) else { return nil }
    self.members = members
  }

  /// Nil if the value is no object.
  package init?(_ value: JSON) {
    guard case .object(let members) = value else { return nil }
    self.members = members
  }

  package subscript(name: String) -> JSON? {
    // As bytes, because `==` takes canonically equivalent names for equal.
    members.first { $0.name.hasSameBytes(as: name) }?.value
  }

  package func text(_ name: String) -> String? {
    if case .string(let text) = self[name] { text } else { nil }
  }

  package func integer(_ name: String) -> Int? {
    if case .integer(let integer) = self[name] { integer } else { nil }
  }

  /// One text, or a list of texts alone.
  package func texts(_ name: String) -> [String]? {
    switch self[name] {
    case .string(let text): [text]
    case .array(let values):
      values.reduce(into: [String]?([])) { texts, value in
        if case .string(let text) = value { texts?.append(text) } else { texts = nil }
      }
    default: nil
    }
  }
}
