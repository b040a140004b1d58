internal import Postgres
internal import Support

/// Health checks: the least work of a worker, and one prepared read, compared with a C worker and the database alone.
func measureProbes(_ site: Site, _ options: Options, _ targets: Targets) throws {
  try site.startYardstick()
  try site.standInFront(of: ["c", "app"])
  for path in ["/health/live", "/health/ready"] { try site.checkAnswers(path, of: ["c", "app"]) }
  let statement = try site.write("ready.sql", "SELECT schema_version();\n")
  let (many, rounds) = (options.connections, options.rounds)
  try announce("\(options.workers) workers each, \(many) connections, \(rounds) rounds of \(options.seconds) s")
  for pool in ["c", "app"] {
    for path in ["live", "ready"] { _ = try site.load("warm-up", on: pool, "/health/\(path)", seconds: 1) }
  }
  var samples = Rounds()
  var opened = 0
  // Counts sessions while only the workers use the database; pgbench runs at another time.
  func ready() throws {
    let before = try sessions(site)
    samples.add(try site.load("ready-app", on: "app", "/health/ready"), to: "ready-app")
    // A session is counted after its first statement, at most a second later.
    sleep(until: monotonicSeconds() + 1)
    opened += try sessions(site) - before
  }
  try eachRound(rounds) {
    samples.add(try site.load("static", on: "app", "/"), to: "static")
    for pool in ["c", "app"] {
      samples.add(try site.load("live-\(pool)", on: pool, "/health/live"), to: "live-\(pool)")
    }
    samples.add(try site.load("ready-c", on: "c", "/health/ready"), to: "ready-c")
    try ready()
    // The database's limit: the same statement without a worker, on as many connections.
    samples.add(
      try site.pgbench([statement], as: "tuckshop_app", sessions: options.workers, seconds: options.seconds),
      to: "database")
  }
  let figures = samples
  // The target is about this many; without --check nobody has to wait for them.
  var asked: Int { samples["ready-app"]!.map(\.count).reduce(0, +) }
  while options.check && asked < 100_000 { try ready() }
  report(figures, targets)
  let largest = figures["ready-app"].median(\.privateMiB) * 1.048576
  targets.want("private MB of the largest Swift worker", (largest * 100).rounded() / 100, .atMost, 6)
  targets.want("sessions opened in \(asked) requests for /health/ready", Double(opened), .equal, 0)
}

/// Asks from another database, so that the question itself is not counted.
private func sessions(_ site: Site) throws -> Int {
  var settings = ConnectionSettings()
  settings.conninfo = "host=\(site.sockets) dbname=postgres user=postgres"
  return try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    .value("SELECT sessions FROM pg_stat_database WHERE datname = 'tuckshop'")
}

private func report(_ samples: Rounds, _ targets: Targets) {
  var table = Table(
    "endpoint", "C req/s", "Swift req/s", "ratio", "C µs CPU", "Swift µs CPU", "ratio", "C p50 ms", "Swift p50 ms",
    "C p99 ms", "Swift p99 ms", "C MiB", "Swift MiB")
  for path in ["live", "ready"] {
    let (c, swift) = (samples["\(path)-c"], samples["\(path)-app"])
    let speed = ratio(swift.median(\.perSecond), c.median(\.perSecond))
    let cpu = ratio(swift.median(\.cpuMicroseconds), c.median(\.cpuMicroseconds))
    table.row(
      "/health/\(path)", text(c.median(\.perSecond), 0), text(swift.median(\.perSecond), 0), text(speed, 2),
      text(c.median(\.cpuMicroseconds), 1), text(swift.median(\.cpuMicroseconds), 1), text(cpu, 2),
      text(c.median(\.p50), 2), text(swift.median(\.p50), 2), text(c.median(\.p99), 2), text(swift.median(\.p99), 2),
      text(c.median(\.privateMiB), 2), text(swift.median(\.privateMiB), 2))
  }
  table.show()
  say(
    """
    nginx alone: \(text(samples["static"].median(\.perSecond), 0)) req/s. \
    pgbench: \(text(samples["database"].median(\.perSecond), 0)) statements/s.
    From the worst to the best round: nginx \(samples["static"].spread()), live C \(samples["live-c"].spread()) and \
    Swift \(samples["live-app"].spread()), ready C \(samples["ready-c"].spread()) and \
    Swift \(samples["ready-app"].spread()), pgbench \(samples["database"].spread()).

    """)
  for path in ["live", "ready"] {
    let (c, swift) = (samples["\(path)-c"], samples["\(path)-app"])
    let speed = ratio(swift.median(\.perSecond), c.median(\.perSecond))
    let cpu = ratio(swift.median(\.cpuMicroseconds), c.median(\.cpuMicroseconds))
    targets.want("/health/\(path), req/s, Swift to C", speed, .atLeast, 0.8)
    targets.want("/health/\(path), CPU of a request, Swift to C", cpu, .atMost, 1.5)
  }
}
