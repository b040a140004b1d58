internal import FoundationEssentials
package import Tokens

/// A shop with a key file of its own, and a signer that signs any text with the shop's keys. The file has two keys: an
/// HS256 key that signs now, and the Ed25519 key that signed before.
package struct Mint: Sendable {
  package static let now = 1_700_000_000

  package let directory: TemporaryDirectory
  package let keyFile: String
  package let tokens: AccessTokens
  package let keys: [StoredKey]

  package struct StoredKey: Decodable {
    package let kid: String
    package let algorithm: String
    package let secret: String

    package var material: SignatureKey {
      get throws {
        let bytes = Base64.url.decode(secret)!
        return algorithm == "HS256" ? .secret(bytes) : .pair(try AsymmetricKey(ed25519Seed: bytes))
      }
    }
  }

  package init(_ algorithms: SignatureAlgorithm...) throws {
    directory = try TemporaryDirectory()
    keyFile = directory / "keys.json"
    try TokenKeys.create(keyFile, algorithms.first ?? .edDSA, now: Self.now)
    for algorithm in algorithms.isEmpty ? [.hs256] : algorithms.dropFirst() {
      try TokenKeys.rotate(keyFile, to: algorithm, now: Self.now)
    }
    tokens = try Self.tokens(keyFile)
    keys = try Self.keys(keyFile)
  }

  package static func tokens(_ keyFile: String) throws -> AccessTokens {
    AccessTokens(issuer: "https://shop.example", audience: "tuckshop", keys: try TokenKeys(file: keyFile))
  }

  package static func keys(_ file: String) throws -> [StoredKey] {
    try JSONDecoder().decode([String: [StoredKey]].self, from: Data(contentsOf: URL(filePath: file)))["keys"]!
  }

  package static let claims = Claims(
    subject: "17", tokenID: "t-1", issuedAt: now, expiresAt: now + 900, username: "Аня", role: "user", session: "s-1")

  /// The members of a valid header, some of them changed: each value is JSON, and nil leaves the member out.
  package func header(_ changes: KeyValuePairs<String, String?> = [:], key: Int = 0) -> String {
    jsonObject(
      [("alg", quoted(keys[key].algorithm)), ("kid", quoted(keys[key].kid)), ("typ", quoted("at+jwt"))], changes)
  }

  package func payload(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
    jsonObject(
      [
        ("iss", quoted("https://shop.example")), ("aud", quoted("tuckshop")), ("sub", quoted("17")),
        ("jti", quoted("t-1")), ("iat", "\(Self.now)"), ("exp", "\(Self.now + 900)"),
      ], changes)
  }

  package func sign(_ header: String? = nil, _ payload: String? = nil, key: Int = 0) throws -> String {
    try Self.sign(Array((header ?? self.header()).utf8), Array((payload ?? self.payload()).utf8), keys[key].material)
  }

  package static func sign(_ header: [UInt8], _ payload: [UInt8], _ key: SignatureKey) -> String {
    let signed = Base64.url.encode(header) + "." + Base64.url.encode(payload)
    return signed + "." + Base64.url.encode(key.sign(Array(signed.utf8)))
  }
}

package func quoted(_ text: String) -> String { "\"" + text + "\"" }

extension String {
  /// The parts of a compact token.
  package var parts: [String] { split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
}
