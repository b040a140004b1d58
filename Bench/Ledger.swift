internal import Support

/// The cost of the ledger: transfer and purchase, compared with plain SQL for the same effect, by pgbench.
func measureLedger(_ site: Site, _ options: Options, _ targets: Targets) throws {
  let folder = projectRoot + "/Bench/ledger"
  try site.psql(as: "postgres", "-v", "people=\(options.people)", "-f", folder + "/world.sql")
  let loads =
    ["transfer", "purchase"].flatMap { what in ["bare", "found", "ledger", "keyless"].map { "\(what)-\($0)" } }
    + ["info-ledger"]
  try announce(
    "\(options.people) people, \(options.clients) clients, \(options.rounds) rounds of \(options.seconds) s")
  var base = 0
  func load(_ name: String, seconds: Int) throws -> Sample {
    let server = try site.postmaster
    let before = try ProcessorTime.ofEnded(server)
    // The ids of operations continue from one load to the next; the distance is enough for one load.
    base += 1_000_000_000
    var sample = try site.pgbench(
      [folder + "/\(name).sql"], as: "postgres", sessions: options.clients, seconds: seconds,
      variables: ["people": options.people, "n": 0, "base": base])
    // A session's time is added to its parent's when the session ends.
    sleep(until: monotonicSeconds() + 0.3)
    sample.cpuMicroseconds = (try ProcessorTime.ofEnded(server) - before) * 1e6 / Double(sample.count)
    return sample
  }
  for name in loads { _ = try load(name, seconds: min(2, options.seconds)) }
  var samples = Rounds()
  try eachRound(options.rounds) {
    for name in loads { samples.add(try load(name, seconds: options.seconds), to: name) }
  }
  report(samples, loads, targets)
}

private func report(_ samples: Rounds, _ loads: [String], _ targets: Targets) {
  var table = Table("what", "than", "its tps", "ledger's", "ratio", "its µs", "ledger's", "ratio")
  let pairs = [("transfer", 0.65), ("purchase", 0.6)].flatMap { what, wanted in
    ["bare", "found"].flatMap { plain in ["ledger", "keyless"].map { (what, plain, $0, wanted) } }
  }
  func speed(_ what: String, _ plain: String, _ ours: String) -> Double {
    ratio(samples["\(what)-\(ours)"].median(\.perSecond), samples["\(what)-\(plain)"].median(\.perSecond))
  }
  for (what, plain, ours, _) in pairs {
    let (other, ledger) = (samples["\(what)-\(plain)"], samples["\(what)-\(ours)"])
    table.row(
      "\(what)-\(ours)", plain, text(other.median(\.perSecond), 0), text(ledger.median(\.perSecond), 0),
      text(speed(what, plain, ours), 2), text(other.median(\.cpuMicroseconds), 0),
      text(ledger.median(\.cpuMicroseconds), 0),
      text(ratio(ledger.median(\.cpuMicroseconds), other.median(\.cpuMicroseconds)), 2))
  }
  table.show()
  let info = samples["info-ledger"]
  say(
    """
    bare: rows with no way to find those of one person; found: with the indexes for it. ledger: under a key of the
    caller's; keyless: without one, as most of the shop's own clients ask.
    info: \(text(info.median(\.perSecond), 0)) /s, \(text(info.median(\.cpuMicroseconds), 0)) µs.
    From the worst to the best round: \(loads.map { "\($0) \(samples[$0].spread())" }.joined(separator: ", ")).

    """)
  for (what, plain, ours, wanted) in pairs {
    targets.want("\(what)-\(ours) than \(plain), tps", speed(what, plain, ours), .atLeast, wanted)
  }
}
