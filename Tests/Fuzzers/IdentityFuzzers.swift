internal import Glibc
internal import Identity
internal import Notation
internal import Tokens

private let now = 1_700_000_000

/// A shop's key file, new for each run, and a signer with its keys.
private let mint: (tokens: AccessTokens, id: String, key: SignatureKey) = {
  var directory = Array("/tmp/tuckshop-fuzz-XXXXXX".utf8CString)
  expect(mkdtemp(&directory) != nil, "no temporary directory")
  let folder = String(decoding: directory.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let path = folder + "/keys.json"
  defer {
    unlink(path)
    rmdir(folder)
  }
  do {
    try TokenKeys.create(path, .hs256, now: now)
    let keys = try TokenKeys(file: path)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let file = open(path, O_RDONLY)
    defer { close(file) }
    let count = read(file, &bytes, bytes.count)
    guard case .object(let members) = try JSON(parsing: Array(bytes[..<count])),
      case .array(let list)? = members.first(where: { $0.name == "keys" })?.value,
      case .object(let key)? = list.first,
      case .string(let secret)? = key.first(where: { $0.name == "secret" })?.value
    else { fatalError("the key file has another form") }
    let tokens = AccessTokens(issuer: "tuckshop", audience: "tuckshop", keys: keys)
    return (tokens, keys.signing.id, .secret(Base64.url.decode(secret)!))
  } catch {
    fatalError("\(error)")
  }
}()

private let claims = Claims(
  subject: "01a1fc3c-ec67-7644-af0c-ae0625ff0000", tokenID: "01a1fc3c-ec67-7644-af0c-ae0625ff0001", issuedAt: now,
  expiresAt: now + 900, username: "anna", role: "user", session: "01a1fc3c-ec67-7644-af0c-ae0625ff0002")

/// The first byte chooses the meaning of the rest: a token, a correctly signed header or payload, or changes to a valid
/// token. None of them may be believed.
func fuzzToken(_ bytes: [UInt8]) {
  let rest = bytes.dropFirst()
  switch bytes.first.map({ $0 % 4 }) {
  case 0:
    guard let text = text(rest) else { return }
    expect((try? mint.tokens.verify(text, now: now)) == nil, "a stranger's token is believed")
  case 1: _ = try? mint.tokens.verify(signed(header: Array(rest), payload: Array(goodPayload.utf8)), now: now)
  case 2:
    let header = #"{"alg":"HS256","kid":"\#(mint.id)","typ":"at+jwt"}"#
    guard let claims = try? mint.tokens.verify(signed(header: Array(header.utf8), payload: Array(rest)), now: now)
    else { return }
    expect(claims.issuedAt <= now + 60 && claims.expiresAt > now - 60, "claims of another time are believed")
  case 3:
    let good = Array(mint.tokens.issue(claims).utf8)
    guard let changed = text(edited(good, by: Array(rest))), !changed.utf8.elementsEqual(good) else { return }
    expect((try? mint.tokens.verify(changed, now: now)) == nil, "a changed token is believed")
  default: return
  }
}

private let goodPayload =
  #"{"iss":"tuckshop","aud":"tuckshop","sub":"a","jti":"b","iat":\#(now),"exp":\#(now + 900)}"#

private func signed(header: [UInt8], payload: [UInt8]) -> String {
  let signed = Base64.url.encode(header) + "." + Base64.url.encode(payload)
  return signed + "." + Base64.url.encode(mint.key.sign(Array(signed.utf8)))
}

/// Three bytes for each change: two for the position, one for the new byte.
private func edited(_ good: [UInt8], by changes: [UInt8]) -> [UInt8] {
  var bytes = good
  for start in stride(from: 0, to: changes.count - 2, by: 3) {
    bytes[(Int(changes[start]) << 8 | Int(changes[start + 1])) % bytes.count] = changes[start + 2]
  }
  return bytes
}

private let botToken = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
private let telegram = TelegramLogin(botToken: botToken)
nonisolated(unsafe) private let authenticator = Authenticator(
  tokens: mint.tokens, foreign: ForeignIssuers(), telegram: telegram)

/// Two lines: the Authorization header and the trusted one. A stranger proves nothing by the first.
func fuzzCredentials(_ bytes: [UInt8]) {
  let lines = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
  let authorization = lines.first.flatMap { text($0) }
  let trusted = lines.dropFirst().first.flatMap { text($0) }
  let credentials = Credentials(authorization: authorization, trustedUser: trusted)
  guard let proof = try? authenticator.examine(credentials, now: now) else { return }
  guard case .trustedHeader(let identity) = proof, authorization == nil, let trusted,
    identity.subject.utf8.elementsEqual(trusted.utf8)
  else { fatalError("a stranger is believed") }
}

/// The input as it is, and with the right hash for its fields appended: then it may be believed, and names a user.
func fuzzTelegram(_ bytes: [UInt8]) {
  guard let data = text(bytes) else { return }
  expect((try? telegram.verify(data, now: now, maxAgeSeconds: 3600)) == nil, "a stranger is believed")
  let fields = data.utf8.split(separator: UInt8(ascii: "&")).compactMap { field -> (String, String)? in
    let parts = Percent.split(Substring(field), at: "=", maxSplits: 1)
    guard parts.count == 2, let name = Percent.decoded(parts[0], plusIsSpace: true),
      let value = Percent.decoded(parts[1], plusIsSpace: true)
    else { return nil }
    return (name, value)
  }
  let lines = fields.sorted { $0.0 < $1.0 }.map { $0.0 + "=" + $0.1 }.joined(separator: "\n")
  let key = Digest.hmac(key: Array("WebAppData".utf8), Array(botToken.utf8))
  let hash = Digest.hmac(key: key, Array(lines.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  guard let user = try? telegram.verify(data + "&hash=" + hash, now: now, maxAgeSeconds: 3600) else { return }
  expect(Int(user.identity.subject) ?? 0 > 0, "nobody is believed")
}
