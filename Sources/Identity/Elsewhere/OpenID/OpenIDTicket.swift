package import FoundationEssentials
internal import Notation
internal import Postgres
internal import Tokens

/// The shop's memory of a sign-in that has begun. It travels in a cookie of the browser that began, so an answer of the
/// provider in any other browser is worth nothing. The browser may read it: a code is bound to the verifier against
/// others, not against the person who signs in.
package struct OpenIDTicket: Sendable, Equatable {
  package let state: String
  let nonce: String
  let verifier: String
  let startedAt: Int
  package let returnPath: String
  /// The signed-in user who wants to have this identity too.
  package let user: UUID?

  package static let lifeSeconds = 600
  private static let mostPathBytes = 512
  private static let leewaySeconds = 60

  /// Three times 256 random bits.
  init(returnPath: String?, user: UUID?, now: Int) {
    (state, nonce, verifier) = (Self.random(), Self.random(), Self.random())
    startedAt = now
    self.returnPath = returnPath.flatMap(Self.local) ?? "/"
    self.user = user
  }

  /// Nil if this is no ticket. It may be too old.
  init?(_ bytes: [UInt8]) {
    guard let object = JSONObject(bytes), let state = object.text("state"), let nonce = object.text("nonce"),
      let verifier = object.text("verifier"), let startedAt = object.integer("started"),
      let returnPath = object.text("return")
    else { return nil }
    (self.state, self.nonce, self.verifier, self.startedAt) = (state, nonce, verifier, startedAt)
    self.returnPath = returnPath
    user = object.text("user").flatMap { UUID(uuidString: $0) }
  }

  var bytes: [UInt8] {
    JSON.members([
      "state": .string(state), "nonce": .string(nonce), "verifier": .string(verifier), "started": .integer(startedAt),
      "return": .string(returnPath), "user": user.map { .string($0.uuidString) },
    ]).bytes
  }

  /// Another worker's clock may be a little ahead.
  func isFresh(now: Int) -> Bool { (startedAt - Self.leewaySeconds..<startedAt + Self.lifeSeconds).contains(now) }

  /// Throws if this state came before. It is remembered for longer than any worker would take it.
  func spend(on connection: borrowing Connection) throws {
    let seconds = Self.lifeSeconds + 2 * Self.leewaySeconds
    let spent = try connection.run(
      """
      INSERT INTO spent_proofs (digest, expires_at)
      VALUES (\(Digest.sha256(Array(state.utf8))), clock_timestamp() + make_interval(secs => \(seconds)))
      ON CONFLICT DO NOTHING
      """)
    guard spent == 1 else { throw OpenIDRefusal.alreadyUsed }
  }

  /// PKCE's S256 (RFC 7636, section 4.2).
  var challenge: String { Base64.url.encode(Digest.sha256(Array(verifier.utf8))) }

  private static func random() -> String { Base64.url.encode(Random.bytes(32)) }

  /// A path of this shop. Browsers take `//` and `/\` for the beginning of another host, and skip tabs and line ends.
  private static func local(_ path: String) -> String? {
    let bytes = Array(path.utf8)
    guard bytes.first == UInt8(ascii: "/"), bytes.count <= mostPathBytes, bytes.dropFirst().first != UInt8(ascii: "/"),
      bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
    else { return nil }
    return path
  }
}
