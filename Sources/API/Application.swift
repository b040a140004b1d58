// Knows routes, handlers, documents and the answers to errors. Refuses to know FastCGI, SQL and the rules of the shop.

package import HTTP
internal import Identity
package import Postgres
package import Telemetry
internal import Tokens

/// The whole program behind the wire. Workers and tests run the same one.
package final class Application {
  package struct Limits: Sendable {
    package var requestMilliseconds = 5000
    package var queueMilliseconds = 2000
    /// How long probes are given the result of the last one; 0: each asks PostgreSQL.
    package var readinessMilliseconds = 0
    /// A request that waited longer is still answered, unless it needs a password hashed.
    package var hashQueueMilliseconds = 50
    /// For the bodies of routes that declare no limit of their own.
    package var bodyLimitBytes = 65_536
    package init() {}
  }

  private let planner: Planner
  private let lender: Lender
  private let memory: SharedMemory
  private let log: Log
  private let limits: Limits
  private let crossOrigin: CrossOrigin
  private let desk: FrontDesk
  private let storefront: Storefront
  private let requiredSchemaVersion: Int
  private let metrics: RequestMetrics
  private let readiness: Readiness
  private let housekeeping: Housekeeping

  package init(
    routes: [RouteGroup] = routes(), desk: FrontDesk, storefront: Storefront, lender: Lender,
    memory: SharedMemory, log: Log, limits: Limits = Limits(), crossOrigin: CrossOrigin = CrossOrigin(),
    requiredSchemaVersion: Int
  ) {
    planner = Planner(routes, bodyLimitBytes: limits.bodyLimitBytes)
    self.desk = desk
    self.storefront = storefront
    self.lender = lender
    self.memory = memory
    self.log = log
    self.limits = limits
    self.crossOrigin = crossOrigin
    self.requiredSchemaVersion = requiredSchemaVersion
    metrics = RequestMetrics(memory)
    readiness = Readiness(milliseconds: limits.readinessMilliseconds)
    housekeeping = Housekeeping(requestMilliseconds: limits.requestMilliseconds)
    lender.onFailure = { log(.warning, "PostgreSQL is away", ("cause", "\($0)")) }
  }

  package func plan(for head: Request) -> Plan { planner.plan(head.method, head.path) }

  /// Answers every request, also if its handler throws.
  package func respond(to request: Request, by plan: Plan, failure: RequestFailure? = nil) -> Response {
    let started = Clock.monotonicNanoseconds
    let template = failure == nil ? plan.template : Plan.unmatched
    let response: Response
    do {
      if let failure { throw failure }
      response = try crossOrigin.preflight(request, plan) ?? dispatch(request, plan)
    } catch {
      response = Answers(
        dialect: plan.dialect, requestID: request.id,
        asksForPage: request.headers["Accept"].map { $0.contains("text/html") } ?? false
      ).answer(to: error)
      if response.status >= 500 {
        log(
          response.status == 500 ? .error : .warning, "a request failed", ("request_id", request.id),
          ("route", template), ("status", "\(response.status)"), ("cause", "\(error)"))
      }
    }
    let microseconds = (Clock.monotonicNanoseconds - started) / 1000
    metrics.count(template, status: response.status, microseconds: microseconds)
    return crossOrigin.opening(response, to: request)
  }

  /// Periodic cleanup, for one worker of the pool `ops`: one slice, short enough that a probe can wait for it. True
  /// when everything is done for now.
  @discardableResult
  package func tidyUp() -> Bool {
    var isDone = false
    lender.lendIdle(for: Housekeeping.sliceMilliseconds) { connection in
      isDone = housekeeping.work(on: connection) { log(.warning, "could not tidy up", ("cause", "\($0)")) }
    }
    return isDone
  }

  /// For the pool `ops`, after each request: probes may come so often that the worker is never idle.
  package func tidyUpIfDue() {
    if housekeeping.isDue { tidyUp() }
  }

  /// Between requests: notices that the session died or that PostgreSQL is back, and reads revocations.
  package func tick() {
    lender.tend()
    desk.forgetOldPasswords(now: Clock.unixSeconds)
    guard desk.authenticator.isBehind(now: Clock.unixSeconds) else { return }
    lender.lendIdle(for: 250) { connection in
      try? desk.authenticator.catchUp(now: Clock.unixSeconds, until: .after(milliseconds: 125), on: connection)
    }
  }

  /// The same for the pool `ops`, which admits no caller, and whose probes wait for this work.
  package func tickForProbes() {
    lender.tend(for: Housekeeping.sliceMilliseconds)
    tidyUpIfDue()
  }

  private func dispatch(_ request: Request, _ plan: Plan) throws -> Response {
    let (route, parameters) = try plan.match.get()
    // The client has most likely given up. Working for it would keep the queue from ever getting shorter.
    let waited = request.arrivedMilliseconds.map { Clock.unixMilliseconds &- $0 } ?? 0
    if waited > limits.queueMilliseconds { throw RequestFailure.queuedTooLong }
    var request = request
    request.parameters = parameters
    let context = Context(
      deadline: .after(milliseconds: limits.requestMilliseconds),
      hashing: Hashing(
        verified: desk.verified, line: desk.line, isInTime: waited <= limits.hashQueueMilliseconds),
      requiredSchemaVersion: requiredSchemaVersion, memory: memory, desk: desk, storefront: storefront,
      readiness: readiness)
    switch route.target.endpoint {
    case .plain(let handler): return try handler(request, context)
    case .probing(let handler): return handler(request, context, lender)
    case .withConnection(let repeatable, let handler):
      return try lender.lend(until: context.deadline, repeatable: repeatable) { connection in
        try handler(request, context, connection)
      }
    case .signedIn(let repeatable, let handler):
      let now = Clock.unixSeconds
      let proof = try desk.authenticator.examine(credentials(of: request, plan.dialect), now: now)
      return try lender.lend(until: context.deadline, repeatable: repeatable) { connection in
        let caller = try desk.authenticator.admit(proof, now: now, on: connection)
        guard route.target.roles.contains(caller.role) else { throw CallerRefusal.forbidden }
        return try handler(request, Visit(caller: caller, context: context), connection)
      }
    }
  }

  private func credentials(of request: Request, _ dialect: Dialect) -> Credentials {
    let authorization = request.headers["Authorization"]
    // Public clients of merch also send the token without its scheme.
    let isBare = authorization.map { !$0.utf8.contains(UInt8(ascii: " ")) } ?? false
    // An nginx that does not vouch for the trusted header hands on what the client sent under that name.
    let trusted = desk.trustedUserHeader.flatMap { $0 == request.vouchedHeader ? request.headers[$0] : nil }
    return Credentials(authorization: authorization, trustedUser: trusted, mayBeBare: isBare && dialect == .merch)
  }
}
