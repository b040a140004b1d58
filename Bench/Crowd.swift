internal import Glibc
internal import Support
internal import Synchronization

private let addition = """
  {"user_id":"550e8400-e29b-41d4-a716-446655440000","section":"main","operation_type":"system_reward",\
  "operation_id":"550e8400-e29b-41d4-a716-446655440001",\
  "items":[{"item_id":"550e8400-e29b-41d4-a716-446655440002","quantity":1}]}
  """

/// Shares of the duration, and of the largest number of people.
private let stages = [(length: 0.2, after: 0.25), (0.2, 0.5), (0.4, 1.0), (0.2, 0.0)]

/// Results of the whole crowd.
final class Crowd: Sendable {
  enum Kind: String, CaseIterable {
    case login = "POST /auth/login"
    case look = "GET /inventory"
    case add = "POST /inventory/add-items"
  }

  struct Seen {
    var times: [Kind: [Double]] = [:]
    var failures: [Kind: Int] = [:]
    var words: [String: Int] = [:]
    /// Every repetition of an operation gets the first answer.
    var firstIDs: Substring?
  }

  let seen = Mutex(Seen())
  private let site, login: Int

  init(site: Int, login: Int) { (self.site, self.login) = (site, login) }

  /// One person, from arrival to departure.
  func visit(_ number: Int, of users: Int, seconds: Double, _ start: Double) {
    let (came, left) = presence(above: Double(number - 1) / Double(users))
    sleep(until: start + seconds * came)
    let (door, line, end) = (Line(port: login), Line(port: site), start + seconds * left)
    var token: Substring?
    while token == nil, monotonicSeconds() < end {
      token = time(.login, door) { answer in
        HTTPAnswer.member("token", of: answer).map { $0[...] }
      } asking: {
        try door.ask(
          "POST", "/auth/login", "telegram_id=\(1000 + number)&username=load+tester+\(number)",
          headers: [("Content-Type", "application/x-www-form-urlencoded")])
      }
      door.end()
      if token == nil { usleep(1_000_000) }
    }
    let headers = [("Authorization", "Bearer \(token ?? "")"), ("Content-Type", "application/json")]
    while monotonicSeconds() < end {
      _ = time(.look, line) {
        $0.contains("\"items\":") ? "" : nil
      } asking: {
        try line.ask("GET", "/inventory", headers: headers)
      }
      _ = time(.add, line, sameIDs) { try line.ask("POST", "/inventory/add-items", addition, headers: headers) }
      usleep(.random(in: 500_000...1_500_000))
    }
  }

  /// The result of `judge` for the answer; nil if the answer is wrong or missing.
  private func time(
    _ kind: Kind, _ line: Line, _ judge: (String) -> Substring?,
    asking ask: () throws -> (status: Int, body: String)
  ) -> Substring? {
    let began = monotonicSeconds()
    let answer = Result(catching: ask)
    let waited = monotonicSeconds() - began
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

  /// The arrival and departure of a person who is there while more than this share of all people is.
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
