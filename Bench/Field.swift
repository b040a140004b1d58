internal import Glibc
internal import Postgres
internal import Support
internal import Synchronization

private let addition = """
  {"user_id":"550e8400-e29b-41d4-a716-446655440000","section":"main","operation_type":"system_reward",\
  "operation_id":"550e8400-e29b-41d4-a716-446655440001",\
  "items":[{"item_id":"550e8400-e29b-41d4-a716-446655440002","quantity":1}]}
  """

/// Shares of the time, and of the people who are there at the end of it.
private let stages = [(length: 0.2, after: 0.25), (0.2, 0.5), (0.4, 1.0), (0.2, 0.0)]

/// A load script that is used in the field. More and more people come, stay, and leave again. Each signs in once by a
/// bare Telegram id, and then asks for an inventory, repeats one and the same addition to somebody else's, and rests for
/// about a second.
func measureField(_ site: Site, _ options: Options, _ targets: Targets) throws {
  try announce(
    "\(options.workers) workers in app, \(options.authWorkers) in auth, up to \(options.fieldUsers) people in "
      + "\(options.fieldSeconds) s")
  let field = Field(site: site.world.port, login: site.world.loginPort)
  let began = nowSeconds()
  let people = (1...options.fieldUsers).map { number in
    Thread { field.visit(number, of: options.fieldUsers, seconds: Double(options.fieldSeconds), began) }
  }
  for person in people { person.join() }
  let seen = field.seen.withLock { $0 }
  var table = Table("request", "requests", "failures", "p50 ms", "p95 ms", "p99 ms", "longest ms")
  for kind in Field.Kind.allCases {
    let times = seen.times[kind] ?? []
    let shown = [0.5, 0.95, 0.99, 1].map { text(percentile(times, $0) * 1000, 2) }
    table.row(
      "`\(kind.rawValue)`", "\(times.count)", "\(seen.failures[kind] ?? 0)", shown[0], shown[1], shown[2], shown[3])
  }
  table.show()
  for (words, count) in seen.words.sorted(by: { $0.value > $1.value }).prefix(5) { say("\(count) times \(words)") }
  func p95(_ kind: Field.Kind) -> Double { percentile(seen.times[kind] ?? [], 0.95) * 1000 }
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

/// What all of them together have seen.
private final class Field: Sendable {
  enum Kind: String, CaseIterable {
    case login = "POST /auth/login"
    case look = "GET /inventory"
    case add = "POST /inventory/add-items"
  }

  struct Seen {
    var times: [Kind: [Double]] = [:]
    var failures: [Kind: Int] = [:]
    var words: [String: Int] = [:]
    /// Every repetition of an operation is told what was told the first time.
    var firstIDs: Substring?
  }

  let seen = Mutex(Seen())
  private let site, login: Int

  init(site: Int, login: Int) { (self.site, self.login) = (site, login) }

  /// One person, from coming to leaving.
  func visit(_ number: Int, of users: Int, seconds: Double, _ start: Double) {
    let (came, left) = presence(above: Double(number - 1) / Double(users))
    sleep(until: start + seconds * came)
    let (door, line, end) = (Line(port: login), Line(port: site), start + seconds * left)
    var token: Substring?
    while token == nil, nowSeconds() < end {
      token = time(.login, door) { answer in
        member("token", of: answer)
      } asking: {
        try door.ask(
          "POST", "/auth/login", "telegram_id=\(1000 + number)&username=load+tester+\(number)",
          headers: [("Content-Type", "application/x-www-form-urlencoded")])
      }
      door.end()
      if token == nil { usleep(1_000_000) }
    }
    let headers = [("Authorization", "Bearer \(token ?? "")"), ("Content-Type", "application/json")]
    while nowSeconds() < end {
      _ = time(.look, line) {
        $0.contains("\"items\":") ? "" : nil
      } asking: {
        try line.ask("GET", "/inventory", headers: headers)
      }
      _ = time(.add, line, sameIDs) { try line.ask("POST", "/inventory/add-items", addition, headers: headers) }
      usleep(.random(in: 500_000...1_500_000))
    }
  }

  /// What `judge` finds in the answer; nil if it is not what it should be, or there is none.
  private func time(
    _ kind: Kind, _ line: Line, _ judge: (String) -> Substring?,
    asking ask: () throws -> (status: Int, body: String)
  ) -> Substring? {
    let began = nowSeconds()
    let answer = Result(catching: ask)
    let waited = nowSeconds() - began
    var found: Substring?
    var words = "\(answer)"
    if case .success(let (status, body)) = answer {
      found = status == 200 ? judge(body) : nil
      words = "\(status) \(body.prefix(100))"
    }
    seen.withLock {
      $0.times[kind, default: []].append(waited)
      guard found == nil else { return }
      $0.failures[kind, default: 0] += 1
      $0.words["\(kind.rawValue): \(words)", default: 0] += 1
    }
    if found == nil { line.end() }
    return found
  }

  private func sameIDs(_ body: String) -> Substring? {
    guard body.contains("\"success\":true"),
      let ids = body.firstMatch(of: /"operation_ids":\s*\[[^\]]*\]/).map({ $0.output })
    else { return nil }
    return seen.withLock {
      $0.firstIDs = $0.firstIDs ?? ids
      return $0.firstIDs == ids ? ids : nil
    }
  }

  private func member(_ name: String, of body: String) -> Substring? {
    body.split(separator: "\"\(name)\":\"").dropFirst().first?.split(separator: "\"").first
  }

  /// When somebody comes and goes who is there while more than this share of all people is.
  private func presence(above level: Double) -> (came: Double, left: Double) {
    var (came, left, began, before) = (0.0, 0.0, 0.0, 0.0)
    for (length, after) in stages {
      let crossing = began + length * (level - before) / (after - before)
      if before <= level && level < after { came = crossing }
      if after <= level && level < before { left = crossing }
      (began, before) = (began + length, after)
    }
    return (came, left)
  }
}
