import FoundationEssentials
import Identity
import Postgres
import Support
import Testing
import Tokens

/// No table grows without bound, however often users sign in and out.
@Suite(.tiers(.database, .security))
struct GrowthTests {
  private let mint: Mint
  private let sessions: Sessions

  init() throws {
    mint = try Mint()
    sessions = Sessions(tokens: mint.tokens, lifetimes: .init())
  }

  /// A door with ample time, for slow machines.
  private func patientDoor(_ database: String) throws -> Door {
    let door = try Door(mint, database: database)
    door.connection.limit(to: .after(milliseconds: 300_000))
    return door
  }

  private func now(_ connection: borrowing Connection) throws -> Int {
    try connection.value("SELECT extract(epoch FROM clock_timestamp())::bigint")
  }

  private func count(_ table: String, _ condition: String, _ connection: borrowing Connection) throws -> Int {
    try connection.value("SELECT count(*) FROM \(raw: table) WHERE \(raw: condition)")
  }

  @Test func `a revocation expires with its token`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let anna = try door.person("anna")
      let now = try now(door.connection)
      let tokens = [
        try sessions.start(anna, from: .test, now: now, on: door.connection).accessToken,
        sessions.token(for: anna, now: now),
      ]
      for (token, seconds) in zip(tokens, [900, 43_200]) {
        let caller = try door.admit(bearer: token, at: now)
        #expect(caller.expiresAt == now + seconds)
        try Sessions.end(caller, on: door.connection)
        // The leeway, and as much again for clocks that differ.
        let lives: Bool = try door.connection.value(
          """
          SELECT expires_at = to_timestamp(\(now + seconds + 120)) FROM revocations
          WHERE id = \(caller.session ?? caller.tokenID!)
          """)
        #expect(lives)
        #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: token, at: now + 1) }
      }
      // The session itself can go when its last token has expired.
      #expect(try count("sessions", "expires_at = to_timestamp(\(now + 900 + 120))", door.connection) == 1)
    }
  }

  @Test func `ending a session whose tokens have expired leaves no row`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let anna = try door.person("anna")
      let pair = try sessions.start(anna, from: .test, now: Door.now, on: door.connection)
      try Sessions.end(door.admit(bearer: pair.accessToken), on: door.connection)
      #expect(try count("revocations", "true", door.connection) == 0)
      #expect(throws: PeopleRefusal.refreshRefused) { try sessions.refresh(pair.refreshToken, on: door.connection) }
    }
  }

  @Test func `200 000 revocations are read page by page, and all of them hold from the first request on`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let (anna, boris) = (try door.person("anna"), try door.person("boris"))
      let now = try now(door.connection)
      let gone = try sessions.start(anna, from: .test, now: now, on: door.connection)
      let lives = try sessions.start(boris, from: .test, now: now, on: door.connection)
      let owner = try TestCluster.connection(database: database)
      owner.limit(to: .after(milliseconds: 300_000))
      for _ in 0..<20 {
        try owner.perform(
          """
          INSERT INTO revocations (id, user_id, expires_at)
          SELECT gen_random_uuid(), gen_random_uuid(), now() + interval '1 hour' FROM generate_series(1, 10000)
          """)
      }
      // The last of them.
      try Sessions.end(door.admit(bearer: gone.accessToken, at: now), on: door.connection)

      let list = Revocations()
      var (known, steps, isThrough) = (0, 0, false)
      while !isThrough {
        isThrough = try list.readPage(now: now, on: door.connection)
        #expect(list.count - known <= Revocations.pageRows)
        (known, steps) = (list.count, steps + 1)
      }
      #expect(known == 200_001 && steps == 201)

      let other = try patientDoor(database)
      var requests = 0
      while other.keeper.knownRevocations < 200_001 && requests < 300 {
        #expect(throws: CallerRefusal.revoked) { try other.admit(bearer: gone.accessToken, at: now) }
        #expect(try other.admit(bearer: lives.accessToken, at: now).id == boris.id)
        requests += 2
        #expect(other.keeper.knownRevocations <= requests * Revocations.pageRows)
      }
      #expect(throws: CallerRefusal.revoked) { try other.admit(bearer: gone.accessToken, at: now) }
    }
  }

  @Test func `a clock that was set back hides no revocation`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let (anna, boris) = (try door.person("anna"), try door.person("boris"))
      let token = sessions.token(for: anna, now: Door.now)
      try door.change(boris.id) { $0.role = .moderator }
      #expect(try door.admit(bearer: token).id == anna.id)
      try TestCluster.connection(database: database).run(
        """
        INSERT INTO revocations (id, user_id, generation, revoked_at, expires_at)
        VALUES (\(anna.id), \(anna.id), 1, now() - interval '1 hour', now() + interval '1 hour')
        """)
      #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: token, at: Door.now + 1) }
    }
  }

  @Test func `a new session may lead to another server, so all revocations are read again`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let anna = try door.person("anna")
      let list = Revocations()
      #expect(try list.readPage(now: Door.now, on: door.connection))
      try door.change(anna.id) { $0.role = .moderator }
      // The state of a server that took over before it had received the latest transactions.
      try TestCluster.connection(database: database).run("UPDATE revocations SET transaction_id = '1'")
      #expect(try list.readPage(now: Door.now, on: door.connection))
      #expect(list.count == 0)
      let other = try TestCluster.connection(user: TestCluster.app, database: database)
      #expect(try list.readPage(now: Door.now, on: other))
      #expect(list.count == 1)
    }
  }

  @Test func `repeated logouts do not fill the list, and every ended token stays ended`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let (anna, boris) = (try door.person("anna"), try door.person("boris"))
      let now = try now(door.connection)
      let bystander = try sessions.start(boris, from: .test, now: now, on: door.connection)
      let kept = try sessions.start(anna, from: .test, now: now, on: door.connection)
      var ended: [String] = []
      for round in 0..<Revocations.mostOfOneUser + 5 {
        let user = try User.find(anna.id, on: door.connection)
        let token =
          round.isMultiple(of: 2)
          ? sessions.token(for: user, now: now)
          : try sessions.start(user, from: .test, now: now, on: door.connection).accessToken
        let caller = try door.admit(bearer: token, at: now)
        try Sessions.end(caller, on: door.connection)
        // Ending it twice counts once.
        try Sessions.end(caller, on: door.connection)
        ended.append(token)
      }
      #expect(try count("revocations", "true", door.connection) == Revocations.mostOfOneUser + 1)
      for token in ended {
        #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: token, at: now + 1) }
      }
      #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: kept.accessToken, at: now + 1) }
      #expect(throws: PeopleRefusal.refreshRefused) { try sessions.refresh(kept.refreshToken, on: door.connection) }
      #expect(try door.admit(bearer: bystander.accessToken, at: now + 1).id == boris.id)
    }
  }

  @Test func `signing in again and again ends the oldest sessions`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let anna = try door.person("anna")
      let now = try now(door.connection)
      let pairs = try (0..<Sessions.mostOfOneUser + 3).map { _ in
        try sessions.start(anna, from: .test, now: now, on: door.connection)
      }
      #expect(try count("sessions", "ended_at IS NULL", door.connection) == Sessions.mostOfOneUser)
      for pair in pairs[..<3] {
        // Its access token lives on for its quarter of an hour, and can still be revoked.
        #expect(try door.admit(bearer: pair.accessToken, at: now).id == anna.id)
      }
      try Sessions.end(door.admit(bearer: pairs[0].accessToken, at: now), on: door.connection)
      #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: pairs[0].accessToken, at: now + 1) }
      for pair in pairs[..<3] {
        #expect(throws: PeopleRefusal.refreshRefused) { try sessions.refresh(pair.refreshToken, on: door.connection) }
      }
      for pair in [pairs[3], pairs.last!] { _ = try sessions.refresh(pair.refreshToken, on: door.connection) }
    }
  }

  @Test func `after a hundred exchanges in a row a session has to wait, and its token stays valid`() throws {
    try withFreshDatabase { database in
      let door = try patientDoor(database)
      let anna = try door.person("anna")
      var pair = try sessions.start(anna, from: .test, now: try now(door.connection), on: door.connection)
      for _ in 0..<100 { pair = try sessions.refresh(pair.refreshToken, on: door.connection) }
      var wait: Int?
      do {
        _ = try sessions.refresh(pair.refreshToken, on: door.connection)
      } catch PeopleRefusal.tooManyFailures(let seconds) {
        wait = seconds
      }
      let seconds = try #require(wait)
      #expect((1...225).contains(seconds))
      #expect(try count("refresh_tokens", "true", door.connection) == 101)
      try TestCluster.connection(database: database).run(
        "UPDATE sessions SET exchanged_at = exchanged_at - interval '4 minutes'")
      _ = try sessions.refresh(pair.refreshToken, on: door.connection)
    }
  }

  @Test(arguments: Expired.allCases) func `expired rows are deleted in batches`(kind: Expired) throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(user: TestCluster.ops, database: database)
      connection.limit(to: .after(milliseconds: 300_000))
      try TestCluster.connection(database: database).perform(Self.leftovers(5000))
      let tables = ["refresh_tokens", "sessions", "revocations", "login_failures", "known_networks"]
      func rows() throws -> Int { try tables.map { try count($0, "true", connection) }.reduce(0, +) }
      var (left, steps) = (try rows(), 0)
      let before = left
      while try kind.prune(200, on: connection) {
        let now = try rows()
        #expect((1...200).contains(left - now))
        (left, steps) = (now, steps + 1)
      }
      #expect(before - left == (kind == .sessions ? 12_000 : 5000))
      #expect(steps >= 25)
      // Rows that have not expired.
      #expect(try tables.map { try count($0, Self.lives[$0]!, connection) } == [3, 3, 3, 3, 3])
    }
  }

  private static let lives = [
    "refresh_tokens": "digest >= 'lives' AND digest < 'livet'", "sessions": "expires_at > now()",
    "revocations": "expires_at > now()", "login_failures": "subject LIKE 'lives%'",
    "known_networks": "seen_at > now() - interval '1 day'",
  ]

  /// This many expired rows of each kind, one session with 2000 tokens more, and three live rows of each kind.
  static func leftovers(_ count: Int) -> String {
    """
    INSERT INTO users (id, username) VALUES ('00000000-0000-7000-8000-000000000001', 'leftover');
    INSERT INTO sessions (id, user_id, expires_at, access_ends_at)
    SELECT md5('over' || n)::uuid, '00000000-0000-7000-8000-000000000001', now() - interval '2 hours', now() - interval '3 hours'
    FROM generate_series(1, \(count)) n;
    INSERT INTO sessions (id, user_id, expires_at)
    SELECT md5('lives' || n)::uuid, '00000000-0000-7000-8000-000000000001', now() + interval '1 day'
    FROM generate_series(1, 3) n;
    INSERT INTO refresh_tokens (digest, session_id)
    SELECT convert_to('over' || n, 'UTF8'), md5('over' || n)::uuid FROM generate_series(1, \(count)) n;
    INSERT INTO refresh_tokens (digest, session_id)
    SELECT convert_to('over too' || n, 'UTF8'), md5('over1')::uuid FROM generate_series(1, 2000) n;
    INSERT INTO refresh_tokens (digest, session_id)
    SELECT convert_to('lives' || n, 'UTF8'), md5('lives' || n)::uuid FROM generate_series(1, 3) n;
    INSERT INTO revocations (id, user_id, expires_at)
    SELECT gen_random_uuid(), gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, \(count));
    INSERT INTO revocations (id, user_id, expires_at)
    SELECT gen_random_uuid(), gen_random_uuid(), now() + interval '1 hour' FROM generate_series(1, 3);
    INSERT INTO login_failures SELECT 'over' || n, 1, now() - interval '2 hours', now() FROM generate_series(1, \(count)) n;
    INSERT INTO login_failures SELECT 'lives' || n, 1, now(), now() FROM generate_series(1, 3) n;
    INSERT INTO known_networks
    SELECT '00000000-0000-7000-8000-000000000001', 'over' || n, now() - interval '31 days' FROM generate_series(1, \(count)) n;
    INSERT INTO known_networks
    SELECT '00000000-0000-7000-8000-000000000001', 'lives' || n, now() FROM generate_series(1, 3) n;
    """
  }
}
