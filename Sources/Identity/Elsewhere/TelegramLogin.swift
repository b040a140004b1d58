internal import FoundationEssentials
internal import Notation
internal import Tokens

/// Sign-in from a Telegram Mini App. The client sends `initData`, which Telegram signed with a key derived from the
/// bot's token (core.telegram.org/bots/webapps, "Validating data received via the Mini App").
package struct TelegramLogin: Sendable {
  private let key: [UInt8]

  private static let largestByteCount = 4096

  package init(botToken: String) {
    precondition(!botToken.isEmpty, "without a bot's token anybody could sign")
    key = Digest.hmac(key: Array("WebAppData".utf8), Array(botToken.utf8))
  }

  package func verify(_ initData: String, now: Int, maxAgeSeconds: Int) throws(TelegramRefusal) -> ForeignToken {
    guard initData.utf8.count <= Self.largestByteCount, var fields = Self.fields(initData) else { throw .malformed }
    guard let hash = fields.removeValue(forKey: "hash").flatMap(Self.bytes) else { throw .malformed }
    // By name alone: with its value, `a1=` would come before `a=`.
    let signed = fields.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }.joined(separator: "\n")
    guard Digest.areEqual(Digest.hmac(key: key, Array(signed.utf8)), hash) else { throw .badHash }
    guard let text = fields["auth_date"], let time = Int(text), String(time) == text,
      (0...RegisteredClaims.lastTime).contains(time)
    else { throw .malformed }
    guard time - RegisteredClaims.leewaySeconds <= now else { throw .notYetValid }
    guard now - time <= maxAgeSeconds else { throw .expired }
    guard let user = fields["user"].flatMap({ JSONObject(Array($0.utf8)) }), let id = user.integer("id"), id > 0
    else { throw .noUser }
    let somebody = TelegramUser(id: id, username: user.text("username"), firstName: user.text("first_name"))
    return ForeignToken(
      identity: ForeignIdentity(somebody), id: UUID(digesting: "telegram\n\(Base64.url.encode(hash))"),
      expiresAt: time + maxAgeSeconds)
  }

  /// The fields by name, or nil if one of them could be read in two ways.
  private static func fields(_ text: String) -> [String: String]? {
    var fields: [String: String] = [:]
    for field in Percent.split(text[...], at: "&") {
      let parts = Percent.split(field, at: "=", maxSplits: 1)
      guard parts.count == 2, let name = Percent.decoded(parts[0], plusIsSpace: true),
        let value = Percent.decoded(parts[1], plusIsSpace: true), isName(name),
        // The signed text has one field per line: a line end inside a value would make one field look like two.
        value.utf8.allSatisfy({ $0 >= 0x20 }), fields.updateValue(value, forKey: name) == nil
      else { return nil }
    }
    return fields
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      }
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8]? {
    guard hexadecimal.utf8.count == 2 * Digest.byteCount else { return nil }
    let digits = hexadecimal.utf8.compactMap(Hexadecimal.digit)
    guard digits.count == 2 * Digest.byteCount else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}

package struct TelegramUser: Sendable, Equatable {
  package let id: Int
  package let username: String?
  package let firstName: String?

  package init(id: Int, username: String?, firstName: String?) {
    self.id = id
    self.username = username
    self.firstName = firstName
  }
}

/// The reason why initData is not accepted. As with tokens, only the log has it.
package enum TelegramRefusal: Error, Sendable {
  case malformed, badHash, expired, notYetValid, noUser
}
