internal import Support

private let password = "a password for benches"

/// Callers with pauses, so that the processors are partly idle: some 700 requests a second.
private let pauses = """
  delay = function() return math.random(5, 35) end
  """
/// Each sign-in uses a new name, which costs 20 ms of computing by design; the storm asks for more than all processors
/// have.
private let newcomers = """
  local number, began = 0, os.time()
  wrk.method = "POST"
  request = function()
    number = number + 1
    return wrk.format(nil, nil, nil,
      '{"username":"newcomer ' .. began .. ' ' .. number .. '","password":"\(password)"}')
  end
  """

/// The waiting time of a caller with a token, and of a probe, while others sign in without a pause.
func measureLoginStorm(_ site: Site, _ options: Options, _ targets: Targets) throws {
  let file = try site.write("password", password)
  try site.tuckshop("user", "add", "storm", "--role", "admin", "--password-file", file)
  let token = try site.token(
    "access_token", from: "/api/v1/auth/login", #"{"username":"storm","password":"\#(password)"}"#)
  try announce(
    "\(options.workers) workers in app, \(options.authWorkers) with nice \(options.authNice) in auth, "
      + "\(options.rounds) rounds of \(options.seconds) s")
  var samples = Rounds()
  try eachRound(options.rounds) {
    for weather in ["quiet", "storm"] {
      func call(_ name: String, _ connections: Int, _ path: String, _ script: String) throws -> Wrk {
        try Wrk(
          name, on: site, port: site.world.port, path: path, connections: connections, threads: 1, script: script,
          bearer: token)
      }
      let storm =
        weather == "storm" ? try call("newcomers", options.connections, "/api/auth", newcomers) : nil
      let caller = try call("token", 16, "/api/info", pauses)
      let probe = try call("probe", 4, "/health/live", pauses)
      samples.add(try caller.finish(), to: "\(weather)-token")
      samples.add(try probe.finish(), to: "\(weather)-probe")
      // Sign-ins may be refused in a storm; no other request may.
      if let storm { samples.add(try storm.finish(mayRefuse: true), to: "newcomers") }
    }
  }
  report(samples, targets)
}

private func report(_ samples: Rounds, _ targets: Targets) {
  var table = Table(
    "request", "quiet p50 ms", "storm p50 ms", "quiet p99 ms", "storm p99 ms", "ratio of p99", "quiet req/s",
    "storm req/s")
  func slowdown(_ name: String) -> Double {
    ratio(samples["storm-\(name)"].median(\.p99), samples["quiet-\(name)"].median(\.p99))
  }
  for (name, path) in [("token", "/api/info"), ("probe", "/health/live")] {
    let (quiet, storm) = (samples["quiet-\(name)"], samples["storm-\(name)"])
    table.row(
      "`\(path)`", text(quiet.median(\.p50), 2), text(storm.median(\.p50), 2), text(quiet.median(\.p99), 2),
      text(storm.median(\.p99), 2), text(slowdown(name), 2), text(quiet.median(\.perSecond), 0),
      text(storm.median(\.perSecond), 0))
  }
  table.show()
  let newcomers = samples["newcomers"]
  say(
    """
    New people meanwhile: \(text(newcomers.median(\.perSecond), 0)) a second, \
    \((newcomers ?? []).map(\.refused).reduce(0, +)) refused; all of them \
    p50 \(text(newcomers.median(\.p50), 0)) ms, p99 \(text(newcomers.median(\.p99), 0)) ms.

    """)
  for name in ["token", "probe"] {
    targets.want("p99 of a \(name) in a login storm, to quiet", slowdown(name), .atMost, 2)
  }
}
