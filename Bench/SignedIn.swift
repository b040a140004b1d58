internal import FoundationEssentials
internal import Identity
internal import Support
import Tokens

extension Site {
  /// The token of a sign-in, once the pool is ready.
  func token(_ member: String, from path: String, _ body: String) throws -> String {
    var token: String?
    try eventually("somebody can sign in") {
      let answer = try world.ask(path, method: "POST", body: body)
      token = answer.member(member)
      return answer.status == 200 && token != nil
    }
    return token!
  }

  var keyFile: String { directory / "secrets/keys.json" }

  /// Tokens of people that `tuckshop seed --load` made, at most this many. The benchmark signs them with its own key
  /// file, so they need no password.
  func tokens(
    of people: Int, most: Int = 20_000, lastingSeconds: Int = 86_000, subject: (Int) -> String = loadedUser
  ) throws -> [(name: String, token: String)] {
    let tokens = AccessTokens(issuer: "tuckshop", audience: "tuckshop", keys: try TokenKeys(file: keyFile))
    let now = Int(Date().timeIntervalSince1970)
    return stride(from: 1, through: people, by: max(1, people / most)).map { number in
      let name = "load" + String(repeating: "0", count: max(0, 6 - "\(number)".count)) + "\(number)"
      let claims = Claims(
        subject: subject(number), tokenID: "00000000-0000-7000-8000-\(loadedUser(number).suffix(12))",
        issuedAt: min(now, now + lastingSeconds),
        expiresAt: now + lastingSeconds, username: name, role: "user")
      return (name, tokens.issue(claims))
    }
  }

  /// The signing secret in hex, as the C worker reads it.
  func secret() throws -> String {
    struct KeyFile: Decodable {
      struct Key: Decodable { let secret: String }
      let keys: [Key]
    }
    let file = try JSONDecoder().decode(KeyFile.self, from: Data(read(keyFile).utf8))
    guard let bytes = file.keys.first.flatMap({ Base64.url.decode($0.secret) }) else { throw Failure("no secret") }
    return hexadecimal(bytes)
  }
}

/// The id of a user that `tuckshop seed --load` made.
func loadedUser(_ number: Int) -> String {
  let digits = String(number, radix: 16)
  return "10ad0000-0000-8000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
}
