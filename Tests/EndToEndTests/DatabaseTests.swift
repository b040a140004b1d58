import FastCGI
import FoundationEssentials
import Glibc
import Postgres
import Support
import Testing

@Suite(.tiers(.e2e, .faults, .slow), .serialized)
struct DatabaseTests {
  @Test func `PostgreSQL crashes and recovers under load`() throws {
    let world = try World(["TUCKSHOP_APP_WORKERS": "4"])
    let app = world.directory / "run/app.sock"
    let workers = try ["app", "auth", "ops"].flatMap { try world.workers($0) }
    let load = Load(port: world.port, path: "/health/ready", threads: 4)
    try load.waitForMore(50)

    // Backends die as in a crash; the postmaster restarts them and runs recovery.
    for _ in 0..<3 {
      let backends = try sessions(of: world)
      kill(backends.randomElement()!, SIGKILL)
      // Once all sessions have ended, no worker repeats an older result.
      try eventually("the crash is noticed") { backends.allSatisfy { kill($0, 0) != 0 } }
      try eventually("it is ready again") {
        try Client.get("/health/ready", socket: app, timeoutMilliseconds: 5000).status == 200
      }
      try eventually("nginx says so too") { try world.ask("/health/ready").status == 200 }
      try load.waitForMore(20)
      // Idle workers notice it by themselves, and serve.
      let answer = try Client.get("/health/ready", socket: app, timeoutMilliseconds: 5000)
      #expect(answer.status == 200)
    }
    let answers = load.stop()
    #expect(Set(answers.keys).isSubset(of: [200, 503]))
    #expect(try ["app", "auth", "ops"].flatMap { try world.workers($0) } == workers)
  }

  @Test func `PostgreSQL is stopped at once and started again under load`() throws {
    let world = try World()
    let workers = try ["app", "auth", "ops"].flatMap { try world.workers($0) }
    let load = Load(port: world.port, path: "/health/ready", threads: 4)
    try load.waitForMore(50)
    try world.pgctl("stop", "-m", "immediate")
    #expect(try world.ask("/health/live").status == 200)
    // For a quarter of a second the result of the last check is repeated.
    var away = HTTPAnswer.broken
    try eventually("it is not ready") {
      away = try world.ask("/health/ready")
      return away.status == 503
    }
    #expect(away.header("Retry-After") == "1")
    try world.pgctl(
      "start", "-o", "-c listen_addresses= -c unix_socket_directories=\(world.directory / "run")", "-l", "/dev/null")
    try load.waitForMore(50)
    let answers = load.stop()
    #expect(Set(answers.keys).isSubset(of: [200, 503]))
    #expect(try ["app", "auth", "ops"].flatMap { try world.workers($0) } == workers)
    // A crash loses the statistics, so these are all sessions since then: one for each worker, those of this test, and
    // pg_ctl's own checks whether the server is up.
    let sessions: Int = try world.database().value(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tuckshop %'")
    #expect(sessions <= workers.count)
  }

  @Test func `while PostgreSQL hangs, liveness succeeds and readiness fails`() throws {
    let world = try World()
    let backends = try world.pid(ofPostgres: ())
    #expect(try world.ask("/health/ready").status == 200)
    stopAll(backends)
    // The client's timeout is the bound; the test reads no clock.
    var ready = HTTPAnswer.broken
    try eventually("it is not ready") {
      ready = try HTTPAnswer.asking(world.port, "GET", "/health/ready", timeoutSeconds: 2)
      #expect([200, 503].contains(ready.status))
      return ready.status == 503
    }
    #expect(ready.header("Retry-After") == "1")
    #expect(ready.body.contains("\"database\":\"disconnected\""))
    #expect(try world.ask("/health/live").status == 200)
    #expect(try world.ask("/api/v1/health").status == 200)
    continueAll(backends)
    try eventually("it is ready again") { try world.ask("/health/ready").status == 200 }
  }

  @Test func `unhurried requests open no session`() throws {
    let world = try World()
    let app = world.directory / "run/app.sock"
    func opened() throws -> Int {
      let connection = try world.database()
      try connection.perform("SELECT pg_stat_force_next_flush()")
      return try connection.value("SELECT sessions FROM pg_stat_database WHERE datname = 'tuckshop'")
    }
    // Each worker opens a session at its start, and PostgreSQL counts a session before it is idle.
    let workers = try ["app", "auth", "ops"].flatMap { try world.workers($0) }
    try eventually("each worker has its session") {
      try sessions(of: world, "state = 'idle'").count == workers.count
    }
    let before = try opened()
    for _ in 0..<3000 {
      #expect(try Client.get("/health/ready", socket: app, timeoutMilliseconds: 5000).status == 200)
    }
    // The one more is the session that counts.
    #expect(try opened() - before <= 1)
  }

  /// The backends of the workers' sessions.
  private func sessions(of world: World, _ condition: String = "true") throws -> [pid_t] {
    try world.database().rows(
      """
      SELECT pid FROM pg_stat_activity
      WHERE application_name LIKE 'tuckshop %' AND pid <> pg_backend_pid() AND \(raw: condition)
      """
    ) { pid_t(try $0.value(0, as: Int.self)) }
  }

  private func stopAll(_ processes: [pid_t]) { for process in processes { kill(process, SIGSTOP) } }
  private func continueAll(_ processes: [pid_t]) { for process in processes.reversed() { kill(process, SIGCONT) } }
}

extension World {
  /// The postmaster and all its children.
  func pid(ofPostgres: Void) throws -> [pid_t] {
    let first = try read(directory / "data/postmaster.pid").split(separator: "\n").first
    let postmaster = try first.flatMap { pid_t($0) } ?? { throw Failure("no postmaster") }()
    return [postmaster] + children(of: postmaster)
  }

  /// Runs as PostgreSQL's own user, because PostgreSQL refuses to run as root.
  func pgctl(_ arguments: String..., of postgres: InstalledPostgres = .newest) throws {
    let program = postgres.path + "/bin/pg_ctl"
    let all = [program, "-w", "-D", directory / "data"] + arguments
    let asUser = ["/usr/bin/setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups"]
    let command = (getuid() == 0 ? asUser : []) + all
    let status = try Program(command[0], Array(command.dropFirst()), logPath: directory / "pg_ctl.log").wait(
      seconds: 60)
    guard status == 0 else { throw Failure(try read(directory / "pg_ctl.log")) }
  }
}
