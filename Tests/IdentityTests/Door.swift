import Audit
import FoundationEssentials
import Identity
import Postgres
import Support
import Tokens

/// A worker's authentication of callers, with a clock that the test sets.
final class Door {
  let keeper: Authenticator
  /// The session of the pool that signs users in.
  let connection: Connection
  /// The owner's session.
  let owner: Connection

  static let now = Mint.now
  static let registrar = Registrar(passwords: Passwords(parameters: .init(memoryKiB: 8, passes: 1, lanes: 1)))

  init(
    _ mint: Mint, database: String, foreign: ForeignIssuers = ForeignIssuers(), telegram: TelegramLogin? = nil
  ) throws {
    keeper = Authenticator(tokens: mint.tokens, foreign: foreign, telegram: telegram)
    connection = try TestCluster.connection(user: TestCluster.auth, database: database)
    owner = try TestCluster.connection(database: database)
  }

  func admit(_ credentials: Credentials, at now: Int = now) throws -> Caller {
    try keeper.admit(keeper.examine(credentials, now: now), now: now, on: connection)
  }

  func admit(bearer token: String, at now: Int = now) throws -> Caller {
    try admit(Credentials(authorization: "Bearer " + token), at: now)
  }

  func person(_ name: String, _ role: Role = .user, password: String? = nil) throws -> User {
    var newcomer = Registrar.Newcomer(username: try Username(name))
    newcomer.role = role
    newcomer.passwordHash = password.map(Self.registrar.hash)
    return try Self.registrar.register(newcomer, on: owner)
  }

  func change(_ id: UUID, _ make: (inout UserChanges) -> Void) throws {
    var changes = UserChanges()
    make(&changes)
    try changes.apply(to: id, by: .commandLine, on: connection)
  }
}

extension Sessions.Client {
  static let test = Sessions.Client(address: "192.0.2.7", userAgent: "a test")
}
