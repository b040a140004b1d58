internal import FoundationEssentials
package import Glibc
package import Postgres

/// A whole shop started by bin/run, in a directory and on ports of its own: real nginx, real pools, real PostgreSQL.
package final class World: Sendable {
  package let directory: TemporaryDirectory
  package let port: Int
  package let loginPort: Int
  package let metricsPort: Int
  package let appWorkers = 4
  package let binary: String
  private let program: Program

  /// Begins with a copy of what a shop leaves that ran once, because making a database takes longer than most tests.
  package convenience init(_ settings: [String: String] = [:]) throws {
    let local = try TemporaryDirectory()
    try copy(Self.first.get(), to: local)
    try self.init(settings, local: local)
  }

  package init(_ settings: [String: String] = [:], local: TemporaryDirectory) throws {
    directory = local
    binary = settings["TUCKSHOP_BINARY"] ?? Program.built("tuckshop")
    (port, loginPort, metricsPort) = (try freePort(), try freePort(), try freePort())
    var environment = [
      "TUCKSHOP_LOCAL": directory.path, "TUCKSHOP_BINARY": binary,
      "TUCKSHOP_PORT": "\(port)", "TUCKSHOP_LOGIN_PORT": "\(loginPort)", "TUCKSHOP_METRICS_PORT": "\(metricsPort)",
      "TUCKSHOP_APP_WORKERS": "\(appWorkers)", "TUCKSHOP_RATE": "1000000", "TUCKSHOP_BURST": "1000000",
      "TUCKSHOP_AUTH_RATE": "1000000", "TUCKSHOP_AUTH_BURST": "1000000",
      "TUCKSHOP_HEALTH_RATE": "1000000", "TUCKSHOP_HEALTH_BURST": "1000000",
      // Unrelated tests sign in even while others use all the processor time.
      "TUCKSHOP_HASH_QUEUE_TIMEOUT_MS": "2000",
    ]
    // Workers of another user write their coverage into a directory that is open to all.
    if let profiles = ProcessInfo.processInfo.environment["TUCKSHOP_TEST_PROFILES"] {
      environment["LLVM_PROFILE_FILE"] = profiles + "/%p-%m.profraw"
    }
    try? FileManager.default.removeItem(atPath: directory / "run.log")
    program = try Program(
      projectRoot + "/bin/run", environment: environment.merging(settings) { $1 }, logPath: directory / "run.log")
    try eventually("bin/run is ready", seconds: 60) {
      if kill(program.pid, 0) != 0 { throw Failure(log) }
      return log.contains("Tuckshop is ready at ") || log.contains("bin/run:")
    }
    guard log.contains("Tuckshop is ready at ") else { throw Failure(log) }
  }

  deinit { _ = try? stop() }

  /// The folder of a shop that ran once. All tests of this process share it.
  private static let first: Result<TemporaryDirectory, any Error> = Result {
    let directory = try TemporaryDirectory()
    atexit { try? FileManager.default.removeItem(atPath: World.first.get().path) }
    guard try World(local: directory).stop() == 0 else { throw Failure("the first shop did not stop") }
    try FileManager.default.removeItem(atPath: directory / "log")
    return directory
  }

  package var log: String { program.log }

  /// Sends SIGINT to the whole process group, as Ctrl-C in a terminal does.
  package func stop(_ signal: Int32 = SIGINT) throws -> Int32 {
    kill(-program.pid, signal)
    return try program.wait(seconds: 60)
  }

  package func ask(
    _ path: String, method: String = "GET", headers: [(String, String)] = [], body: String = "", port: Int? = nil
  ) throws -> HTTPAnswer {
    try HTTPAnswer.asking(port ?? self.port, method, path, headers: headers, body: body)
  }

  package func post(_ path: String, _ json: String, token: String? = nil, port: Int? = nil) throws -> HTTPAnswer {
    var headers = [("Content-Type", "application/json")]
    if let token { headers.append(("Authorization", "Bearer " + token)) }
    return try ask(path, method: "POST", headers: headers, body: json, port: port)
  }

  /// The number of requests that the workers of a pool have answered, from the metrics.
  package func answered(by pool: String) throws -> Int {
    try ask("/metrics", port: metricsPort).body.matches(of: /tuckshop_worker_requests\{pool="(\w+)",pid="\d+"\} (\d+)/)
      .filter { $0.1 == pool }.compactMap { Int($0.2) }.reduce(0, +)
  }

  /// The running workers of a pool.
  package func workers(_ pool: String) throws -> [pid_t] {
    children(of: try pid(of: pool))
  }

  package func children(of parent: pid_t) -> [pid_t] { processes().filter { $0.parent == parent }.map(\.pid) }

  package func pid(of part: String) throws -> pid_t {
    let text = try read(directory / "run/\(part).pid")
    return try pid_t(text.filter(\.isNumber)) ?? { throw Failure("no pid of \(part)") }()
  }

  package func remains() -> [String] { processes(of: directory) }

  package func database(_ user: String = "postgres") throws -> Connection {
    var settings = ConnectionSettings()
    settings.conninfo = "host=\(directory / "run") dbname=tuckshop user=\(user)"
    return try Connection.open(settings, deadline: .after(milliseconds: 10_000))
  }

  package func tuckshop(
    _ arguments: String..., environment: [String: String] = [:], seconds: Int = 60
  ) throws -> (status: Int32, log: String) {
    let log = directory / "command-\(UInt32.random(in: 0 ... .max)).log"
    let command = try Program(
      binary, arguments,
      environment: [
        "TUCKSHOP_RUN_DIR": directory / "run", "PGHOST": directory / "run", "PGDATABASE": "tuckshop",
        "PGUSER": "tuckshop_owner", "TUCKSHOP_MIGRATIONS": projectMigrations,
        "TUCKSHOP_KEY_FILE": directory / "secrets/keys.json",
      ].merging(environment) { $1 },
      logPath: log)
    let status = try command.wait(seconds: seconds)
    return (status, command.log)
  }
}

/// Keeps owners, because PostgreSQL may run as another user.
private func copy(_ directory: TemporaryDirectory, to other: TemporaryDirectory) throws {
  let copying = try Program("/bin/cp", ["-a", directory / ".", other.path], logPath: other / "copy.log")
  guard try copying.wait() == 0 else { throw Failure(copying.log) }
}
