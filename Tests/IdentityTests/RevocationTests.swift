import FoundationEssentials
import Identity
import Postgres
import Support
import Testing
import Tokens

/// The moment at which another worker learns of a token's end.
@Suite(.tiers(.database, .security))
struct RevocationTests {
  private let mint: Mint
  private let sessions: Sessions

  init() throws {
    mint = try Mint()
    sessions = Sessions(tokens: mint.tokens, lifetimes: .init())
  }

  @Test func `a revoked token is refused from the next second on, and within one second there is no query`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let other = try Door(mint, database: database)
      let anna = try door.person("anna")
      let token = sessions.token(for: anna, now: Door.now)
      #expect(try other.admit(bearer: token).id == anna.id)
      // From here on every statement on that session fails, so an admitted caller was admitted without a query.
      try other.connection.perform("BEGIN")
      #expect(throws: PostgresError.self) { try other.connection.perform("SELECT 1/0") }
      try door.change(anna.id) { $0.role = .moderator }
      for _ in 0..<3 { #expect(try other.admit(bearer: token).id == anna.id) }
      #expect(throws: PostgresError.self) { try other.admit(bearer: token, at: Door.now + 1) }
      try other.connection.perform("ROLLBACK")
      #expect(throws: CallerRefusal.revoked) { try other.admit(bearer: token, at: Door.now + 1) }
      #expect(throws: CallerRefusal.revoked) { try other.admit(bearer: token, at: Door.now + 800) }
    }
  }

  @Test func `a transaction that commits after a later one is not overlooked`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let slow = try Door(mint, database: database)
      let other = try Door(mint, database: database)
      let anna = try door.person("anna")
      let boris = try door.person("boris")
      let token = sessions.token(for: anna, now: Door.now)
      try slow.connection.perform("BEGIN")
      try slow.change(anna.id) { $0.role = .moderator }
      try door.change(boris.id) { $0.role = .moderator }
      #expect(try other.admit(bearer: token).id == anna.id)
      try slow.connection.perform("COMMIT")
      #expect(throws: CallerRefusal.revoked) { try other.admit(bearer: token, at: Door.now + 1) }
    }
  }

  @Test func `a new worker knows all revocations for as long as a token could live`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let anna = try door.person("anna")
      let token = sessions.token(for: anna, now: Door.now)
      try door.change(anna.id) { $0.isActive = false }
      #expect(throws: CallerRefusal.revoked) { try Door(mint, database: database).admit(bearer: token) }
      let seconds: Int = try door.connection.value(
        "SELECT round(extract(epoch FROM expires_at - revoked_at))::bigint FROM revocations")
      // The longest lifetime that a setting allows, and the leeway.
      #expect(seconds >= 86_400 + 60)
    }
  }

  @Test func `a new generation ends all tokens issued before it, and none after it`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let anna = try door.person("anna")
      var users = [anna]
      for role in [Role.moderator, .service, .user] {
        try door.change(anna.id) { $0.role = role }
        users.append(try User.find(anna.id, on: door.connection))
      }
      let tokens = users.map { sessions.token(for: $0, now: Door.now) }
      for token in tokens.dropLast() {
        #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: token, at: Door.now + 1) }
      }
      #expect(try door.admit(bearer: tokens[3], at: Door.now + 1).role == .user)
    }
  }

  /// Hashing takes 20 ms, and the password may change in them.
  @Test func `a login in progress gets no session from a password that has just been replaced`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let passwords = Passwords(parameters: .init(memoryKiB: 8, passes: 1, lanes: 1))
      let anna = try door.person("anna", password: "correct horse")
      let signIn = SignIn(.username("anna"), password: "correct horse", address: "192.0.2.1")
      let user = try signIn.finish(signIn.begin(on: door.connection), passwords, on: door.connection).user
      try door.change(anna.id) { $0.passwordHash = passwords.hash("another horse") }
      #expect(throws: PeopleRefusal.wrongCredentials) {
        try sessions.start(user, from: .test, now: Door.now, on: door.connection)
      }
      let count: Int = try door.connection.value("SELECT count(*) FROM sessions")
      #expect(count == 0)
    }
  }

  @Test(.tiers(.concurrency)) func `a login waits for an uncommitted change`() throws {
    try withFreshDatabase { database in
      let door = try Door(mint, database: database)
      let anna = try door.person("anna")
      try door.connection.perform("BEGIN")
      try door.change(anna.id) { $0.isActive = false }
      let job = Job { [mint, sessions] in
        let other = try Door(mint, database: database)
        _ = try sessions.start(anna, from: .test, now: Door.now, on: other.connection)
      }
      try eventually("the login waits") {
        try door.connection.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0
      }
      try door.connection.perform("COMMIT")
      #expect(throws: PeopleRefusal.wrongCredentials) { try job.value() }
    }
  }
}
