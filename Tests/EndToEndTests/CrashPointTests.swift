import FoundationEssentials
import Glibc
import Postgres
import Support
import Testing

/// Kills a worker at each system call of a transfer, one after the other. The client repeats the request under the same
/// key; the coins move once.
@Suite(.tiers(.e2e, .faults, .slow), .serialized)
struct CrashPointTests {
  /// Where Yama restricts ptrace, only root may trace a process that is not its child.
  private static let mayTrace = getuid() == 0 || (try? read("/proc/sys/kernel/yama/ptrace_scope"))?.first != "1"

  /// System calls with an effect outside the worker. Between two of these it makes no difference where the worker dies.
  private static let outward: Set = [
    "accept4", "read", "poll", "socket", "connect", "sendto", "recvfrom", "write", "close", "epoll_wait", "epoll_pwait",
  ]

  @Test(.enabled(if: mayTrace), arguments: [true, false])
  func `wherever a worker dies, a transfer happens once, and an answered transfer is kept`(hasSession: Bool) throws {
    let world = try World(["TUCKSHOP_APP_WORKERS": "1"])
    let bank = try Bank(world)
    // A worker may replace its session by itself just before the request, and then makes other calls.
    var calls: [String] = []
    try eventually("a transfer was watched") {
      calls = try bank.callsOfTransfer(hasSession: hasSession).filter(Self.outward.contains)
      return hasSession != calls.contains("connect")
    }
    let made = calls.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    #expect(Set(made.keys).isSuperset(of: ["accept4", "sendto", "recvfrom", "close"]), "\(calls)")
    // The remaining calls are the same with a session and without.
    let struck = hasSession ? made : made.filter { ["connect", "sendto", "recvfrom"].contains($0.key) }
    for (call, count) in struck.sorted(by: { $0.key < $1.key }) {
      for number in 1...count {
        try eventually("a worker dies at its \(call), number \(number)") {
          try bank.transfer(killedAt: call, number, hasSession: hasSession)
        }
      }
    }
    let (status, log) = try world.tuckshop("verify")
    #expect(status == 0, "\(log)")
  }
}

/// Anna sends a coin to Boris, again and again, through nginx and the only worker.
private final class Bank {
  private let world: World
  private let token: String
  private let database: Connection
  private var sent = 0

  init(_ world: World) throws {
    self.world = world
    token = try world.merchToken("anna")
    _ = try world.merchToken("boris")
    database = try world.database()
    database.limit(to: .after(milliseconds: 300_000))
  }

  /// The system calls of one transfer, in their order. Without a session the worker has to open one first.
  func callsOfTransfer(hasSession: Bool) throws -> [String] {
    let tracer = try follow(worker(hasSession: hasSession), [])
    let key = "watched-\(sent)"
    #expect(try send(key).status == 200)
    try check(key)
    tracer.signal(SIGINT)
    _ = try tracer.wait()
    // Before the request comes in, the worker only waits for it, and after the answer it waits for the next one. Later
    // calls belong to an idle moment, which not every transfer has.
    let calls = tracer.calls.drop { $0 != "accept4" }
    let rest = calls.firstIndex { $0.hasPrefix("epoll_") } ?? calls.endIndex
    return Array(calls[..<rest] + calls[rest...].prefix(1))
  }

  /// False if the worker survived, because it makes the call less often.
  func transfer(killedAt call: String, _ number: Int, hasSession: Bool) throws -> Bool {
    let pid = try worker(hasSession: hasSession)
    let tracer = try follow(pid, ["-e", "inject=\(call):signal=KILL:when=\(number)"])
    let key = "\(call)-\(number)-\(sent)"
    let first = try send(key)
    #expect([200, 503].contains(first.status), "\(key): \(first.body)")
    var last = first
    try eventually("the transfer is answered") {
      last = try send(key)
      #expect([200, 503].contains(last.status), "\(key): \(last.body)")
      return last.status == 200
    }
    #expect(first.status != 200 || last.header("Idempotent-Replayed") == "true", "\(key)")
    try check(key)
    tracer.signal(SIGINT)
    _ = try tracer.wait()
    #expect(tracer.sawDeath || first.status == 200, "\(key)")
    return tracer.sawDeath
  }

  private func check(_ key: String) throws {
    sent += 1
    let anna: Int = try database.value("\(raw: Self.balance) 'anna'")
    let boris: Int = try database.value("\(raw: Self.balance) 'boris'")
    #expect([anna, boris] == [1000 - sent, 1000 + sent], "\(key)")
  }

  private static let balance = """
    SELECT a.balance FROM accounts a JOIN users u ON u.id = a.owner WHERE a.asset = 1 AND u.username =
    """

  private func send(_ key: String) throws -> HTTPAnswer {
    try world.ask(
      "/api/sendCoin", method: "POST",
      headers: [
        ("Authorization", "Bearer \(token)"), ("Content-Type", "application/json"), ("Idempotency-Key", key),
      ], body: #"{"toUser":"boris","amount":1}"#)
  }

  /// The worker that will get the next request. It has used PostgreSQL before; without `hasSession` its session is
  /// ended.
  private func worker(hasSession: Bool) throws -> pid_t {
    try eventually("there is a worker that serves") {
      try world.ask("/api/info", headers: [("Authorization", "Bearer \(token)")]).status == 200
    }
    if !hasSession { try database.perform(Self.ending) }
    return try world.workers("app").first ?? { throw Failure("the worker has gone again") }()
  }

  private static let ending = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tuckshop_app'
    """

  private func follow(_ pid: pid_t, _ options: [String]) throws -> Tracer {
    let tracer = try Tracer(pid, options, world.directory)
    try eventually("strace follows the worker") { tracer.isAttached }
    return tracer
  }
}

/// strace on a running process.
private struct Tracer {
  private let program: Program
  private let output: String

  init(_ pid: pid_t, _ options: [String], _ directory: TemporaryDirectory) throws {
    output = directory / "strace-\(UInt32.random(in: 0 ... .max))"
    program = try Program("/usr/bin/strace", ["-p", "\(pid)", "-o", output] + options, logPath: output + ".log")
  }

  var isAttached: Bool { program.log.contains(" attached") }

  var calls: [String] {
    let lines = (try? read(output))?.split(separator: "\n") ?? []
    return lines.compactMap { line in
      let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      return line.dropFirst(name.count).first == "(" ? String(name) : nil
    }
  }

  /// strace reports how the traced process ended, unless it was told to detach first.
  var sawDeath: Bool { ((try? read(output)) ?? "").contains("+++ killed by SIGKILL +++") }

  func signal(_ signal: Int32) { program.signal(signal) }
  func wait() throws -> Int32 { try program.wait() }
}
