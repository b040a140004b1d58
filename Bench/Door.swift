internal import Support
internal import Synchronization

private let password = "a password for benches"
private let regulars = 100
/// With two, a worker would sometimes be idle; more would wait for each other.
private let registering = 3

/// The results of one kind of request in one load, with each request's milliseconds.
struct Turnout {
  var well: [Double] = []
  var refused: [Double] = []
  var failed = 0
  var all: Int { well.count + refused.count + failed }
}

/// Sends sign-ins to the shop.
final class Door: Sendable {
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
      guard let session = answer.member("refresh_token") else {
        throw Failure("a regular cannot sign in: \(answer.body)")
      }
      state.withLock { $0.sessions.append(session) }
    }
  }

  private func ask(_ path: String, _ body: String) throws -> HTTPAnswer {
    try HTTPAnswer.asking(port, "POST", path, body: body, timeoutSeconds: 30)
  }

  /// Sends this many per second, at fixed times.
  func at(_ rate: Double, _ seconds: Double, _ kind: Kind) -> Turnout {
    let counter = Counter()
    let began = monotonicSeconds()
    let threads = (0..<Int(rate * seconds)).map { number in
      let due = began + Double(number) / rate
      sleep(until: due)
      return Thread { self.ask(kind, due, counter) }
    }
    for thread in threads { thread.join() }
    return counter.turnout
  }

  /// Sends the next request when the last one is answered.
  func capacity(_ seconds: Double) -> Turnout {
    let counter = Counter()
    let end = monotonicSeconds() + seconds
    let threads = (0..<registering).map { _ in
      Thread { while monotonicSeconds() < end { self.ask(.new, monotonicSeconds(), counter) } }
    }
    for thread in threads { thread.join() }
    return counter.turnout
  }

  private func ask(_ kind: Kind, _ due: Double, _ counter: Counter) {
    let (path, body) = request(kind)
    let answer = (try? ask(path, body)) ?? .broken
    counter.count(answer, waited: (monotonicSeconds() - due) * 1000)
    if kind == .renewed, let next = answer.member("refresh_token") { state.withLock { $0.sessions.append(next) } }
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

  /// A refusal has a Retry-After.
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
