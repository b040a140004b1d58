internal import FoundationEssentials
internal import Glibc
internal import Support

/// The measured site: the tests' world without effective limits, and the servers that a benchmark starts beside it.
final class Site: @unchecked Sendable {
  let world: World
  let options: Options
  /// The multiwatch processes of additional pools, by the pool's name.
  var masters: [String: Program] = [:]
  /// The ports of nginx's servers, each in front of one pool.
  var fronts: [String: Int] = [:]
  private var logs = 0

  var directory: TemporaryDirectory { world.directory }
  var sockets: String { directory / "run" }

  init(_ options: Options) throws {
    self.options = options
    var settings = [
      "TUCKSHOP_APP_WORKERS": "\(options.workers)", "TUCKSHOP_AUTH_WORKERS": "\(options.authWorkers)",
      "TUCKSHOP_AUTH_NICE": "\(options.authNice)", "TUCKSHOP_CONNECTIONS": "9999",
      // The default, because the tests wait longer.
      "TUCKSHOP_HASH_QUEUE_TIMEOUT_MS": "50",
      // A worker that recycles itself takes its processor time out of /proc.
      "TUCKSHOP_WORKER_MAX_REQUESTS": "0",
      // A sixth of the memory: all data of the shop should fit, as in production.
      "TUCKSHOP_POSTGRES_SETTINGS":
        "shared_buffers=\(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 6 / 1024)kB max_wal_size=8GB "
        + "max_connections=\(5 * max(options.workers, options.clients) + options.authWorkers + 20)",
    ]
    // Workers read this setting at their start.
    if options.kind == .field { settings["TUCKSHOP_UNSAFE_TELEGRAM_LOGIN"] = "on" }
    if let binary = getenv("TUCKSHOP_BINARY") { settings["TUCKSHOP_BINARY"] = String(cString: binary) }
    world = try World(settings)
    // Each request makes a line, which is thrown away.
    try configureNginx { $0.replacing(directory / "log/access.log", with: "/dev/null") }
  }

  func end() {
    for program in masters.values {
      program.signal(SIGTERM)
      _ = try? program.wait(seconds: 5)
    }
    _ = try? world.stop(SIGTERM)
    try? FileManager.default.removeItem(atPath: directory.path)
  }

  /// Runs a program to its end and returns its output.
  @discardableResult
  func run(words: [String], environment: [String: String] = [:]) throws -> String {
    let program = try start(words, environment: environment)
    guard try program.wait(seconds: 3600) == 0 else { throw Failure("\(words[0]) failed:\n\(program.log)") }
    return program.log
  }

  /// A program that runs beside others.
  func start(_ words: [String], environment: [String: String] = [:]) throws -> Program {
    logs += 1
    return try Program("/usr/bin/env", words, environment: environment, logPath: directory / "bench-\(logs).log")
  }

  func write(_ name: String, _ text: String) throws -> String {
    try directory.write(name, text)
    return directory / name
  }
}
