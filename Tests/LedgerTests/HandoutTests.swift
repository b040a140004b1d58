import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// Grants to many users: recorded once, given in batches.
@Suite(.tiers(.database, .concurrency))
struct HandoutTests {
  private func handout(_ shares: KeyValuePairs<String, Int>, name: String = "2026-05") -> Handout {
    Handout(name: name, reason: "May", to: .list(shares.map { .init(username: $0.key, amount: $0.value) }))
  }

  private func toAll(_ amount: Int = 5, _ name: String = "2026-05") -> Handout {
    Handout(name: name, reason: "May", to: .everybody(amount: amount))
  }

  /// The grant after everything was given, and what each recipient got, in the order of names.
  @discardableResult
  private func give(
    _ handout: Handout, on connection: borrowing Connection
  ) throws -> (grant: Grants.Entry, recipients: [String]) {
    let made = try handout.make(by: .commandLine, on: connection)
    let grant = try Grants.finish(made.value, on: connection) { _ in }
    return (grant, try recipients(grant, connection))
  }

  private func recipients(_ grant: Grants.Entry, _ connection: borrowing Connection) throws -> [String] {
    try Grants.recipients(of: grant, after: nil, limit: 100, on: connection).entries
      .map { "\($0.username) \($0.amount) \($0.status)" }.sorted()
  }

  @Test func `everybody means active users who are not services, and leaves out those who come or go meanwhile`() throws
  {
    try withDatabase { connection in
      for name in ["anna", "boris", "clara", "daria", "machine"] { _ = try connection.person(name) }
      try connection.run("UPDATE users SET role = 'service' WHERE username = 'machine'")
      try connection.run("UPDATE users SET is_active = false WHERE username = 'boris'")
      let made = try toAll().make(by: .commandLine, on: connection).value
      #expect([made.total, made.totalCoins, made.done] == [3, 15, 0])
      try connection.run("UPDATE users SET deleted_at = now() WHERE username = 'clara'")
      try connection.run(
        """
        INSERT INTO users (id, username, created_at)
        VALUES (\(UUID()), 'erik', clock_timestamp() + interval '1 microsecond')
        """)
      let (grant, recipients) = try give(toAll(), on: connection)
      #expect(recipients == ["anna 5 done", "daria 5 done"])
      #expect([grant.total, grant.totalCoins, grant.done, grant.refused] == [2, 10, 2, 0])
      try expectBalance(connection)
    }
  }

  @Test func `a grant made again gives nothing more, even if a recipient has left since`() throws {
    try withDatabase { connection in
      let anna = try connection.person("anna")
      _ = try connection.person("boris")
      try give(handout(["anna": 5, "boris": 7]), on: connection)
      try connection.run("UPDATE users SET deleted_at = now() WHERE username = 'boris'")
      // In another order, it is the same list.
      let again = try handout(["boris": 7, "anna": 5]).make(by: .commandLine, on: connection)
      #expect(again.isReplay)
      #expect(again.value.isDone)
      _ = try Grants.finish(again.value, on: connection) { _ in }
      let coins = try connection.coins(anna)
      #expect(coins == 5)
    }
  }

  static let others = [
    Handout(name: "2026-05", reason: "May", to: .everybody(amount: 5)),
    Handout(name: "2026-05", reason: "June", to: .list([.init(username: "anna", amount: 5)])),
    Handout(name: "2026-05", reason: "May", to: .list([.init(username: "anna", amount: 6)])),
    Handout(name: "2026-05", reason: "May", to: .list([.init(username: "boris", amount: 5)])),
    Handout(
      name: "2026-05", reason: "May",
      to: .list([.init(username: "anna", amount: 5), .init(username: "boris", amount: 5)])),
  ]

  @Test(arguments: others)
  func `the same name for other content is refused`(other: Handout) throws {
    try withDatabase { connection in
      for name in ["anna", "boris"] { _ = try connection.person(name) }
      try give(handout(["anna": 5]), on: connection)
      let told = try outcome { try other.make(by: .commandLine, on: connection) }
      #expect(told == "grantExists")
      let made: Int = try connection.value("SELECT count(*) FROM grants")
      #expect(made == 1)
    }
  }

  @Test func `a name may hold every character that PostgreSQL's arrays treat in a special way`() throws {
    try withDatabase { connection in
      let names = ["a\"b", "a\\b", "{a,b}", "NULL", "a b", "'"]
      for name in names { _ = try connection.person(name) }
      let shares = names.map { Handout.Share(username: $0, amount: 1) }
      let (grant, _) = try give(Handout(name: "n", reason: "r", to: .list(shares)), on: connection)
      #expect([grant.total, grant.done] == [6, 6])
    }
  }

  @Test func `a user whose account would overflow, or who has left, is refused and the others get theirs`() throws {
    try withDatabase { connection in
      _ = try connection.person("anna", coins: 9_007_199_254_740_991)
      for name in ["boris", "clara"] { _ = try connection.person(name) }
      let made = try handout(["anna": 1, "boris": 2, "clara": 3]).make(by: .commandLine, on: connection).value
      let before = try recipients(made, connection)
      #expect(before == ["anna 1 waiting", "boris 2 waiting", "clara 3 waiting"])
      try connection.run("UPDATE users SET is_active = false WHERE username = 'boris'")
      let (grant, recipients) = try give(handout(["anna": 1, "boris": 2, "clara": 3]), on: connection)
      #expect(recipients == ["anna 1 overflow", "boris 2 left", "clara 3 done"])
      #expect([grant.total, grant.totalCoins, grant.done, grant.refused] == [3, 6, 1, 2])
      #expect(grant.amount == nil)
      try expectBalance(connection)
    }
  }

  @Test func `users who do not exist are named, and nothing is recorded`() throws {
    try withDatabase { connection in
      _ = try connection.person("anna")
      let error = #expect(throws: Handout.UnknownRecipients.self) {
        try handout(["nobody": 1, "anna": 1, "nemo": 1]).make(by: .commandLine, on: connection)
      }
      #expect(error?.places == [0, 2])
      let recorded: Int = try connection.value("SELECT count(*) FROM grants")
      #expect(recorded == 0)
    }
  }

  @Test func `only an admin makes a grant, and a pool gives only what an admin has recorded`() throws {
    try withFreshDatabase { database in
      let owner = try TestCluster.connection(database: database)
      let anna = try owner.person("anna")
      let app = try TestCluster.connection(user: TestCluster.app, database: database)
      for editor in [Editor(anna), Editor(UUID()), .commandLine] {
        let error = #expect(throws: PostgresError.self) { try toAll().make(by: editor, on: app) }
        #expect(error?.refusesActor == true)
      }
      try owner.run("UPDATE users SET role = 'admin'")
      _ = try toAll().make(by: Editor(anna), on: app)
      let ops = try TestCluster.connection(user: TestCluster.ops, database: database)
      let worked = [try Grants.giveAny(10, on: ops), try Grants.giveAny(10, on: ops)]
      #expect(worked == [true, false])
      let coins = try owner.coins(anna)
      #expect(coins == 5)
    }
  }

  @Test func `sessions that give batches of one grant at once pay nobody twice`() throws {
    try withFreshDatabase { database in
      let owner = try TestCluster.connection(database: database)
      try owner.crowd(600)
      let grant = try toAll(3).make(by: .commandLine, on: owner).value
      let batches = try onThreads(6) { index in
        let session = try TestCluster.connection(user: TestCluster.ops, database: database)
        var batches = 0
        // Half of them do as the pool ops does. The others name the grant, as its request does.
        while try index % 2 == 0 ? Grants.giveAny(7, on: session) : session.giveNamed(grant.id, 7) { batches += 1 }
        return batches
      }
      #expect(batches.count { $0 > 0 } > 1)
      let done = try Grants.finish(Grants.find(grant.name, on: owner), on: owner) { _ in }
      #expect([done.total, done.done, done.refused] == [600, 600, 0])
      try owner.expectEach(600, has: 3)
      try expectBalance(owner)
    }
  }

  @Test func `a batch that was rolled back half-way is given again, and the grant goes on`() throws {
    try withFreshDatabase { database in
      let owner = try TestCluster.connection(database: database)
      try owner.crowd(30)
      let grant = try toAll(3).make(by: .commandLine, on: owner).value
      #expect(try Grants.giveAny(10, on: owner))
      do {
        // As much as a killed session leaves of its transaction: nothing.
        let killed = try TestCluster.connection(database: database)
        try killed.perform("BEGIN")
        #expect(try Grants.giveAny(10, on: killed))
        let pid: Int = try killed.value("SELECT pg_backend_pid()")
        try owner.run("SELECT pg_terminate_backend(\(pid)::int)")
      }
      try eventually("the dead session's locks are gone") {
        try owner.value(
          "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())"
        )
      }
      let before = try Grants.find(grant.name, on: owner)
      #expect([before.done, before.total] == [10, 30])
      while try Grants.giveAny(10, on: owner) {}
      let after = try Grants.find(grant.name, on: owner)
      #expect(after.isDone)
      #expect(after.done == 30)
      try owner.expectEach(30, has: 3)
      try expectBalance(owner)
    }
  }

  @Test func `a grant that another session works on is left to it`() throws {
    try withFreshDatabase { database in
      let owner = try TestCluster.connection(database: database)
      try owner.crowd(3)
      let holder = try TestCluster.connection(database: database)
      _ = try toAll(1, "a").make(by: .commandLine, on: owner)
      try holder.perform("BEGIN")
      #expect(try Grants.giveAny(2, on: holder))
      #expect(try !Grants.giveAny(2, on: owner))
      try holder.perform("COMMIT")
      _ = try toAll(1, "b").make(by: .commandLine, on: owner)
      while try Grants.giveAny(2, on: owner) {}
      try owner.expectEach(3, has: 2)
    }
  }

  @Test func `the recipients are read page by page, however many there are`() throws {
    try withDatabase { connection in
      try connection.crowd(7)
      for handout in [toAll(), handout(["u1": 1, "u2": 2, "u3": 3, "u4": 4, "u5": 5, "u6": 6, "u7": 7], name: "list")] {
        let grant = try give(handout, on: connection).grant
        var seen: [String] = []
        var cursor: UUID?
        repeat {
          let page = try Grants.recipients(of: grant, after: cursor, limit: 3, on: connection)
          #expect(page.entries.count <= 3)
          seen += page.entries.map(\.username)
          cursor = page.next
        } while cursor != nil
        #expect(seen.sorted() == (1...7).map { "u\($0)" })
      }
    }
  }
}

extension Connection {
  /// This many users, without accounts.
  fileprivate func crowd(_ count: Int) throws {
    try run(
      "INSERT INTO users (id, username) SELECT gen_random_uuid(), 'u' || n FROM generate_series(1, \(count)::int) n")
  }

  fileprivate func giveNamed(_ grant: Int, _ most: Int) throws -> Bool {
    try value("SELECT status = 'running' FROM give_batch(\(grant), \(UUID.timeOrdered()), \(most))")
  }

  fileprivate func expectEach(_ count: Int, has coins: Int, at place: SourceLocation = #_sourceLocation) throws {
    let rich: Int = try value("SELECT count(*) FROM purses WHERE balance = \(coins)")
    let all: Int = try value("SELECT count(*) FROM purses")
    #expect([rich, all] == [count, count], sourceLocation: place)
  }
}
