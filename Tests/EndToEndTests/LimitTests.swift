import FoundationEssentials
import Glibc
import Support
import Testing

@Suite(.tiers(.e2e, .security, .slow), .serialized)
struct LimitTests {
  private static let once = [
    "RATE": "1", "BURST": "1", "AUTH_RATE": "1", "AUTH_BURST": "1", "HEALTH_RATE": "1", "HEALTH_BURST": "1",
    "PEOPLE_RATE": "1", "PEOPLE_BURST": "1",
  ]

  @Test func `a client above its rate gets 429 in the dialect of the path, with Retry-After`() throws {
    let world = try World(Dictionary(uniqueKeysWithValues: Self.once.map { ("TUCKSHOP_\($0)", $1) }))
    let cases: [(method: String, path: String, policy: String, type: String, body: String)] = [
      ("POST", "/api/auth", "auth", "application/json", "{\"errors\":\"too many requests, try again in a second\"}"),
      ("POST", "/api/v1/auth/login", "auth", "application/problem+json", "\"code\":\"too_many_requests\""),
      ("POST", "/users/", "auth", "application/problem+json", "\"status\":429"),
      ("GET", "/users/", "default", "application/problem+json", "\"status\":429"),
      ("GET", "/api/info", "default", "application/json", "{\"errors\":\"too many requests"),
      ("GET", "/api/buy/cup", "default", "application/json", "{\"errors\":\"too many requests"),
      ("GET", "/api/v1/items", "default", "application/problem+json", "\"title\":\"Too Many Requests\""),
      ("GET", "/api/v1/people?q=a", "people", "application/problem+json", "\"code\":\"too_many_requests\""),
      ("GET", "/inventory", "default", "application/json", "{\"error\":\"too_many_requests\",\"message\":"),
      ("GET", "/api/inventory", "default", "application/json", "{\"error\":\"too_many_requests\",\"message\":"),
    ]
    for (method, path, policy, type, body) in cases {
      let refusal = try refused(world, method, path)
      #expect(refusal.status == 429, "\(path)")
      #expect(refusal.header("Content-Type") == type, "\(path)")
      #expect(refusal.body.contains(body), "\(path): \(refusal.body)")
      #expect(refusal.header("Retry-After") == "1", "\(path)")
      #expect(refusal.header("RateLimit-Policy") == "\"\(policy)\";q=1;w=1", "\(path)")
      #expect(refusal.header("RateLimit") == "\"\(policy)\";r=0;t=1", "\(path)")
      #expect(refusal.header("X-Request-ID") != nil, "\(path)")
    }
    // The login port shares the limit, so it is no way round it.
    _ = try refused(world, "POST", "/api/v1/auth/login", port: world.loginPort)
    let probe = try refused(world, "GET", "/health/ready")
    #expect(probe.header("RateLimit-Policy") == "\"health\";q=1;w=1")
    // The metrics port has no limits.
    for _ in 0..<20 {
      #expect(try world.ask("/health/live", port: world.metricsPort).status == 200)
      #expect(try world.ask("/metrics", port: world.metricsPort).status == 200)
    }
    // A request that nginx refuses reaches no worker: the pool counts exactly the requests that the limit let through.
    let seen = try world.answered(by: "auth")
    let answers = try onThreads(8) { _ in
      try (0..<20).map { _ in try world.ask("/api/v1/auth/login", method: "POST", body: "{}").status }
    }.joined()
    let through = answers.filter { $0 != 429 }.count
    #expect(answers.contains(429))
    try eventually("the page counts them") { try world.answered(by: "auth") - seen == through }
  }

  @Test(arguments: ["/api/auth", "/api/info"])
  func `all IPv6 addresses of a household share one limit, and other households have their own`(path: String) throws {
    var settings = Dictionary(uniqueKeysWithValues: Self.once.map { ("TUCKSHOP_\($0)", $1) })
    settings["TUCKSHOP_TRUSTED_PROXIES"] = "127.0.0.1"
    let world = try World(settings)
    func status(_ address: String) throws -> Int {
      try world.ask(path, headers: [("X-Forwarded-For", address)]).status
    }
    // Each address asks once, which no limit forbids.
    let household = try (1...200).map { try status("2001:db8:1:2:\(String($0, radix: 16))::1") }
    #expect(household.contains(429))
    for number in 1...200 {
      #expect(try status("2001:db8:2:\(String(number, radix: 16))::1") != 429)
      #expect(try status("198.51.100.\(number)") != 429)
      #expect(try status("::ffff:203.0.113.\(number)") != 429)
    }
    // An IPv4 address is the same in both spellings.
    let mapped = try (1...200).map { try status($0 % 2 == 0 ? "192.0.2.1" : "::ffff:192.0.2.1") }
    #expect(mapped.filter { $0 == 429 }.count > 100)
  }

  @Test func `a client with too many concurrent requests gets 429 as well`() throws {
    let world = try World(["TUCKSHOP_CONNECTIONS": "1"])
    var held: [Held] = []
    var refusal = HTTPAnswer.broken
    // nginx may accept the second one first. Then the one without a body was refused, and the next one stays.
    try eventually("the second one at once is refused") {
      held.append(try Held(port: world.port))
      refusal = try world.ask("/api/v1/health")
      return refusal.status == 429
    }
    #expect(refusal.header("RateLimit-Policy") == "\"connections\";q=1")
    #expect(refusal.header("RateLimit") == "\"connections\";r=0;t=1")
    #expect(refusal.header("Retry-After") == "1")
    held = []
    try eventually("there is room again") { try world.ask("/api/v1/health").status == 200 }
  }

  /// The first refusal in a series of requests that is faster than one a second.
  private func refused(_ world: World, _ method: String, _ path: String, port: Int? = nil) throws -> HTTPAnswer {
    for _ in 0..<1000 {
      let answer = try world.ask(path, method: method, port: port)
      if answer.status == 429 { return answer }
    }
    throw Failure("\(path) is not limited")
  }
}

/// A request that stays open for as long as this object lives, because its body never comes.
private final class Held {
  private let descriptor: Int32

  init(port: Int) throws {
    guard let descriptor = HTTPAnswer.connected(to: port) else { throw Failure("no connection") }
    self.descriptor = descriptor
    let head = Array("POST /api/v1/health HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".utf8)
    guard send(descriptor, head, head.count, Int32(MSG_NOSIGNAL)) == head.count else { throw Failure("not sent") }
  }

  deinit { close(descriptor) }
}
