import FoundationEssentials
import Identity
import Postgres
import Support
import Telemetry
import Tokens

/// Signs any header and payload with a shop's own key, and with other keys.
struct Forger: Sendable {
  let now = Clock.unixSeconds
  let keyID: String
  let secret: [UInt8]
  /// An existing user.
  let user: String

  private struct StoredKey: Decodable {
    let kid: String
    let secret: String
  }

  init(keyFile: String, user: User) throws {
    let file = try Data(contentsOf: URL(filePath: keyFile))
    let key = try JSONDecoder().decode([String: [StoredKey]].self, from: file)["keys"]![0]
    (keyID, secret, self.user) = (key.kid, Base64.url.decode(key.secret)!, user.id.text)
  }

  typealias Changes = KeyValuePairs<String, String?>

  /// Each value is JSON; nil leaves the member out.
  func header(_ changes: Changes = [:]) -> String {
    jsonObject([("alg", "\"HS256\""), ("kid", "\"\(keyID)\""), ("typ", "\"at+jwt\"")], changes)
  }

  func payload(_ changes: Changes = [:]) -> String {
    jsonObject(
      [
        ("iss", "\"tuckshop\""), ("aud", "\"tuckshop\""), ("sub", "\"\(user)\""), ("jti", "\"t\""), ("gen", "0"),
        ("iat", "\(now)"), ("exp", "\(now + 900)"), ("username", "\"anna\""), ("role", "\"user\""),
      ], changes)
  }

  func sign(_ header: String? = nil, _ payload: String? = nil, with key: SignatureKey? = nil) -> String {
    let parts = [header ?? self.header(), payload ?? self.payload()].map { Base64.url.encode(Array($0.utf8)) }
    let signed = parts.joined(separator: ".")
    return signed + "." + Base64.url.encode((key ?? .secret(secret)).sign(Array(signed.utf8)))
  }

  /// A valid token, rewritten after it was signed.
  func rewritten(_ change: ([String]) -> String) -> String {
    change(sign().split(separator: ".").map(String.init))
  }
}
