internal import Support
internal import Synchronization

private let password = "a password for benches"
private let regulars = 100
/// Two would leave a worker without work now and then, and more would wait for each other.
private let registering = 3

/// How many sign in at fixed rates, whether the answers come or not, and what others wait for meanwhile: people who are
/// known, names that are new, and sessions that are renewed, each alone and together. The first load, capacity, has no
/// rate: a few register new names without a pause.
func measureSignIns(_ site: Site, _ options: Options, _ targets: Targets) throws {
  let seconds = Double(options.seconds)
  let door = try Door(port: site.world.port)
  try announce(
    "\(options.workers) workers in app, \(options.authWorkers) with nice \(options.authNice) in auth, "
      + "\(options.seconds) s for each load")
  var seen: [String: Turnout] = [:]
  seen["capacity-new"] = door.capacity(seconds)
  let capacity = Double(seen["capacity-new"]!.well.count) / seconds
  let loads: [(String, [(Double, Door.Kind)])] = [
    ("known", [(200, .known)]), ("quiet", [(20, .renewed)]), ("new", [(60, .new), (20, .renewed)]),
    ("flood", [(3 * capacity, .new), (20, .renewed)]), ("both", [(60, .new), (100, .known)]),
  ]
  for (load, kinds) in loads {
    let jobs = kinds.map { rate, kind in (kind, Job { door.at(rate, seconds, kind) }) }
    for (kind, job) in jobs { seen["\(load)-\(kind.rawValue)"] = try job.value() }
    // What is left of this load must not be a part of the next.
    sleep(until: nowSeconds() + 1)
  }
  let order = ["capacity-new"] + loads.flatMap { load, kinds in kinds.map { "\(load)-\($0.1.rawValue)" } }
  report(seen, order, seconds, targets)
}

private func report(_ seen: [String: Turnout], _ order: [String], _ seconds: Double, _ targets: Targets) {
  var table = Table(
    "load", "kind", "asked/s", "well/s", "refused/s", "failed", "p50 ms", "p99 ms", "refused p50 ms", "refused p99 ms")
  for name in order {
    let (turnout, words) = (seen[name]!, name.split(separator: "-"))
    func rate(_ count: Int) -> String { text(Double(count) / seconds, 0) }
    table.row(
      String(words[0]), String(words[1]), rate(turnout.all), rate(turnout.well.count), rate(turnout.refused.count),
      "\(turnout.failed)", text(percentile(turnout.well, 0.5), 1), text(percentile(turnout.well, 0.99), 1),
      text(percentile(turnout.refused, 0.5), 1), text(percentile(turnout.refused, 0.99), 1))
  }
  table.show()
  func share(_ name: String) -> Double { ratio(Double(seen[name]!.well.count), Double(seen[name]!.all)) }
  func well(_ name: String) -> Double { Double(seen[name]!.well.count) / seconds }
  func slow(_ name: String) -> Double { percentile(seen[name]!.well, 0.99) }
  func refusal(_ name: String) -> Double { percentile(seen[name]!.refused, 0.99) }
  let capacity = well("capacity-new")
  targets.want("known people, 200 a second, answered well", share("known-known"), .atLeast, 0.99)
  targets.want("p50 of them in ms", percentile(seen["known-known"]!.well, 0.5), .atMost, 100)
  targets.want(
    "new names, 60 a second, to what can be hashed of them", ratio(well("new-new"), min(capacity, 60)), .atLeast, 0.8)
  targets.want(
    "new names, three times what can be hashed, to that", ratio(well("flood-new"), capacity), .atLeast, 0.8)
  targets.want("p99 of a refusal in ms", refusal("new-new"), .atMost, 100)
  targets.want("p99 of a refusal in the flood in ms", refusal("flood-new"), .atMost, 100)
  targets.want("sessions renewed meanwhile", share("flood-renewed"), .equal, 1)
  targets.want(
    "p99 of them in ms (quiet: \(text(slow("quiet-renewed"), 1)))", slow("flood-renewed"), .atMost, 50)
  targets.want("known people beside new ones, answered well", share("both-known"), .atLeast, 0.99)
}

/// What became of the requests of one kind in one load, with the milliseconds each waited.
private struct Turnout {
  var well: [Double] = []
  var refused: [Double] = []
  var failed = 0
  var all: Int { well.count + refused.count + failed }
}

/// Where people come to sign in.
private final class Door: Sendable {
  enum Kind: String {
    case known, new, renewed
  }

  private struct State {
    var turn = 0
    var newcomers = 0
    var sessions: [String] = []
  }

  private let port: Int
  private let state = Mutex(State())

  init(port: Int) throws {
    self.port = port
    for number in 0..<regulars {
      var answer = HTTPAnswer.broken
      try eventually("somebody can register") {
        answer = try ask("/api/auth", #"{"username":"regular \#(number)","password":"\#(password)"}"#)
        return answer.status == 200
      }
      answer = try ask("/api/v1/auth/login", #"{"username":"regular \#(number)","password":"\#(password)"}"#)
      guard let session = refreshToken(answer) else { throw Failure("a regular cannot sign in: \(answer.body)") }
      state.withLock { $0.sessions.append(session) }
    }
  }

  private func ask(_ path: String, _ body: String) throws -> HTTPAnswer {
    try HTTPAnswer.asking(port, "POST", path, body: body, timeoutSeconds: 30)
  }

  private func refreshToken(_ answer: HTTPAnswer) -> String? {
    answer.body.firstMatch(of: /"refresh_token":"([^"]+)"/).map { String($0.1) }
  }

  /// So many a second, at their times.
  func at(_ rate: Double, _ seconds: Double, _ kind: Kind) -> Turnout {
    let counter = Counter()
    let began = nowSeconds()
    let threads = (0..<Int(rate * seconds)).map { number in
      let due = began + Double(number) / rate
      sleep(until: due)
      return Thread { self.ask(kind, due, counter) }
    }
    for thread in threads { thread.join() }
    return counter.turnout
  }

  /// As many as are answered.
  func capacity(_ seconds: Double) -> Turnout {
    let counter = Counter()
    let end = nowSeconds() + seconds
    let threads = (0..<registering).map { _ in
      Thread { while nowSeconds() < end { self.ask(.new, nowSeconds(), counter) } }
    }
    for thread in threads { thread.join() }
    return counter.turnout
  }

  private func ask(_ kind: Kind, _ due: Double, _ counter: Counter) {
    let (path, body) = request(kind)
    let answer = (try? ask(path, body)) ?? .broken
    counter.count(answer, waited: (nowSeconds() - due) * 1000)
    if kind == .renewed, let next = refreshToken(answer) { state.withLock { $0.sessions.append(next) } }
  }

  private func request(_ kind: Kind) -> (path: String, body: String) {
    state.withLock { state in
      switch kind {
      case .known:
        state.turn += 1
        let path = state.turn % 2 == 0 ? "/api/auth" : "/api/v1/auth/login"
        return (path, #"{"username":"regular \#(state.turn / 2 % regulars)","password":"\#(password)"}"#)
      case .new:
        state.newcomers += 1
        return ("/api/auth", #"{"username":"newcomer \#(state.newcomers)","password":"\#(password)"}"#)
      case .renewed:
        let session = state.sessions.isEmpty ? "" : state.sessions.removeFirst()
        return ("/api/v1/auth/refresh", #"{"refresh_token":"\#(session)"}"#)
      }
    }
  }
}

private final class Counter: Sendable {
  private let counted = Mutex(Turnout())

  var turnout: Turnout { counted.withLock { $0 } }

  /// A refusal says when to come back.
  func count(_ answer: HTTPAnswer, waited: Double) {
    counted.withLock {
      switch answer.status {
      case 200: $0.well.append(waited)
      case 429, 503: if answer.header("Retry-After") != nil { $0.refused.append(waited) } else { $0.failed += 1 }
      default: $0.failed += 1
      }
    }
  }
}
