import Glibc
import Support
import Testing

/// Pages of other origins (CORS), through nginx and a real pool.
@Suite(.tiers(.e2e, .security, .slow), .serialized)
struct CrossOriginTests {
  private static let listed = "https://intranet.example"

  /// The values of a header that may occur several times.
  private func values(_ name: String, _ answer: HTTPAnswer) -> [String] {
    answer.head.split(separator: "\r\n").dropFirst().compactMap { line in
      line.lowercased().hasPrefix(name.lowercased() + ":")
        ? String(line.dropFirst(name.count + 1).drop { $0 == " " }) : nil
    }
  }

  private func expectOpen(_ answer: HTTPAnswer, _ status: Int, _ what: String) {
    #expect(answer.status == status, "\(what)")
    #expect(values("Access-Control-Allow-Origin", answer) == [Self.listed], "\(what)")
    #expect(values("Access-Control-Expose-Headers", answer).first?.contains("X-Request-ID") == true, "\(what)")
    #expect(values("Access-Control-Expose-Headers", answer).count == 1, "\(what)")
    #expect(values("Vary", answer).filter { $0 == "Origin" }.count == 1, "\(what)")
    #expect(values("Access-Control-Allow-Credentials", answer).isEmpty, "\(what)")
  }

  @Test func `a page of a listed origin may ask, and may read answers and errors of workers and of nginx`() throws {
    let world = try World([
      "TUCKSHOP_CORS_ORIGINS": "http://[::1]:3000,\(Self.listed)", "TUCKSHOP_PEOPLE_RATE": "1",
      "TUCKSHOP_PEOPLE_BURST": "1",
    ])
    let origin = [("Origin", Self.listed)]
    func preflight(_ path: String, _ method: String, origin: String = Self.listed) throws -> HTTPAnswer {
      try world.ask(
        path, method: "OPTIONS", headers: [("Origin", origin), ("Access-Control-Request-Method", method)])
    }
    // A preflight hashes no password, and does not wait behind those who sign in.
    let before = try world.answered(by: "auth")
    for (path, method, methods) in [
      ("/api/v1/users", "POST", "GET, HEAD, POST"), ("/users/", "POST", "GET, HEAD, POST"),
      ("/api/v1/auth/login", "POST", "POST"), ("/api/v1/grants", "POST", "GET, HEAD, POST"),
      ("/api/v1/people?q=a", "GET", "GET, HEAD"), ("/api/inventory/reserve", "POST", "POST"),
    ] {
      let answer = try preflight(path, method)
      expectOpen(answer, 204, path)
      #expect(values("Access-Control-Allow-Methods", answer) == [methods], "\(path)")
      #expect(values("Access-Control-Max-Age", answer) == ["600"], "\(path)")
    }
    #expect(try world.answered(by: "auth") == before)

    expectOpen(try world.ask("/api/v1/shop", headers: origin), 200, "an answer")
    expectOpen(try world.ask("/api/v1/wallet", headers: origin), 401, "a worker's error")
    expectOpen(
      try world.ask("/api/v1/transfers", method: "POST", headers: origin, body: String(repeating: "x", count: 70_000)),
      413, "nginx's own error")
    var refusal = HTTPAnswer.broken
    try eventually("the limit is reached") {
      refusal = try world.ask("/api/v1/people?q=a", headers: origin)
      return refusal.status == 429
    }
    expectOpen(refusal, 429, "nginx's limit")

    for stranger in ["https://evil.example", "https://intranet.example.evil.example", "https://intranetxexample"] {
      for answer in [
        try world.ask("/api/v1/shop", headers: [("Origin", stranger)]),
        try preflight("/api/v1/users", "POST", origin: stranger),
        try world.ask("/nowhere.php/x", headers: [("Origin", stranger)]),
      ] {
        #expect(!answer.head.lowercased().contains("access-control-"), "\(stranger)")
        #expect(values("Vary", answer).contains("Origin"), "\(stranger)")
      }
    }
    #expect(unlink(world.directory / "run/app.sock") == 0)
    expectOpen(try world.ask("/api/v1/shop", headers: origin), 503, "a pool that is away")
    _ = try world.stop()
  }

  @Test(arguments: [
    "*", "null", "intranet.example", "https://intranet.example/", "https://intranet.example/path",
    "https://Intranet.example", "https://*.example", "https://a.example,", "ftp://a.example", "https://a.example:443",
    "http://a.example:80", "https://a.example:0", "https://a@b.example",
  ])
  func `a worker does not start with anything but origins as browsers send them`(origins: String) throws {
    let directory = try TemporaryDirectory()
    let worker = try Program(
      "tuckshop", ["worker"],
      environment: [
        "TUCKSHOP_CORS_ORIGINS": origins, "TUCKSHOP_RUN_DIR": directory.path,
        "TUCKSHOP_MIGRATIONS": projectRoot + "/migrations",
      ], logPath: directory / "log")
    #expect(try worker.wait() != 0)
    #expect(worker.log.contains("TUCKSHOP_CORS_ORIGINS must be origins as browsers send them"), "\(worker.log)")
  }
}
