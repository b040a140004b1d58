internal import Support

/// The requests of a shop with people in it, sent to the Swift pool, and straight to the database through pgbench; with
/// --many, also to a second shop with more people.
func measureShop(_ site: Site, _ options: Options, _ targets: Targets) throws {
  let began = monotonicSeconds()
  var pools = ["app"]
  try load(options.people, into: "tuckshop", site)
  let tokens = try site.tokens(of: options.people)
  let file = try site.write("tokens", tokens.map { "\($0.name) \($0.token)\n" }.joined())
  if options.many > 0 {
    try site.createDatabase("tuckshop_many")
    try site.tuckshop("migrate", "up", database: "tuckshop_many")
    try load(options.many, into: "tuckshop_many", site)
    try site.startSecondShop("many", database: "tuckshop_many")
    pools.append("many")
  }
  try site.standInFront(of: pools)
  for pool in pools {
    // Those of the second shop may have another history.
    try site.checkAnswers("/api/info", of: [pool], headers: [("Authorization", "Bearer \(tokens[0].token)")])
  }
  try announce(
    "ready after \(Int(monotonicSeconds() - began)) s, \(options.people) people, \(options.workers) workers, "
      + "\(options.connections) connections, \(options.rounds) rounds of \(options.seconds) s")

  let statements = try ShopRequest.allCases.map {
    try site.write("\($0.rawValue).sql", $0.statement(people: options.people))
  }
  for request in ShopRequest.allCases {
    for pool in pools {
      _ = try site.load("warm-up", on: pool, "/", seconds: 2, script: request.script(tokens: file))
    }
  }
  var samples = Rounds()
  var base = 0
  try eachRound(options.rounds) {
    for (request, statement) in zip(ShopRequest.allCases, statements) {
      for pool in pools {
        let name = "\(request.rawValue)-\(pool)"
        samples.add(try site.load(name, on: pool, "/", script: request.script(tokens: file)), to: name)
        guard pool == "app" else { continue }
        // The ids of operations continue from one load to the next; the distance is enough for one load.
        base += 1_000_000_000
        let sample = try site.pgbench(
          [statement], as: "tuckshop_app", sessions: options.workers, seconds: options.seconds,
          variables: ["n": 0, "base": base])
        samples.add(sample, to: "\(request.rawValue)-database")
      }
    }
    for pool in pools {
      let name = "mixed-\(pool)"
      let script = ShopRequest.mixed(tokens: file) + ShopRequest.pauses
      samples.add(try site.load(name, on: pool, "/", connections: 64, script: script), to: name)
    }
  }
  report(samples, options, targets)
}

func load(_ people: Int, into database: String, _ site: Site) throws {
  say("Loading \(people) people …")
  try site.tuckshop("seed", "--load", "\(people)", "--force", database: database)
}

private func report(_ samples: Rounds, _ options: Options, _ targets: Targets) {
  var table = Table("load", "req/s", "p50 ms", "p99 ms", "µs CPU of the workers")
  let loads = ["info", "send", "buy", "mixed"].flatMap { ["\($0)-app", "\($0)-many"] }
  for name in loads where samples[name] != nil {
    let load = samples[name]
    table.row(
      name, text(load.median(\.perSecond), 0), text(load.median(\.p50), 2), text(load.median(\.p99), 2),
      text(load.median(\.cpuMicroseconds), 1))
  }
  func speed(_ name: String) -> Double { samples[name].median(\.perSecond) }
  for request in ShopRequest.allCases {
    table.row("\(request.rawValue)-database (pgbench)", text(speed("\(request.rawValue)-database"), 0), "", "", "")
  }
  table.show()
  let spreads = ["info-app", "send-app", "send-database", "buy-app", "buy-database"]
    .map { "\($0) \(samples[$0].spread())" }
  say("From the worst to the best round: \(spreads.joined(separator: ", ")).\n")

  for name in ["send", "buy"] {
    targets.want(
      "\(name), req/s, Swift to pgbench", ratio(speed("\(name)-app"), speed("\(name)-database")), .atLeast, 0.5)
  }
  let mixed = samples["mixed-app"]
  targets.want(
    "p99 in ms of the mixed load at \(text(speed("mixed-app"), 0)) requests/s", mixed.median(\.p99), .atMost, 10)
  let largest = (mixed ?? []).map(\.privateMiB).max() ?? .nan
  targets.want("private MB of the largest worker", (largest * 104.8576).rounded() / 100, .atMost, 6)
  guard options.many > 0 else { return }
  for request in ShopRequest.allCases {
    let name = request.rawValue
    targets.want(
      "\(name), req/s, \(options.people) people to \(options.many)", ratio(speed("\(name)-app"), speed("\(name)-many")),
      .atMost, 1.1)
  }
  targets.want(
    "p99 in ms of the mixed load among \(options.many) people", samples["mixed-many"].median(\.p99), .atMost, 10)
}
