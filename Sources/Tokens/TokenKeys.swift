internal import FoundationEssentials
internal import Notation

/// The keys of the key file, newest first. The first one signs, and the previous one still verifies, so a rotation ends
/// no session. A second rotation ends what the oldest key signed.
package struct TokenKeys: Sendable {
  private let path: String
  private let stamp: PrivateFile.Stamp
  private let keys: [TokenKey]

  static let mostKeys = 2

  package init(file path: String) throws(KeyError) {
    let file = try PrivateFile.read(path)
    self.path = path
    stamp = file.stamp
    keys = try Self.parse(file.bytes, path)
  }

  /// Their public description.
  package var summary: [String] {
    keys.enumerated().map { index, key in "\(key) \(index == 0 ? "signs" : "verifies")" }
  }

  package var signing: TokenKey { keys[0] }

  func first(where isWanted: (TokenKey) -> Bool) -> TokenKey? { keys.first(where: isWanted) }

  /// A token's `kid` is used only here, never in a path or a query.
  subscript(id: String) -> TokenKey? { keys.first { $0.id.hasSameBytes(as: id) } }

  /// The present keys of the file, or nil if it has not changed. Costs one `stat`.
  package func reloadIfChanged() throws(KeyError) -> TokenKeys? {
    try PrivateFile.stamp(path) == stamp ? nil : TokenKeys(file: path)
  }

  package static func create(_ path: String, _ algorithm: SignatureAlgorithm, now: Int) throws(KeyError) {
    try PrivateFile.exclusively(path) { () throws(KeyError) in
      guard !PrivateFile.exists(path) else {
        throw KeyError("\(path): there is a key file already; `tuckshop key rotate` makes a new key")
      }
      try PrivateFile.write(try text(of: [.make(algorithm, now: now)]), to: path)
    }
  }

  /// A new key signs from now on; the previous one verifies until the next rotation.
  package static func rotate(_ path: String, to algorithm: SignatureAlgorithm? = nil, now: Int) throws(KeyError) {
    try PrivateFile.exclusively(path) { () throws(KeyError) in
      let present = try TokenKeys(file: path)
      let key = try TokenKey.make(algorithm ?? present.signing.algorithm, now: now)
      let keys = [key] + present.keys.prefix(mostKeys - 1)
      try PrivateFile.write(text(of: keys), to: path, handOver: present.stamp.handOver)
    }
  }

  /// The public keys for other services (RFC 7517), or nil if there are none.
  package func jwks() -> [UInt8]? {
    let published = keys.compactMap { key -> JSON? in
      guard case .pair(let pair) = key.material else { return nil }
      return [
        "alg": .string(key.algorithm.rawValue), "crv": "Ed25519", "kid": .string(key.id), "kty": "OKP", "use": "sig",
        "x": .string(Base64.url.encode(pair.ed25519PublicKey)),
      ]
    }
    return published.isEmpty ? nil : JSON.object([JSON.Member(name: "keys", value: .array(published))]).bytes
  }

  /// The public half of the key that signs, or nil if it has none.
  package func publicKeyPEM() -> String? {
    if case .pair(let key) = signing.material { key.ed25519PEM } else { nil }
  }

  private struct KeyFile: Codable {
    let keys: [TokenKey.Stored]
  }

  private static func parse(_ bytes: [UInt8], _ path: String) throws(KeyError) -> [TokenKey] {
    // The decoder's own error would quote the file.
    guard let file = try? JSONDecoder().decode(KeyFile.self, from: Data(bytes)) else {
      throw KeyError("\(path) is not a key file: `tuckshop key create` makes one")
    }
    guard (1...mostKeys).contains(file.keys.count), Set(file.keys.map(\.kid)).count == file.keys.count else {
      throw KeyError("\(path): a key file has one key or two, with different ids")
    }
    var keys: [TokenKey] = []
    for stored in file.keys {
      do { keys.append(try TokenKey(stored)) } catch { throw KeyError("\(path): \(error)") }
    }
    return keys
  }

  private static func text(of keys: [TokenKey]) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return Array(try! encoder.encode(KeyFile(keys: keys.map(\.stored)))) + [UInt8(ascii: "\n")]
  }
}
