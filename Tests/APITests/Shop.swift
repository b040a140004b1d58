import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Telemetry
import Tokens

/// A database of its own and a worker over it. More workers sign with the same keys, as those of one pool do.
final class Shop {
  let place: Place
  let worker: Booted
  /// The role that owns the tables: for reading, and for setting times back.
  let owner: Connection

  /// The composition of a worker, for threads that boot their own.
  struct Place: Sendable {
    let database: String
    let directory: TemporaryDirectory
    var foreign = ForeignIssuers()

    var keyFile: String { directory / "keys.json" }

    func worker() throws -> Booted {
      try Booted(
        database: TestCluster.settings(user: TestCluster.app, database: database), keyFile: keyFile, foreign: foreign)
    }

    /// Runs the same in several workers at once; each is booted and connected before the first request.
    func atOnce<T: Sendable>(
      _ count: Int, _ body: @escaping @Sendable (_ index: Int, _ worker: Booted) throws -> T
    ) throws -> [T] {
      let gate = Gate(for: count)
      return try onThreads(count) { index in
        let worker = Result { try self.worker() }
        (try? worker.get())?.application.tick()
        gate.pass()
        return try body(index, worker.get())
      }
    }
  }

  init(_ place: Place) throws {
    self.place = place
    worker = try place.worker()
    owner = try TestCluster.connection(database: place.database)
    // New users have nothing, so that tests can count.
    try owner.run("UPDATE settings SET welcome_coins = 0")
  }

  /// A user who exists already, created without the API.
  @discardableResult
  func person(
    _ name: String, _ role: Role = .user, email: String? = nil, fullName: String? = nil, password: String? = nil
  ) throws -> User {
    var newcomer = Registrar.Newcomer(
      username: try Username(name), email: try email.map { try EmailAddress($0) },
      fullName: try fullName.map { try FullName($0) })
    newcomer.role = role
    newcomer.passwordHash = password.map(worker.desk.registrar.hash)
    return try worker.desk.registrar.register(newcomer, on: owner)
  }

  func token(_ user: User) -> String {
    Sessions(tokens: worker.desk.authenticator.tokens, lifetimes: .init()).token(for: user, now: Clock.unixSeconds)
  }

  /// A bearer token of a user with that role.
  func bearer(_ role: Role, _ mark: String = "") throws -> String {
    token(try person("the \(role.rawValue)\(mark)", role))
  }

  func ask(_ method: HTTP.Method, _ path: String, _ body: JSON? = nil, as token: String? = nil) -> Answer {
    worker.ask(method, path, body, as: token)
  }

  /// The number of rows that meet a condition.
  func count(_ table: String, _ condition: SQL = "true") throws -> Int {
    try owner.value("SELECT count(*) FROM \(raw: table) WHERE \(condition)")
  }
}

func withShop(
  _ algorithm: SignatureAlgorithm = .hs256, foreign: ForeignIssuers = ForeignIssuers(), _ body: (Shop) throws -> Void
) throws {
  try withFreshDatabase { database in
    let place = Shop.Place(database: database, directory: try TemporaryDirectory(), foreign: foreign)
    try TokenKeys.create(place.keyFile, algorithm, now: 0)
    try body(try Shop(place))
  }
}

extension Booted {
  func ask(
    _ method: HTTP.Method, _ path: String, _ body: JSON? = nil, as token: String? = nil,
    from address: String = "192.0.2.1"
  ) -> Answer {
    var headers = Headers()
    if let token { headers.add("Authorization", "Bearer " + token) }
    return ask(
      Request(
        method, path, headers: headers, body: body?.bytes ?? [], clientAddress: address, id: "r-1"))
  }

  func login(_ name: String, _ password: String, from address: String = "192.0.2.1") -> Answer {
    ask(
      .post, "/api/v1/auth/login", ["username": .string(name), "password": .string(password)], from: address)
  }

  func merchLogin(_ name: String, _ password: String, from address: String = "192.0.2.1") -> Answer {
    ask(.post, "/api/auth", ["username": .string(name), "password": .string(password)], from: address)
  }

  func refresh(_ token: String) -> Answer {
    ask(.post, "/api/v1/auth/refresh", ["refresh_token": .string(token)])
  }

  /// Runs the idle tick without its time limit: this worker now knows every ended token.
  func catchUp() throws {
    try lender.lend(until: .after(milliseconds: 10_000)) { connection in
      try desk.authenticator.catchUp(now: Clock.unixSeconds, on: connection)
    }
  }

  func me(_ token: String) -> Answer { ask(.get, "/api/v1/auth/me", as: token) }
}

extension Answer {
  subscript(name: String) -> String? { members[name]?.text }

  /// The members of a login's answer.
  var pair: (access: String, refresh: String) { (self["access_token"] ?? "", self["refresh_token"] ?? "") }

  /// The place and kind of the first mistake in a body or a query.
  var complaint: [String] { complaints.first ?? [] }

  /// The same for every mistake.
  var complaints: [[String]] {
    (members["detail"]?.elements ?? []).map { entry in
      (entry.members["loc"]?.elements.compactMap(\.text) ?? []) + [entry.members["type"]?.text ?? ""]
    }
  }
}

extension JSON: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
}
