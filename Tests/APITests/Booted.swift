import API
import Glibc
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Shop
import Support
import Telemetry
import Tokens

/// The application behind FastCGI, composed as in a worker, with a log that tests can read.
final class Booted {
  let memory: SharedMemory
  let lender: Lender
  let application: Application
  /// The pool that nginx sends passwords and changes of users to (nginx/snippets/routes.conf).
  private let auth: Application
  private let ops: Application
  let desk: FrontDesk
  let storefront: Storefront
  private let directory: TemporaryDirectory
  private let descriptor: Int32

  init(
    _ groups: [RouteGroup] = routes(), database: ConnectionSettings = TestCluster.settings(user: TestCluster.app),
    requiredSchemaVersion: Int = 1, limits: Application.Limits = Application.Limits(),
    keyFile: String? = nil, foreign: ForeignIssuers = ForeignIssuers(), requiresCondition: Bool = false,
    crossOrigin: CrossOrigin = CrossOrigin()
  ) throws {
    directory = try TemporaryDirectory()
    descriptor = open(directory / "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    memory = try SharedMemory()
    desk = try FrontDesk.forTests(in: directory, keyFile: keyFile, foreign: foreign)
    lender = Lender(database, breaker: Breaker(words: memory.breaker))
    storefront = Storefront.forTests(in: directory, requiresCondition: requiresCondition)
    let log = Log(threshold: .debug, descriptor: descriptor)
    let (desk, storefront, memory) = (desk, storefront, memory)
    desk.authenticator.onNewGeneration = { storefront.walletInfo.forget($0) }
    func pool(_ lender: Lender) -> Application {
      Application(
        routes: groups, desk: desk, storefront: storefront, lender: lender, memory: memory, log: log,
        limits: limits, crossOrigin: crossOrigin, requiredSchemaVersion: requiredSchemaVersion)
    }
    func signedIn(as role: String) -> Lender {
      var settings = database
      settings.conninfo = database.conninfo.replacing(TestCluster.app, with: role)
      return Lender(settings, breaker: Breaker(words: memory.breaker))
    }
    application = pool(lender)
    auth = pool(signedIn(as: TestCluster.auth))
    ops = pool(signedIn(as: TestCluster.ops))
  }

  deinit { close(descriptor) }

  /// The directory of pictures.
  var media: String { directory.path }

  func ask(_ method: Method?, _ target: String, body: String = "", failure: RequestFailure? = nil) -> Answer {
    ask(Request(method, target, body: Array(body.utf8), id: "r-1"), failure: failure)
  }

  func ask(_ request: Request, failure: RequestFailure? = nil) -> Answer {
    let pool = request.belongsToAuth ? auth : application
    return Answer(pool.respond(to: request, by: pool.plan(for: request), failure: failure))
  }

  /// The log as written.
  func logText() throws -> String { try read(directory / "log") }

  /// The log, line by line.
  func logged() throws -> [[String: JSON]] {
    try logText().split(separator: "\n").map { try JSON(parsing: Array($0.utf8)).members }
  }

  /// Runs one whole round of the background work, however many slices it takes.
  func tidyUp() throws {
    // A slice that takes too long is cancelled, and its session is closed.
    try eventually("all is tidy") {
      ops.tickForProbes()
      return ops.tidyUp()
    }
  }

  func metric(_ name: String) throws -> String? {
    let lines = ask(.get, "/metrics").text.split(separator: "\n")
    return lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.utf8.count + 1)) }
  }
}

extension Booted {
  /// A second worker's application over the same memory.
  static func sharing(_ memory: SharedMemory) throws -> Application {
    Application(
      desk: try FrontDesk.forTests(in: TemporaryDirectory()),
      storefront: Storefront.forTests(in: try TemporaryDirectory()), lender: Lender(.nowhere), memory: memory,
      log: Log(descriptor: -1), requiredSchemaVersion: 1)
  }
}

extension Request {
  fileprivate var belongsToAuth: Bool {
    // These do not hash.
    if path.hasSuffix("/refresh") || path.hasSuffix("/auth/logout") || path.contains("/auth/sessions") { return false }
    if path.hasPrefix("/api/v1/invitations") || path.hasPrefix("/api/v1/auth/oidc") { return true }
    guard path.wholeMatch(of: /\/api\/(?:v1\/)?(?:auth|users)(?:\/.*)?/) != nil else { return false }
    if path.contains("/auth/totp") { return true }
    return method != .get && method != .head && !(path.hasSuffix("/auth/session") && method == .delete)
  }
}

extension FrontDesk {
  /// The defaults of the settings, except that hashes cost no time. Without a key file it makes keys of its own.
  static func forTests(
    in directory: TemporaryDirectory, keyFile: String? = nil, foreign: ForeignIssuers = ForeignIssuers()
  ) throws -> FrontDesk {
    if keyFile == nil { try TokenKeys.create(directory / "keys.json", .hs256, now: 0) }
    let keys = try TokenKeys(file: keyFile ?? directory / "keys.json")
    let tokens = AccessTokens(issuer: "tuckshop", audience: "tuckshop", keys: keys)
    let passwords = Passwords(parameters: Argon2.Parameters(memoryKiB: 8, passes: 1, lanes: 1))
    let registrar = Registrar(passwords: passwords)
    let authenticator = Authenticator(
      tokens: tokens, foreign: foreign, telegram: TelegramLogin(botToken: "1:test"))
    let desk = FrontDesk(authenticator: authenticator, registrar: registrar, passwords: passwords)
    desk.verified = VerifiedPasswords()
    return desk
  }
}

extension Storefront {
  static func forTests(in directory: TemporaryDirectory, requiresCondition: Bool = false) -> Storefront {
    Storefront(pictures: PictureStore(directory: directory.path), requiresCondition: requiresCondition)
  }
}

extension ConnectionSettings {
  /// A socket directory in which no server has ever listened.
  static var nowhere: ConnectionSettings {
    var settings = ConnectionSettings()
    settings.conninfo = "host=/nonexistent/tuckshop dbname=tuckshop user=tuckshop_app"
    return settings
  }
}

/// An answer as a client sees it.
struct Answer {
  let response: Response

  init(_ response: Response) { self.response = response }

  var status: Int { response.status }
  var text: String { String(decoding: response.body, as: UTF8.self) }

  func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }

  /// The members of the object in the body; empty if the body is not an object.
  var members: [String: JSON] { (try? JSON(parsing: response.body).members) ?? [:] }
}

extension JSON {
  var members: [String: JSON] {
    guard case .object(let members) = self else { return [:] }
    return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
  }

  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  var elements: [JSON] {
    guard case .array(let elements) = self else { return [] }
    return elements
  }
}
