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

  private func withDoor(_ trust: Trust? = nil, _ body: (Door) throws -> Void) throws {
    try withFreshDatabase { database in
      let login = TelegramLogin(botToken: "1:test")
      let issuers = try (trust ?? Elsewhere.trust()).issuers()
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
      #expect(caller.session == nil)
      #expect(try door.admit(bearer: token, at: Door.now + 5) == caller)
      let found = try door.connection.value("SELECT count(*) FROM users WHERE password_hash IS NULL", as: Int.self)
      #expect(found == 1)
      #expect(throws: CallerRefusal.badToken(.expired)) { try door.admit(bearer: token, at: Door.now + 1000) }
      #expect(throws: CallerRefusal.badToken(.badSignature)) { try door.admit(bearer: token.dropLast(8) + "AAAAAAAA") }
    }
  }

  @Test func `one subject is one user under any name, and one name under two subjects is two users`() throws {
    try withDoor { door in
      let anna = try door.admit(bearer: Elsewhere.token("1", named: "anna"))
      #expect(try door.admit(bearer: Elsewhere.token("1", named: "anna schmidt"), at: Door.now + 1).id == anna.id)
      let other = try door.admit(bearer: Elsewhere.token("2", named: "anna"))
      #expect(other.id != anna.id && other.username == "anna-2")
      // "e" with a combining accent is the same name as the other spelling.
      _ = try door.person("\u{E9}ve")
      #expect(try door.admit(bearer: Elsewhere.token("3", named: "e\u{301}ve")).username == "\u{E9}ve-2")
      #expect(try door.connection.value("SELECT count(*) FROM users", as: Int.self) == 4)
    }
  }

  @Test func `a subject that is a free id becomes the id of the new user, and no name does`() throws {
    try withDoor { door in
      let id = UUID()
      #expect(try door.admit(bearer: Elsewhere.token("1", named: id.text)).id != id)
      #expect(try door.admit(bearer: Elsewhere.token(id.uuidString, named: "anna")).id == id)
      try User.delete(id, by: .commandLine, on: door.owner)
      #expect(try door.admit(Credentials(authorization: nil, trustedUser: id.uuidString)).id != id)
    }
  }

  @Test func `two spellings that are equal as text are two people, also within a second`() throws {
    try withDoor { door in
      let one = try door.admit(Credentials(authorization: nil, trustedUser: "jos\u{E9}"))
      let other = try door.admit(Credentials(authorization: nil, trustedUser: "jose\u{301}"))
      #expect(one.id != other.id)
    }
  }

  @Test func `only an open door makes users of strangers on Telegram`() throws {
    try withDoor { door in
      let data = "tma " + Self.initData([("auth_date", "\(Mint.now)"), ("user", #"{"id":5}"#)])
      door.keeper.joining.signUp = .invited
      #expect(throws: PeopleRefusal.signUpClosed) { try door.admit(Credentials(authorization: data)) }
      let anna = try door.person("anna")
      try Identities.link("telegram", "5", to: anna.id, by: .commandLine, on: door.owner)
      #expect(try door.admit(Credentials(authorization: data)).id == anna.id)
    }
  }

  @Test func `a linked identity has the user's role, and a role or state of now`() throws {
    try withDoor { door in
      let anna = try door.person("anna", .moderator)
      try Identities.link(Trust.issuer, "1", to: anna.id, by: .commandLine, on: door.owner)
      let token = try Elsewhere.token("1", named: "somebody")
      let caller = try door.admit(bearer: token)
      #expect(caller.id == anna.id && caller.username == "anna" && caller.role == .moderator)
      try door.change(anna.id) { $0.role = .admin }
      // Within one second there is no query about the user.
      #expect(try door.admit(bearer: token).role == .moderator)
      #expect(try door.admit(bearer: token, at: Door.now + 1).role == .admin)
      try door.owner.run("UPDATE users SET is_active = false")
      #expect(throws: CallerRefusal.inactive) { try door.admit(bearer: token, at: Door.now + 2) }
    }
  }

  @Test func `a logout revokes a foreign token and Telegram's data, in every worker`() throws {
    try withFreshDatabase { database in
      let login = TelegramLogin(botToken: "1:test")
      func worker() throws -> Door {
        try Door(try Mint(), database: database, foreign: Elsewhere.trust().issuers(), telegram: login)
      }
      let (door, other) = (try worker(), try worker())
      // PostgreSQL's clock decides which revocations still matter.
      let now = 4_000_000_000
      let telegram = "tma " + Self.initData([("auth_date", "\(now)"), ("user", #"{"id":5}"#)])
      for proof in ["Bearer " + (try Elsewhere.token("1", named: "anna", issuedAt: now)), telegram] {
        let credentials = Credentials(authorization: proof)
        let caller = try door.admit(credentials, at: now)
        #expect(try other.admit(credentials, at: now).id == caller.id)
        try Sessions.end(caller, on: door.connection)
        for (number, door) in [door, other].enumerated() {
          #expect(throws: CallerRefusal.revoked, "\(number)") { try door.admit(credentials, at: now + 1) }
        }
      }
      // The next token of the same person is another one.
      let next = try Elsewhere.token("1", named: "anna", id: "next", issuedAt: now)
      #expect(try door.admit(bearer: next, at: now + 1).username == "anna")
    }
  }

  @Test(arguments: [String(repeating: "a", count: 256), "a\\n", "a\\u007f"])
  func `a name that is invalid in this shop proves nothing`(name: String) throws {
    try withDoor { door in
      let token = try Elsewhere.token("1", named: name)
      let refusal = #expect(throws: CallerRefusal.self) { try door.admit(bearer: token) }
      #expect(refusal == .badToken(.badClaim("the user's name")))
    }
  }

  @Test(.tiers(.concurrency), arguments: ["anna", "550E8400-E29B-41D4-A716-446655440000"])
  func `concurrent first requests create one user`(subject: String) throws {
    try withFreshDatabase { database in
      let gate = Gate(for: 6)
      let trust = try Elsewhere.trust()
      let callers = try onThreads(6) { _ in
        let door = Result { try Door(Mint(), database: database, foreign: trust.issuers()) }
        gate.pass()
        return try door.get().admit(bearer: Elsewhere.token(subject, named: "anna"))
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
      try Identities.link(ForeignIdentity.trustedHeader, "anna@corp", to: anna.id, by: .commandLine, on: door.owner)
      #expect(try admit(nil, "anna@corp").id == anna.id)
      #expect(try admit(nil, "anna").username == "anna-2")
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
      #expect(try admit(#"{"id":5,"username":"renamed"}"#, at: Door.now + 1).id == first.id)
      let other = try admit(#"{"id":6,"username":"anna"}"#)
      #expect(other.username == "anna-2" && other.id != anna.id)
      #expect(try admit(#"{"id":7}"#).username == "telegram:7")
      #expect(throws: CallerRefusal.badTelegram(.expired)) { try admit(#"{"id":5}"#, at: Door.now + 86_401) }
      #expect(throws: CallerRefusal.badTelegram(.malformed)) {
        try door.admit(Credentials(authorization: "tma user=%7B%7D"))
      }
    }
  }

  @Test func `without a bot nobody signs in by Telegram`() throws {
    let keeper = Authenticator(
      tokens: try Mint().tokens, foreign: ForeignIssuers(), telegram: nil)
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
