// Knows routes, handlers and how errors are told. Refuses to know FastCGI, SQL and rules of the shop.

package import HTTP
internal import FoundationEssentials
internal import Identity
internal import Ledger
package import Postgres
package import Telemetry
internal import Tokens

/// The whole program behind the wire: what a worker runs and what tests boot.
package final class Application {
  package struct Limits: Sendable {
    package var requestMilliseconds = 5000
    package var queueMilliseconds = 2000
    /// For how long what a probe found out is told to the next ones; 0: each looks for itself.
    package var readinessMilliseconds = 0
    /// After that, a request is answered if it needs no password hashed.
    package var hashQueueMilliseconds = 50
    package init() {}
  }

  private let router: Router<Endpoint>
  private let lender: Lender
  private let memory: SharedMemory
  private let log: Log
  private let limits: Limits
  private let desk: FrontDesk
  private let storefront: Storefront
  private let requiredSchemaVersion: Int
  private let tally: Tally
  private let readiness: Readiness
  private let housekeeping: Housekeeping

  package init(
    router: Router<Endpoint> = routes(), desk: FrontDesk, storefront: Storefront, lender: Lender, memory: SharedMemory,
    log: Log,
    limits: Limits = Limits(), requiredSchemaVersion: Int
  ) {
    self.router = router
    self.desk = desk
    self.storefront = storefront
    self.lender = lender
    self.memory = memory
    self.log = log
    self.limits = limits
    self.requiredSchemaVersion = requiredSchemaVersion
    tally = Tally(memory)
    readiness = Readiness(milliseconds: limits.readinessMilliseconds)
    housekeeping = Housekeeping(requestMilliseconds: limits.requestMilliseconds)
    lender.onFailure = { error in
      log(.warning, "PostgreSQL is away", ("cause", "\(error)"))
    }
  }

  /// Answers every request, whatever happens inside.
  package func respond(to request: Request, failure: RequestFailure? = nil) -> Response {
    let started = Clock.monotonicNanoseconds
    var template = "unmatched"
    let response: Response
    do {
      if let failure { throw failure }
      response = try dispatch(request, &template)
    } catch {
      response = Answers(dialect: Dialect(path: request.path), requestID: request.id).answer(to: error)
      note(error, request, template, response)
    }
    let microseconds = (Clock.monotonicNanoseconds - started) / 1000
    tally.count(template, status: response.status, microseconds: microseconds)
    return response
  }

  /// Periodic cleanup, for one worker of the pool `ops`: a slice of it, short enough that a probe can wait for it. True
  /// when all is done for now.
  @discardableResult
  package func tidyUp() -> Bool {
    var isDone = false
    lender.lendIdle(for: Housekeeping.sliceMilliseconds) { connection in
      isDone = housekeeping.work(on: connection) { log(.warning, "could not tidy up", ("cause", "\($0)")) }
    }
    return isDone
  }

  /// Between the requests of the pool `ops`, however many there are.
  package func tidyUpIfDue() {
    if housekeeping.isDue { tidyUp() }
  }

  /// Between requests: notices that the session died, or that PostgreSQL is back, and what was revoked.
  package func tick() {
    lender.tend()
    desk.forgetOldPasswords(now: Clock.unixSeconds)
    guard desk.authenticator.isBehind(now: Clock.unixSeconds) else { return }
    lender.lendIdle(for: 250) { connection in
      try? desk.authenticator.catchUp(now: Clock.unixSeconds, until: .after(milliseconds: 125), on: connection)
    }
  }

  /// The same for the pool `ops`, which admits nobody and is asked by probes: they wait for what is done here.
  package func tickForProbes() {
    lender.tend(for: Housekeeping.sliceMilliseconds)
    tidyUpIfDue()
  }

  private func dispatch(_ request: Request, _ template: inout String) throws -> Response {
    let route: Router<Endpoint>.Route
    var request = request
    switch router.match(request.method, request.path) {
    case .found(let found, let parameters):
      route = found
      request.parameters = parameters
    case .wrongMethod(let allow): throw RequestFailure.wrongMethod(allow: allow)
    case .unknownPath: throw RequestFailure.unknownPath
    case .malformedPath: throw RequestFailure.malformedPath
    }
    template = route.template
    // Whoever asked has most likely given up, and working for nobody is how a queue never ends.
    let waited = request.arrivedMilliseconds.map { Clock.unixMilliseconds &- $0 } ?? 0
    if waited > limits.queueMilliseconds { throw RequestFailure.queuedTooLong }
    let context = Context(
      deadline: .after(milliseconds: limits.requestMilliseconds),
      hashing: Hashing(
        verified: desk.verified, line: desk.line, isInTime: waited <= limits.hashQueueMilliseconds),
      requiredSchemaVersion: requiredSchemaVersion, memory: memory, desk: desk,
      storefront: storefront, readiness: readiness)
    switch route.endpoint {
    case .plain(let handler): return try handler(request, context)
    case .probing(let handler): return handler(request, context, lender)
    case .lent(let repeatable, let handler):
      return try lender.lend(until: context.deadline, repeatable: repeatable) { connection in
        try handler(request, context, connection)
      }
    case .called(let repeatable, let roles, let handler):
      let now = Clock.unixSeconds
      let proof = try desk.authenticator.examine(credentials(of: request), now: now)
      return try lender.lend(until: context.deadline, repeatable: repeatable) { connection in
        let caller = try desk.authenticator.admit(proof, now: now, on: connection)
        guard roles.contains(caller.role) else { throw CallerRefusal.forbidden }
        return try handler(request, context, caller, connection)
      }
    }
  }

  private func credentials(of request: Request) -> Credentials {
    let authorization = request.headers["Authorization"]
    // Public clients of merch send it without its scheme too. Who sends one is not asked which dialect they speak.
    let isBare = authorization.map { !$0.utf8.contains(UInt8(ascii: " ")) } ?? false
    return Credentials(
      authorization: authorization, trustedUser: desk.trustedUserHeader.flatMap { request.headers[$0] },
      mayBeBare: isBare && Dialect(path: request.path) == .merch)
  }

  private func note(_ error: any Error, _ request: Request, _ template: String, _ response: Response) {
    guard response.status >= 500 else { return }
    log(
      response.status == 500 ? .error : .warning, "a request failed", ("request_id", request.id),
      ("route", template), ("status", "\(response.status)"), ("cause", "\(error)"))
  }
}
