import Glibc
import Support
import Testing

@Suite(.tiers(.e2e, .smoke), .serialized)
struct SmokeTests {
  let world = World.shared

  @Test(arguments: ["/health", "/health/ready", "/readyz", "/health/live", "/livez", "/api/v1/health"])
  func `every health path answers 200`(path: String) throws {
    let answer = try world.ask(path)
    #expect(answer.status == 200)
    #expect(answer.body.contains("\"status\":\"healthy\""))
    #expect(answer.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.header("X-Request-ID") != nil)
    #expect(try world.ask(path, method: "HEAD").body == "")
    #expect(try world.ask(path, method: "POST").status == 405)
  }

  @Test func `readiness names its checks`() throws {
    let answer = try world.ask("/health/ready")
    #expect(answer.body.contains("\"services\":{\"database\":\"connected\"}"))
    for check in ["database", "schema", "draining"] { #expect(answer.body.contains("\"name\":\"\(check)\"")) }
  }

  @Test func `the page and the description of the API are served`() throws {
    #expect(try world.ask("/").header("Content-Type")?.hasPrefix("text/html") == true)
    #expect(try world.ask("/openapi.yaml").body.hasPrefix("openapi: 3.1"))
  }

  @Test func `nginx answers every address of the page with the page`() throws {
    let page = try world.ask("/").body
    let router = try read(projectRoot + "/nginx/html/page/router.js")
    let paths = router.matches(of: /\bpath: "([^"]+)"/).map { String($0.1).replacing(/:[a-z]+/, with: "x-1") }
    #expect(paths.count > 8)
    for path in paths + ["/shop/%D0%BA?q=1"] { #expect(try world.ask(path).body == page, "\(path)") }
  }

  @Test(arguments: [
    ("/page/app.js", "text/javascript", "no-cache"), ("/page/screens/home.js", "text/javascript", "no-cache"),
    ("/words/en.js", "text/javascript", "no-cache"), ("/style/elements.css", "text/css", "no-cache"),
    ("/goods/cup.svg", "image/svg+xml", "public, max-age=86400"),
    ("/manifest.webmanifest", "application/manifest+json", "no-cache"), ("/icon-192.png", "image/png", "no-cache"),
  ])
  func `the page's files have a type, a validator and an age`(path: String, type: String, age: String) throws {
    let answer = try world.ask(path)
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type")?.hasPrefix(type) == true)
    #expect(answer.header("Cache-Control") == age)
    #expect(answer.header("ETag") != nil)
    #expect(try world.ask(path, method: "POST").header("Allow") == "GET, HEAD")
  }

  @Test(arguments: [
    "/page/", "/page/x/app.js", "/page/screens/", "/page/screens/x/home.js", "/page/screens/../app.js",
    "/page/%61pp.js", "/words/en.css", "/style/elements.js", "/goods/../index.html", "/goods/cup.png", "/admin/nowhere",
    "/shop/a/b", "/shop/", "/-/html/page/app.js", "/-/drawings/cup.svg", "/-/error/404.page",
  ])
  func `no other path leads to a file of the page`(path: String) throws {
    #expect(try world.ask(path).status == 404)
  }

  @Test func `a browser gets a page for an unknown address, and JSON for one of the API`() throws {
    let browser = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("If-None-Match", "*")]
    let page = try world.ask("/nowhere", headers: browser)
    #expect(page.status == 404)
    #expect(page.header("Content-Type")?.hasPrefix("text/html") == true)
    #expect(page.header("Content-Security-Policy")?.contains("script-src 'self'") == true)
    for path in ["/api/v1/nowhere", "/api/v1/no%20where", "/api/nowhere", "/inventory/nowhere", "/media/x", "/nowhere"]
    {
      let headers = path == "/nowhere" ? [("Accept", "*/*")] : browser
      let answer = try world.ask(path, headers: headers)
      #expect(answer.status == 404 && answer.body.hasPrefix("{"), "\(path)")
    }
  }

  @Test func `each port serves only its own routes`() throws {
    #expect(try world.ask("/metrics").status == 404)
    #expect(try world.ask("/metrics", port: world.metricsPort).body.contains("tuckshop_workers{pool=\"app\"} 4"))
    #expect(try world.ask("/nginx_status", port: world.metricsPort).status == 200)
    #expect(try world.ask("/api/v1/health", port: world.metricsPort).status == 404)
    #expect(try world.ask("/api/v1/health", port: world.loginPort).status == 404)
    #expect(try world.ask("/health/live", port: world.loginPort).status == 200)
  }

  @Test func `a well-formed request id is kept, any other is replaced`() throws {
    #expect(try world.ask("/nowhere", headers: [("X-Request-ID", "abc-1")]).header("X-Request-ID") == "abc-1")
    let odd = try world.ask("/nowhere", headers: [("X-Request-ID", "a b\"")])
    #expect(odd.header("X-Request-ID")?.count == 32)
  }

  @Test(arguments: [
    ("/api/v1/nowhere", "application/problem+json", "\"code\":\"not_found\""),
    ("/api/buy/", "application/json", "{\"errors\":"), ("/api/nowhere", "application/json", "{\"errors\":"),
    // This one ends at nginx.
    ("/api/no%20where", "application/json", "{\"errors\":"), ("/api/v1", "application/problem+json", "\"status\":404"),
    ("/api/v1/no%20where", "application/problem+json", "\"status\":404"),
    ("/api/inventory/nowhere", "application/json", "\"error\":\"not_found\""),
    ("/admin/inventory/nowhere", "application/json", "\"error\":\"not_found\""),
    ("/users/x/y/z", "application/problem+json", "\"status\":404"),
    ("/inventory/nowhere", "application/json", "\"error\":\"not_found\""),
    ("/nowhere", "application/problem+json", "\"status\":404"),
  ])
  func `an unknown path is answered in the dialect of its group`(path: String, type: String, piece: String) throws {
    let answer = try world.ask(path)
    #expect(answer.status == 404)
    #expect(answer.header("Content-Type")?.hasPrefix(type) == true)
    #expect(answer.body.contains(piece))
  }

  @Test func `every answer has the security headers for browsers`() throws {
    let paths = [
      "/", "/style/elements.css", "/api/info", "/api/v1/items", "/nowhere", "/x/../y", "/health/live", "/inventory",
    ]
    for path in paths {
      let answer = try world.ask(path)
      let names = [
        "X-Request-ID", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Content-Security-Policy",
      ]
      for name in names { #expect(answer.header(name) != nil, "\(path) lacks \(name)") }
    }
  }

  @Test func `a body over the limit is refused in the dialect of its group`() throws {
    let large = String(repeating: "x", count: 70_000)
    #expect(try world.ask("/api/v1/x", method: "POST", body: large).status == 413)
    #expect(try world.ask("/api/sendCoin", method: "POST", body: large).status == 400)
    #expect(try world.ask("/inventory/reserve", method: "POST", body: large).body.hasPrefix("{\"error\":"))
  }

  @Test func `invalid HTTP is answered in JSON`() throws {
    let answer = try HTTPAnswer.sending("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", to: world.port)
    #expect(answer.status == 400)
    #expect(answer.body.hasPrefix("{"))
  }

  @Test func `no spelling of a login path reaches the other pool`() throws {
    for path in ["/api/v1/auth%2flogin", "/api//v1/auth/login", "/x/../api/v1/auth/login", "/api/v1/%61uth/login"] {
      let before = try world.answered(by: "app")
      let answer = try world.ask(path, method: "POST", body: "{}")
      // Wherever it goes, it must not become a login, and the other pool must not run it.
      #expect([400, 404, 405].contains(answer.status), "\(path)")
      #expect(try world.answered(by: "app") == before, "\(path)")
    }
  }

  @Test func `the binary prints its version and its help`() throws {
    #expect(try world.tuckshop("--version").log.hasPrefix("tuckshop 0."))
    for command in ["worker", "migrate", "health", "reload", "drain"] {
      #expect(try world.tuckshop(command, "--help").log.contains("Usage: tuckshop \(command)"))
    }
    #expect(try world.tuckshop("bogus").status == 64)
    #expect(try world.tuckshop("health").status == 0)
    #expect(try world.tuckshop("health", "--pool", "none").status == 1)
    #expect(try world.tuckshop("migrate", "verify").log == "database and files agree\n")
    #expect(try world.tuckshop("migrate", "status").log.contains("0001_foundation"))
    #expect(try world.tuckshop("migrate", "up").log == "nothing to apply\n")
    #expect(try world.tuckshop("migrate", "wait", "5").status == 0)
  }

  @Test(arguments: [
    ("TUCKSHOP_POOL", "kitchen"), ("TUCKSHOP_WORKER_MAX_REQUESTS", "-1"), ("TUCKSHOP_WORKER_MAX_AGE", "x"),
    ("TUCKSHOP_WORKER_MAX_RSS", "1.5"), ("TUCKSHOP_BODY_LIMIT", "99999999999"), ("TUCKSHOP_LOG_LEVEL", "loud"),
    ("TUCKSHOP_MIGRATIONS", "/nowhere"), ("TUCKSHOP_RUN_DIR", "/nowhere"),
    ("TUCKSHOP_DATABASE_PASSWORD_FILE", "/nowhere"), ("TUCKSHOP_STATEMENT_TIMEOUT_MS", "0"),
    ("TUCKSHOP_COMPANY", "ACME\u{202E}"), ("TUCKSHOP_COMPANY", "ACME\n"),
    ("TUCKSHOP_COMPANY", String(repeating: "x", count: 101)),
    ("TUCKSHOP_COIN_NAME", " coins"), ("TUCKSHOP_ACCENT", "red"), ("TUCKSHOP_ACCENT", "#12345"),
  ])
  func `a worker with a bad setting names it and does not start`(name: String, value: String) throws {
    let (status, log) = try world.tuckshop("worker", environment: [name: value])
    #expect(status == 1)
    #expect(log.contains(name))
  }

  @Test func `draining fails readiness until it ends`() throws {
    #expect(try world.tuckshop("drain", "on").status == 0)
    #expect(try world.ask("/health/ready").status == 503)
    #expect(try world.ask("/health/live").status == 200)
    #expect(try world.tuckshop("drain", "off").status == 0)
    #expect(try world.ask("/health/ready").status == 200)
  }
}
