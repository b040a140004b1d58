internal import Glibc
internal import Support

/// Two people have the same 500 variants: "few" got each of them once, two years ago, and "much" has received more of
/// them ever since. Reading their present and past inventories should cost about the same.
private let people = ["few", "much"]
private let variants = 500
/// They keep two processors busy; with more, they would measure how they wait for each other.
private let connections = 4

/// Compares the cost of an inventory with a short and a long history.
func measureInventory(_ site: Site, _ options: Options, _ targets: Targets) throws {
  var tokens: [String: String] = [:]
  for name in people {
    // Unknown people sign in this way, and the token lasts for half a day.
    let body = #"{"username":"\#(name)","password":"a password for benches"}"#
    tokens[name] = try site.token("token", from: "/api/auth", body)
  }
  say("Writing a history of \(options.postings) postings …")
  try site.psql(
    as: "tuckshop_owner", "-v", "postings=\(options.postings)", "-f", projectRoot + "/Bench/inventory/history.sql")
  // Otherwise it would be written to disk during the measurement.
  try site.psql(as: "postgres", "-c", "CHECKPOINT")
  try site.tuckshop("verify")
  let queries = ["now": "", "past": "?at=" + timestamp(secondsAgo: 365 * 86_400)]
  // Otherwise answers of different length would be compared.
  for (name, token) in tokens {
    for (time, query) in queries {
      let answer = try site.world.ask("/inventory" + query, headers: [("Authorization", "Bearer \(token)")])
      let count = answer.body.split(separator: "\"item_id\"", omittingEmptySubsequences: false).count - 1
      guard count == variants else { throw Failure("\(name) has \(count) variants instead of \(variants) (\(time)).") }
    }
  }
  try announce(
    "\(options.workers) workers, \(connections) connections, \(options.rounds) rounds of \(options.seconds) s")
  var samples = Rounds()
  func round() throws {
    for (time, query) in queries.sorted(by: { $0.key < $1.key }) {
      for name in people {
        samples.add(try site.ask("\(time)-\(name)", tokens[name]!, query), to: "\(time)-\(name)")
      }
    }
  }
  // The first round, in which plans are made and pages are read, does not count.
  try round()
  samples = [:]
  try eachRound(options.rounds, round)
  report(samples, options, targets)
}

extension Site {
  /// Adds PostgreSQL's processor time for each request, including that of its sessions.
  fileprivate func ask(_ what: String, _ token: String, _ query: String) throws -> Sample {
    let server = try postmaster
    func spent() throws -> Double { try ProcessorTime.withEnded([server] + world.children(of: server)) }
    let before = try spent()
    let wrk = try Wrk(
      what, on: self, port: world.port, path: "/inventory" + query, connections: connections, threads: 1, bearer: token)
    var sample = try wrk.finish()
    sample.cpuMicroseconds = (try spent() - before) * 1e6 / Double(sample.count)
    return sample
  }
}

private func report(_ samples: Rounds, _ options: Options, _ targets: Targets) {
  var table = Table("500 variants", "postings", "ms a request", "p50 ms", "p99 ms", "µs of PostgreSQL's CPU")
  func milliseconds(_ name: String) -> Double { Double(connections) * 1000 / samples[name].median(\.perSecond) }
  for time in ["now", "past"] {
    for name in people {
      let load = samples["\(time)-\(name)"]
      table.row(
        time, "\(name == "much" ? options.postings : variants)", text(milliseconds("\(time)-\(name)"), 2),
        text(load.median(\.p50), 2), text(load.median(\.p99), 2), text(load.median(\.cpuMicroseconds), 0))
    }
  }
  table.show()
  func spreads(_ time: String) -> String {
    "\(time) \(samples["\(time)-few"].spread()) and \(samples["\(time)-much"].spread())"
  }
  say("From the worst to the best round: \(spreads("now")), \(spreads("past")).\n")
  targets.want(
    "an inventory after \(options.postings) postings to one after \(variants), ms",
    ratio(milliseconds("now-much"), milliseconds("now-few")), .atMost, 1.2)
  targets.want(
    "the same a year ago", ratio(milliseconds("past-much"), milliseconds("past-few")), .atMost, 1.5)
}
