import Identity
import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct TelegramTests {
  private static let botToken = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
  private static let now = 1_700_000_000
  private let login = TelegramLogin(botToken: botToken)

  /// Made with Python's hmac and urllib.
  private static let vector =
    "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%5C%22%D0%92"
    + "%D0%BB%D0%B0%D0%B4%5C%22%22%2C%22last_name%22%3A%22K%20%2B%20B%22%2C%22username%22%3A%22vdkfrost%22%2C%22language"
    + "_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%5C%2F%5C%5C%2Ft.me%5C%5C%2Fi%22"
    + "%7D&auth_date=1700000000&signature=c2ln&hash=8071bf8373b5b9c2377644a5fab1558d69e66f2370f3afd2e27e929d6dc4a45d"

  @Test func `a signature made by Python is believed, with a blank in either encoding`() throws {
    let user = try login.verify(Self.vector, now: Self.now, maxAgeSeconds: 60).identity
    #expect(user.issuer == "telegram" && user.subject == "279058397")
    #expect(user.names == ["vdkfrost", "telegram:279058397"])
    #expect(user.fullName == "Vladislav \"Влад\"")
    let plus = Self.vector.split(separator: "%20").joined(separator: "+")
    #expect(plus != Self.vector)
    #expect(try login.verify(plus, now: Self.now, maxAgeSeconds: 60).identity == user)
    let reordered = Self.vector.split(separator: "&").reversed().joined(separator: "&")
    #expect(try login.verify(reordered, now: Self.now, maxAgeSeconds: 60).identity == user)
  }

  /// Signs as Telegram describes it.
  private func signed(_ fields: [(String, String)], token: String = botToken) -> String {
    let key = Digest.hmac(key: Array("WebAppData".utf8), Array(token.utf8))
    let lines = fields.sorted { $0.0 < $1.0 }.map { "\($0.0)=\($0.1)" }.joined(separator: "\n")
    let hash = hexadecimal(Digest.hmac(key: key, Array(lines.utf8)))
    return (fields + [("hash", hash)]).map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
  }

  private func encoded(_ text: String) -> String { text.utf8.map { "%" + hexadecimal([$0]) }.joined() }

  private func fields(_ changes: KeyValuePairs<String, String?> = [:]) -> [(String, String)] {
    var fields = [("auth_date", "\(Self.now)"), ("user", #"{"id":5,"first_name":"A"}"#), ("a", "1"), ("a1", "2")]
    for (name, value) in changes {
      fields.removeAll { $0.0 == name }
      if let value { fields.append((name, value)) }
    }
    return fields
  }

  private func refusal(_ initData: String, now: Int = now, maxAge: Int = 3600) -> TelegramRefusal? {
    do throws(TelegramRefusal) {
      _ = try login.verify(initData, now: now, maxAgeSeconds: maxAge)
      return nil
    } catch {
      return error
    }
  }

  @Test func `fields are signed in the order of their names`() {
    #expect(refusal(signed(fields())) == nil)
  }

  @Test func `another bot's signature, or a changed field, is refused`() {
    #expect(refusal(signed(fields(), token: Self.botToken + "x")) == .badHash)
    let good = signed(fields())
    #expect(refusal(good + "&is_admin=1") == .badHash)
    #expect(refusal(String(good.dropFirst("auth_date=".count + 31))) != nil)
    #expect(refusal(good.replacing("%35", with: "%36")) == .badHash)
    #expect(refusal(String(good.dropLast()) + (good.hasSuffix("0") ? "1" : "0")) == .badHash)
  }

  @Test func `a signature expires`() {
    let good = signed(fields())
    #expect(refusal(good, now: Self.now + 3600) == nil)
    #expect(refusal(good, now: Self.now + 3601) == .expired)
    #expect(refusal(good, now: Self.now - 60) == nil)
    #expect(refusal(good, now: Self.now - 61) == .notYetValid)
    #expect(refusal(good, now: Int.max) == .expired)
    #expect(refusal(good, now: Int.min) == .notYetValid)
  }

  @Test(arguments: [nil, "", "x", "-1", "+1700000000", "01700000000", "1.7e9", "9223372036854775808", "253402300800"])
  func `a signature without a sane time is refused`(time: String?) {
    #expect(refusal(signed(fields(["auth_date": time]))) == .malformed)
  }

  @Test(arguments: [
    nil, "", "{}", "null", "5", #"{"id":"5"}"#, #"{"id":0}"#, #"{"id":-5}"#, #"{"id":1.5}"#, #"{"id":1e9}"#,
    #"{"id":9223372036854775808}"#, #"{"id":5,"id":6}"#, #"{"id":5"#, #"[{"id":5}]"#, #"{"id":null}"#,
  ])
  func `without a user nobody logs in`(user: String?) {
    #expect(refusal(signed(fields(["user": user]))) == .noUser)
  }

  @Test func `a user may have no name`() throws {
    let data = signed(fields(["user": #"{"id":5,"username":7}"#]))
    let user = try login.verify(data, now: Self.now, maxAgeSeconds: 60).identity
    #expect(user.subject == "5")
    #expect(user.names == ["telegram:5"])
    #expect(user.fullName == nil)
  }

  /// Two fields sign like one field that contains a line end, so one could pass for the other.
  @Test func `a field with a line end is refused`() {
    let good = signed(fields())
    let merged = good.replacing("&a1=%32", with: "%0aa1=2")
    #expect(merged != good)
    #expect(refusal(merged) == .malformed)
    #expect(refusal(signed(fields(["x": "1\n2"]))) == .malformed)
  }

  @Test(arguments: [
    "", "&", "=", "hash", "hash=", "hash=00", "auth_date=1700000000", "&&&", "a=1&hash=zz", "a=%&hash=00",
    "a=%4&hash=00", "a=%zz&hash=00", "a=%ff&hash=00", "a=%00&hash=00", "é=1",
  ])
  func `invalid initData is refused`(text: String) {
    #expect(refusal(text) == .malformed)
    #expect(refusal(text + "&" + signed(fields())) == .malformed)
  }

  @Test func `no field occurs twice, in whatever spelling`() {
    let good = signed(fields())
    #expect(refusal(good + "&a=1") == .malformed)
    #expect(refusal(good + "&%61=1") == .malformed)
    #expect(refusal(good + "&hash=" + String(repeating: "0", count: 64)) == .malformed)
    #expect(refusal(good + "&A=1") == .malformed)
    #expect(refusal(good + "&a%3Db=1") == .malformed)
  }

  @Test func `4096 bytes are read and no more`() {
    let base = signed(fields(["pad": ""])).utf8.count
    let longest = (4096 - base) / 3
    #expect(refusal(signed(fields(["pad": String(repeating: "p", count: longest)]))) == nil)
    #expect(refusal(signed(fields(["pad": String(repeating: "p", count: longest + 1)]))) == .malformed)
  }

  @Test func `no input from a stranger crashes it`() {
    let good = Array(Self.vector.utf8)
    var generator = Seeded(3)
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[place] = Array("%&=+0aZ\u{0}".utf8).randomElement(using: &generator)!
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.replacing("+", with: "%20") != Self.vector else { continue }
      // Text that decodes to the same fields is the same initData.
      if refusal(text) == nil { #expect(text.lowercased() == Self.vector.lowercased()) }
    }
  }
}
