internal import Postgres
internal import Support
internal import Synchronization

/// A load script from the field. More and more people come, stay, and leave again. Each signs in once by a bare
/// Telegram id, and then reads an inventory, repeats one addition to somebody else's inventory, and rests for about a
/// second.
func measureField(_ site: Site, _ options: Options, _ targets: Targets) throws {
  try announce(
    "\(options.workers) workers in app, \(options.authWorkers) in auth, up to \(options.fieldUsers) people in "
      + "\(options.fieldSeconds) s")
  let crowd = Crowd(site: site.world.port, login: site.world.loginPort)
  let began = monotonicSeconds()
  let people = (1...options.fieldUsers).map { number in
    Thread { crowd.visit(number, of: options.fieldUsers, seconds: Double(options.fieldSeconds), began) }
  }
  for person in people { person.join() }
  let seen = crowd.seen.withLock { $0 }
  var table = Table("request", "requests", "failures", "p50 ms", "p95 ms", "p99 ms", "longest ms")
  for kind in Crowd.Kind.allCases {
    let times = seen.times[kind] ?? []
    let shown = [0.5, 0.95, 0.99, 1].map { text(percentile(times, $0) * 1000, 2) }
    table.row(
      "`\(kind.rawValue)`", "\(times.count)", "\(seen.failures[kind] ?? 0)", shown[0], shown[1], shown[2], shown[3])
  }
  table.show()
  for (words, count) in seen.words.sorted(by: { $0.value > $1.value }).prefix(5) { say("\(count) times \(words)") }
  func p95(_ kind: Crowd.Kind) -> Double { percentile(seen.times[kind] ?? [], 0.95) * 1000 }
  targets.want("p95 of GET /inventory in ms", p95(.look), .atMost, 500)
  targets.want("p95 of POST /inventory/add-items in ms", p95(.add), .atMost, 1000)
  targets.want("failures", Double(seen.failures.values.reduce(0, +)), .equal, 0)
  let made: Int = try site.world.database().value(
    """
    SELECT count(*) FROM postings p JOIN operations o ON o.id = p.operation
    WHERE o.key = '550e8400-e29b-41d4-a716-446655440001'
    """)
  targets.want("how often the one addition was made", Double(made), .equal, 1)
}
