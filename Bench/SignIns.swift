internal import Support

/// The number of sign-ins at fixed rates, sent whether answers come or not, and the waiting time of other requests:
/// known people, new names and renewed sessions, each alone and together. The first load, capacity, has no rate: a few
/// clients register new names without a pause.
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
    // The rest of this load must not become part of the next one.
    sleep(until: monotonicSeconds() + 1)
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
