internal import FoundationEssentials
internal import Support

/// Compares Tuckshop with the same contract in Go and in C on a plain schema, and with that schema alone: the same
/// requests of the same people at random, from the same load generator, one peer after the other in every round.
func measurePeers(_ site: Site, _ options: Options, _ targets: Targets) throws {
  let began = monotonicSeconds()
  try load(options.people, into: "tuckshop", site)
  let peers = try Peers(site)
  try peers.check(options)
  let bench = try PeerBench(peers, options)
  // Otherwise it would be written to disk during the measurement.
  try site.psql(as: "postgres", "-c", "CHECKPOINT")
  let setting =
    "\(options.people) people, \(options.workers) database connections each, \(options.connections) connections, "
    + "\(options.rounds) rounds of \(options.seconds) s"
  try announce("ready after \(Int(monotonicSeconds() - began)) s, " + setting)
  for peer in Peer.allCases { _ = try bench.measure(.mixed, peer, seconds: min(3, options.seconds)) }
  var samples = Rounds()
  var order = Peer.allCases
  try eachRound(options.rounds) {
    for load in PeerLoad.allCases {
      for peer in order { samples.add(try bench.measure(load, peer, seconds: options.seconds), to: name(load, peer)) }
    }
    // Otherwise a peer would always follow the same one.
    order.append(order.removeFirst())
  }
  report(samples, targets)
  guard let file = options.svg else { return }
  let drawn = graph(of: samples, "\(timestamp()), \(setting)").svg
  guard FileManager.default.createFile(atPath: file, contents: Data(drawn.utf8)) else {
    throw Failure("\(file) cannot be written.")
  }
  say("The graph is in \(file).")
}

private func report(_ samples: Rounds, _ targets: Targets) {
  for load in PeerLoad.allCases {
    var table = Table(
      load.rawValue, "req/s", "p99 ms", "server µs", "nginx µs", "PostgreSQL µs", "private MiB", "Tuckshop to it")
    for peer in Peer.allCases {
      let rounds = samples[name(load, peer)]
      func cell(_ figure: KeyPath<Sample, Double>, _ digits: Int) -> String {
        let median = rounds.median(figure)
        return median == 0 ? "" : "\(text(median, digits)) (\(rounds.spread(figure)))"
      }
      let ours = Pairs(samples, load, \.perSecond, to: peer)
      table.row(
        peer.title, cell(\.perSecond, 0), cell(\.p99, 1), cell(\.cpuMicroseconds, 1),
        cell(\.nginxMicroseconds, 1), cell(\.databaseMicroseconds, 1), cell(\.privateMiB, 1),
        peer == .tuckshop ? "" : "\(text(ours.median, 2)) (\(text(ours.least, 2))–\(text(ours.most, 2)))")
    }
    table.show()
  }
  say(
    """
    In brackets: from the worst round to the best, in per cent of the median. The last column is the median of the
    ratios of all rounds, and the least and the greatest of them. Memory is that of all processes of a server together.

    """)
  func want(
    _ load: PeerLoad, _ figure: KeyPath<Sample, Double>, _ what: String, than peer: Peer,
    _ relation: Targets.Relation, _ limit: Double
  ) {
    let ours = Pairs(samples, load, figure, to: peer)
    targets.want(
      "\(load.rawValue), \(what), Tuckshop to \(peer.title) (\(text(ours.least, 2)) to \(text(ours.most, 2)))",
      ours.median, relation, limit)
  }
  want(.mixed, \.perSecond, "req/s", than: .go, .atLeast, 1.1)
  want(.mixed, \.perSecond, "req/s", than: .c, .atLeast, 1)
  want(.info, \.perSecond, "req/s", than: .c, .atLeast, 1)
  want(.info, \.cpuMicroseconds, "CPU of the workers", than: .c, .atMost, 1.3)
}

/// Tuckshop's figure to a peer's, in each round. Rounded, so that the printed figure decides whether a target is met.
private struct Pairs {
  private let ratios: [Double]

  init(_ samples: Rounds, _ load: PeerLoad, _ figure: KeyPath<Sample, Double>, to peer: Peer) {
    let rounds = zip(samples[name(load, .tuckshop)] ?? [], samples[name(load, peer)] ?? [])
    ratios = rounds.map { ratio($0[keyPath: figure], $1[keyPath: figure]) }.sorted()
  }

  var least: Double { ratios.first ?? .nan }
  var most: Double { ratios.last ?? .nan }
  var median: Double {
    ratios.isEmpty ? .nan : ratio(ratios[(ratios.count - 1) / 2] + ratios[ratios.count / 2], 2)
  }
}

private func graph(of samples: Rounds, _ caption: String) -> BarGraph {
  BarGraph(
    title: "Requests per second", caption: caption,
    groups: PeerLoad.allCases.map { load in
      BarGraph.Group(
        name: load.rawValue,
        bars: Peer.allCases.map { peer in
          let rounds = samples[name(load, peer)]
          let all = (rounds ?? []).map(\.perSecond)
          return BarGraph.Bar(
            name: peer.title, value: rounds.median(\.perSecond), least: all.min() ?? 0, most: all.max() ?? 0,
            isOurs: peer == .tuckshop)
        })
    })
}
