import Audit
import FoundationEssentials
import Identity
import Postgres
import Support
import Testing
import Tokens

/// Users that an external issuer vouches for.
@Suite(.tiers(.database, .security))
struct ForeignCallerTests {
  private typealias Fixtures = ForeignFixtures

  private static let seed = Array(repeating: UInt8(9), count: 32)

  /// An issuer with an Ed25519 key that the test holds.
  private static func trust() throws -> Trust {
    let x = Base64.url.encode(try AsymmetricKey(ed25519Seed: seed).ed25519PublicKey)
    return try Trust("EdDSA", key: #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}]}"#)
  }

  private static func token(of user: String) throws -> String {
    let payload = jsonObject(
      [
        ("iss", quoted(Trust.issuer)), ("aud", quoted("tuckshop")), ("sub", quoted("1")), ("jti", quoted("t")),
        ("iat", "\(Mint.now)"), ("exp", "\(Mint.now + 900)"), ("preferred_username", quoted(user)),
        ("role", quoted("admin")),
      ], [:])
    return Mint.sign(
      Array(#"{"alg":"EdDSA","kid":"k"}"#.utf8), Array(payload.utf8), .pair(try AsymmetricKey(ed25519Seed: seed)))
  }

  private func withDoor(_ trust: Trust? = nil, _ body: (Door) throws -> Void) throws {
    try withFreshDatabase { database in
      let login = TelegramLogin(botToken: "1:test")
      let issuers = try (trust ?? Self.trust()).issuers()
      try body(try Door(try Mint(), database: database, foreign: issuers, telegram: login))
    }
  }

  @Test(arguments: [("RS256", Fixtures.rsaPEM, Fixtures.rs256), ("ES256", Fixtures.ecPEM, Fixtures.es256)])
  func `a user named by another service is created on the first request`(algorithm: String, key: String, token: String)
    throws
  {
    try withDoor(Trust(algorithm, key: key)) { door in
      let caller = try door.admit(bearer: token)
      #expect(caller.username == "Аня")
      #expect(caller.role == .user)
      #expect(caller.session == nil && caller.tokenID == nil)
      #expect(try door.admit(bearer: token, at: Door.now + 5) == caller)
      let found = try door.connection.value("SELECT count(*) FROM users WHERE password_hash IS NULL", as: Int.self)
      #expect(found == 1)
      #expect(throws: CallerRefusal.badToken(.expired)) { try door.admit(bearer: token, at: Door.now + 1000) }
      #expect(throws: CallerRefusal.badToken(.badSignature)) { try door.admit(bearer: token.dropLast(8) + "AAAAAAAA") }
    }
  }

  @Test func `an existing user is found by name or by id, with their role in this shop`() throws {
    try withDoor { door in
      let anna = try door.person("anna", .moderator)
      for name in ["anna", anna.id.text, anna.id.uuidString] {
        let caller = try door.admit(bearer: Self.token(of: name))
        #expect(caller.id == anna.id)
        #expect(caller.role == .moderator)
      }
      // "e" with a combining accent is the same name as the other spelling.
      let eve = try door.person("\u{E9}ve")
      #expect(try door.admit(bearer: Self.token(of: "e\u{301}ve")).id == eve.id)
      #expect(try door.connection.value("SELECT count(*) FROM users", as: Int.self) == 2)
    }
  }

  @Test func `an unknown id becomes the id of the new user`() throws {
    try withDoor { door in
      let id = UUID()
      let caller = try door.admit(bearer: Self.token(of: id.uuidString))
      #expect(caller.id == id)
      #expect(try door.admit(bearer: Self.token(of: id.text), at: Door.now + 1).id == id)
      #expect(try door.connection.value("SELECT count(*) FROM users", as: Int.self) == 1)
    }
  }

  @Test func `a deactivated user is refused within a second, and so is one deleted by their id`() throws {
    try withDoor { door in
      let anna = try door.person("anna")
      let token = try Self.token(of: "anna")
      let byID = try Self.token(of: anna.id.text)
      #expect(try door.admit(bearer: token).id == anna.id)
      try door.change(anna.id) { $0.isActive = false }
      for token in [token, byID] {
        #expect(throws: CallerRefusal.inactive) { try door.admit(bearer: token, at: Door.now + 1) }
      }
      try User.delete(anna.id, by: .commandLine, on: door.connection)
      #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: byID, at: Door.now + 2) }
      #expect(try door.connection.value("SELECT count(*) FROM users", as: Int.self) == 1)
    }
  }

  @Test func `a new role holds from the next second on, and within one second there is no query`() throws {
    try withDoor { door in
      let anna = try door.person("anna")
      let token = try Self.token(of: "anna")
      #expect(try door.admit(bearer: token).role == .user)
      try door.change(anna.id) { $0.role = .admin }
      try door.connection.perform("BEGIN")
      #expect(throws: PostgresError.self) { try door.connection.perform("SELECT 1/0") }
      #expect(try door.admit(bearer: token).role == .user)
      try door.connection.perform("ROLLBACK")
      #expect(try door.admit(bearer: token, at: Door.now + 1).role == .admin)
    }
  }

  @Test(arguments: [String(repeating: "a", count: 256), "a\\n", "a\\u007f"])
  func `a name that is invalid in this shop proves nothing`(name: String) throws {
    try withDoor { door in
      let token = try Self.token(of: name)
      let refusal = #expect(throws: CallerRefusal.self) { try door.admit(bearer: token) }
      #expect(refusal == .badToken(.badClaim("the user's name")))
    }
  }

  @Test(.tiers(.concurrency), arguments: ["anna", "550E8400-E29B-41D4-A716-446655440000"])
  func `concurrent first requests create one user`(name: String) throws {
    try withFreshDatabase { database in
      let gate = Gate(for: 6)
      let trust = try Self.trust()
      let callers = try onThreads(6) { _ in
        let door = Result { try Door(Mint(), database: database, foreign: trust.issuers()) }
        gate.pass()
        return try door.get().admit(bearer: Self.token(of: name))
      }
      #expect(Set(callers.map(\.id)).count == 1)
    }
  }

  @Test func `a header that nginx vouches for names the user, but never together with a token`() throws {
    try withDoor { door in
      let anna = try door.person("anna", .admin)
      func admit(_ authorization: String?, _ user: String?) throws -> Caller {
        try door.admit(Credentials(authorization: authorization, trustedUser: user))
      }
      #expect(try admit(nil, "anna").id == anna.id)
      #expect(try admit(nil, "somebody new").role == .user)
      #expect(throws: CallerRefusal.badToken(.malformed)) { try admit("Bearer a.b", "anna") }
      #expect(throws: CallerRefusal.badToken(.malformed)) { try admit("Basic YTpi", "anna") }
      for user in [nil, ""] { #expect(throws: CallerRefusal.noToken) { try admit(nil, user) } }
      #expect(throws: CallerRefusal.badToken(.badClaim("the user's name"))) { try admit(nil, "a\u{1}") }
    }
  }

  @Test func `a user of the Mini App is created by their id, under their name if it is free`() throws {
    try withDoor { door in
      let anna = try door.person("anna")
      func admit(_ user: String, at now: Int = Door.now) throws -> Caller {
        let fields = [("auth_date", "\(Mint.now)"), ("user", user)]
        return try door.admit(Credentials(authorization: "tma " + Self.initData(fields)), at: now)
      }
      let first = try admit(#"{"id":5,"username":"boris","first_name":"Борис"}"#)
      #expect(first.username == "boris")
      #expect(try User.find(first.id, on: door.connection).fullName == "Борис")
      #expect(try admit(#"{"id":5,"username":"renamed"}"#, at: Door.now + 1) == first)
      let other = try admit(#"{"id":6,"username":"anna"}"#)
      #expect(other.username == "telegram:6" && other.id != anna.id)
      #expect(try admit(#"{"id":7}"#).username == "telegram:7")
      #expect(throws: CallerRefusal.badTelegram(.expired)) { try admit(#"{"id":5}"#, at: Door.now + 86_401) }
      #expect(throws: CallerRefusal.badTelegram(.malformed)) {
        try door.admit(Credentials(authorization: "tma user=%7B%7D"))
      }
    }
  }

  @Test func `without a bot nobody signs in by Telegram`() throws {
    let keeper = Authenticator(
      tokens: try Mint().tokens, foreign: ForeignIssuers(), telegram: nil, registrar: Door.registrar)
    #expect(throws: CallerRefusal.badToken(.malformed)) {
      try keeper.examine(Credentials(authorization: "tma user=%7B%7D"), now: Door.now)
    }
  }

  /// Signs as Telegram does.
  private static func initData(_ fields: [(String, String)]) -> String {
    let key = Digest.hmac(key: Array("WebAppData".utf8), Array("1:test".utf8))
    let lines = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "\n")
    let hash = hexadecimal(Digest.hmac(key: key, Array(lines.utf8)))
    return (fields + [("hash", hash)]).map { name, value in
      name + "=" + value.utf8.map { "%" + hexadecimal([$0]) }.joined()
    }.joined(separator: "&")
  }
}
