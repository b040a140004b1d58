internal import API
internal import FastCGI
internal import Glibc
internal import Identity
internal import Ledger
internal import Migrations
internal import Postgres
internal import Telemetry
internal import Tokens

enum WorkerCommand: Command {
  static let name = "worker"
  static let summary = "Serves FastCGI requests on file descriptor 0, one at a time."
  static let usage = """
    tuckshop worker

    Started by spawn-fcgi and multiwatch (see bin/pool), or by systemd with its own socket.
    SIGTERM and SIGUSR1 let it finish the request in hand and leave with 0.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    try arguments.finish()
    Responder.holdSignals()
    leaveNoCore()
    let settings = try WorkerSettings(environment)
    let log = Log(
      threshold: settings.logLevel, common: [("pool", settings.pool.name), ("pid", "\(getpid())")])
    let memory = try SharedMemory(path: settings.memoryPath)
    // At its first random bytes libcrypto reads its configuration, and no request should wait for that.
    _ = Random.bytes(1)
    if settings.desk.believesTelegramIDs {
      log(.warning, "anybody on this machine can sign in as any Telegram user: use this for load tests only")
    }

    let pause = memory.pauseBeforeStart(in: settings.pool)
    if pause > 0 {
      log(.warning, "this pool's workers start too often; sleeping first", ("milliseconds", "\(pause)"))
      usleep(useconds_t(pause) * 1000)
    }

    let lender = Lender(
      settings.database, breaker: Breaker(words: memory.breaker), connectMilliseconds: settings.connectMilliseconds)
    let application = Application(
      desk: settings.desk, storefront: settings.storefront, lender: lender, memory: memory, log: log,
      limits: settings.limits, crossOrigin: settings.crossOrigin, requiredSchemaVersion: settings.requiredSchemaVersion)
    if settings.pool == .app {
      settings.desk.authenticator.onNewGeneration = { settings.storefront.walletInfo.forget($0) }
    }
    var responder = try Responder()

    var firstAdmin = settings.firstAdmin
    var looksAtServer = settings.pool == .ops
    func tick() {
      if settings.pool == .ops { application.tickForProbes() } else { application.tick() }
      if looksAtServer {
        lender.lendIdle(for: 50) { connection in
          looksAtServer = false
          if let sentence = try? connection.unfitSetting() { log(.warning, sentence) }
        }
      }
      guard let candidate = firstAdmin else { return }
      lender.lendIdle(for: 2000) { connection in
        do {
          if try candidate.appoint(by: settings.desk.registrar, on: connection) {
            log(.info, "appointed the first admin")
          }
          firstAdmin = nil
        } catch {
          log(.warning, "the first admin could not be appointed", ("cause", "\(error)"))
        }
      }
    }
    tick()
    var life = WorkerLife(settings, memory: memory, lender: lender)
    if settings.pool == .auth { life.share(with: settings.desk, in: memory) }
    if settings.pool == .app, !life.shareNames(in: memory) {
      log(.warning, "/dev/shm has no room for the names of people, so each worker keeps its own")
    }
    let end = responder.serve(
      tickMilliseconds: settings.pool == .ops ? 100 : 500,
      plan: { head in
        let plan = application.plan(for: head)
        return (plan, bodyLimitBytes: plan.bodyLimitBytes)
      },
      answer: { request, plan, failure in application.respond(to: request, by: plan, failure: failure) },
      between: { wasIdle, discarded in
        // Frequent probes may leave no idle moment.
        if wasIdle { tick() } else if settings.pool == .ops { application.tidyUpIfDue() }
        return life.goesOn(wasIdle: wasIdle, discarded: discarded)
      })
    life.end()
    log(.info, "leaving", ("why", "\(end)"), ("requests", "\(life.requests)"))
    if case .failed = end { return 1 }
    return 0
  }

  /// Keys and passwords are in memory. A limit of one byte is too small for a core file, and the one value for
  /// which Linux does not even start the program behind a piped core_pattern (core(5)).
  private static func leaveNoCore() {
    var limit = rlimit(rlim_cur: 1, rlim_max: 1)
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
  }
}

/// A worker's settings, all checked before it serves its first request.
struct WorkerSettings {
  let pool: Pool
  let memoryPath: String
  let database: ConnectionSettings
  let connectMilliseconds: Int
  let limits: Application.Limits
  let crossOrigin: CrossOrigin
  let desk: FrontDesk
  let storefront: Storefront
  /// Only the pool that hashes passwords appoints the first admin.
  let firstAdmin: FirstAdmin?
  let requiredSchemaVersion: Int
  let directoryMebibytes: Int
  let maxRequests: Int
  let maxAgeSeconds: Int
  let maxResidentMebibytes: Int
  let logLevel: Log.Level

  init(_ environment: Environment) throws {
    pool = try environment.value(\.worker.pool)
    memoryPath = try environment.value(\.worker.runDirectory) + "/shared.page"
    database = try environment.database(applicationName: "tuckshop \(pool.name)")
    connectMilliseconds = try environment.value(\.database.connectMilliseconds)
    crossOrigin = CrossOrigin(try environment.value(\.requests.corsOrigins))
    var limits = Application.Limits()
    limits.requestMilliseconds = try environment.value(\.requests.requestMilliseconds)
    limits.queueMilliseconds = try environment.value(\.requests.queueMilliseconds)
    // nginx sends strangers' probes there, and to no other pool.
    if pool == .ops { limits.readinessMilliseconds = 250 }
    limits.bodyLimitBytes = try environment.value(\.requests.bodyLimitBytes)
    limits.hashQueueMilliseconds = try environment.value(\.requests.hashQueueMilliseconds)
    self.limits = limits
    desk = try environment.frontDesk()
    if pool == .auth { desk.openID = try environment.openID() }
    storefront = try environment.storefront()
    if desk.trustedUserHeader != nil && !isUnixSocket(0) {
      throw SettingError(
        "\(environment.name(\.signOn.trustedUserHeader)) is only for workers behind a unix socket: unset it for this one"
      )
    }
    let firstAdmin = try environment.firstAdmin()
    self.firstAdmin = pool == .auth ? firstAdmin : nil
    requiredSchemaVersion = try Migration.all(in: environment.value(\.worker.migrations)).last?.version ?? 0
    directoryMebibytes = try environment.value(\.worker.directoryMebibytes)
    maxRequests = try environment.value(\.worker.maxRequests)
    maxAgeSeconds = try environment.value(\.worker.maxAgeSeconds)
    maxResidentMebibytes = try environment.value(\.worker.maxResidentMebibytes)
    logLevel = try environment.value(\.worker.logLevel)
  }
}
