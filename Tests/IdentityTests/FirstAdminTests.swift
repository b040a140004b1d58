import Identity
import Postgres
import Support
import Testing
import Tokens

@Suite(.tiers(.database))
struct FirstAdminTests {
  private static let passwords = Passwords(parameters: .init(memoryKiB: 8, passes: 1, lanes: 1))

  private func candidate(_ name: String = "root", _ password: String = "first password") throws -> FirstAdmin {
    FirstAdmin(username: try Username(name), password: password)
  }

  private func signIn(_ name: String, _ password: String, _ connection: borrowing Connection) throws -> User {
    let signIn = SignIn(.username(name), password: password, address: "192.0.2.1")
    return try signIn.finish(signIn.begin(on: connection), Self.passwords, on: connection).user
  }

  private func count(_ table: String, _ connection: borrowing Connection) throws -> Int {
    try connection.value("SELECT count(*) FROM \(raw: table)")
  }

  @Test func `without an admin one is appointed, once, and it is recorded`() throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(user: TestCluster.auth, database: database)
      #expect(try candidate().appoint(by: Door.registrar, on: connection))
      #expect(try signIn("root", "first password", connection).role == .admin)
      #expect(try !candidate().appoint(by: Door.registrar, on: connection))
      #expect(try !candidate("other", "other password").appoint(by: Door.registrar, on: connection))
      #expect(try count("users", connection) == 1)
      let owner = try TestCluster.connection(database: database)
      let noted = try owner.rows("SELECT actor, action FROM audit") { (try $0.value(0, as: String.self)) }
      #expect(noted == ["tuckshop_auth"])
    }
  }

  @Test func `a user who took the name before keeps neither the name's account nor becomes admin`() throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(user: TestCluster.auth, database: database)
      var squatter = Registrar.Newcomer(username: try Username("root"))
      squatter.passwordHash = Self.passwords.hash("squatter's")
      let before = try Door.registrar.register(squatter, on: connection)
      #expect(try candidate().appoint(by: Door.registrar, on: connection))
      #expect(throws: PeopleRefusal.wrongCredentials) { try signIn("root", "squatter's", connection) }
      let admin = try signIn("root", "first password", connection)
      #expect(admin.id == before.id && admin.generation > before.generation)
    }
  }

  @Test(arguments: ["is_active = false", "role = 'user'", "deleted_at = now()"])
  func `after the last admin is gone one is appointed again`(change: String) throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(database: database)
      #expect(try candidate().appoint(by: Door.registrar, on: connection))
      try connection.run("UPDATE users SET \(raw: change)")
      #expect(try candidate().appoint(by: Door.registrar, on: connection))
      #expect(try User.thereIsAnAdmin(on: connection))
      #expect(try signIn("root", "first password", connection).isActive)
    }
  }

  @Test(.tiers(.concurrency), arguments: [false, true])
  func `several workers at once appoint one admin`(nameIsTaken: Bool) throws {
    try withFreshDatabase { database in
      if nameIsTaken {
        let connection = try TestCluster.connection(database: database)
        _ = try Door.registrar.register(Registrar.Newcomer(username: try Username("root")), on: connection)
      }
      let candidate = try candidate()
      let gate = Gate(for: 6)
      let appointed = try onThreads(6) { _ in
        let room = Result { try Session(database) }
        gate.pass()
        return try candidate.appoint(by: Door.registrar, on: room.get().connection)
      }
      #expect(appointed.filter { $0 }.count == 1)
      let connection = try TestCluster.connection(database: database)
      #expect(try count("users", connection) == 1)
      #expect(try count("audit", connection) == 1)
    }
  }
}

/// A connection that a closure can return.
private final class Session {
  let connection: Connection
  init(_ database: String) throws {
    connection = try TestCluster.connection(user: TestCluster.auth, database: database)
  }
}
