/// Why a token is not believed. The log may tell these apart; whoever sent the token hears one answer for them all.
package enum TokenRefusal: Error, Sendable, Hashable {
  /// Not a compact JWS of at most 4096 bytes with two JSON objects in strict base64url.
  case malformed
  /// The header names extensions that must be understood, and none is.
  case criticalHeader
  case wrongType
  /// Nobody's key. The key file may have been rotated a moment ago: reload it and ask again.
  case unknownKey
  /// The header names another algorithm than the key has.
  case wrongAlgorithm
  case badSignature
  /// A claim is missing, has the wrong type, or is a time outside of the calendar.
  case badClaim(String)
  case wrongIssuer
  case wrongAudience
  case expired
  case notYetValid
}
