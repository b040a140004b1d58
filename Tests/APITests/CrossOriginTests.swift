import API
import HTTP
import Identity
import Notation
import Support
import Testing

/// Pages of other origins (CORS).
@Suite(.tiers(.api, .security))
struct CrossOriginTests {
  private static let listed = "https://intranet.example"
  private static let other = "https://evil.example"

  private func ask(
    _ booted: Booted, _ method: HTTP.Method, _ path: String, origin: String?, _ more: Headers = [:]
  ) -> Answer {
    var headers = more
    if let origin { headers.add("Origin", origin) }
    return booted.ask(Request(method, path, headers: headers, id: "r-1"))
  }

  private func preflight(_ booted: Booted, _ path: String, _ method: String, origin: String = listed) -> Answer {
    ask(
      booted, .options, path, origin: origin,
      ["Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"])
  }

  private func names(_ answer: Answer) -> [String] {
    answer.response.headers.map(\.name).filter { $0.hasPrefix("Access-Control") || $0 == "Vary" }
  }

  private func booted(_ origins: [String] = [listed, "http://localhost:3000"]) throws -> Booted {
    try Booted(database: .nowhere, crossOrigin: CrossOrigin(origins))
  }

  @Test(arguments: [
    ("/api/v1/shop", 200), ("/api/v1/nowhere", 404), ("/api/v1/wallet", 401), ("/api/v1/items", 503),
    ("/api/info", 401), ("/inventory", 401), ("/api/v1/auth/register", 405),
  ])
  func `a page of a listed origin may read every answer, and errors too`(path: String, status: Int) throws {
    let booted = try booted()
    for origin in [Self.listed, "http://localhost:3000"] {
      let answer = ask(booted, .get, path, origin: origin)
      #expect(answer.status == status)
      #expect(names(answer) == ["Vary", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"])
      #expect(answer.header("Access-Control-Allow-Origin") == origin)
      #expect(answer.header("Vary") == "Origin")
    }
  }

  @Test func `an exposed answer names the headers that clients read`() throws {
    let exposed = try ask(booted(), .get, "/api/v1/shop", origin: Self.listed).header("Access-Control-Expose-Headers")
    let names = exposed?.split(separator: ", ").map(String.init) ?? []
    for name in [
      "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "ETag", "Link", "Location", "Idempotent-Replayed",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    let nginx = try read(projectRoot + "/nginx/snippets/answers.conf")
    #expect(nginx.contains("default \"\(CrossOrigin.exposedHeaders)\";"))
  }

  @Test(arguments: [
    nil, other, "null", "*", "", "https://intranet.example/", "https://intranet.example:8443",
    "http://intranet.example", "HTTPS://INTRANET.EXAMPLE", "https://intranet.example.evil.example",
    "https://intranet.example,http://localhost:3000", "https://intranet.examp\u{6C}\u{200B}e",
  ])
  func `any other origin gets no permission, and the answer says that it depends on the origin`(
    origin: String?
  ) throws {
    let booted = try booted()
    for path in ["/api/v1/shop", "/api/v1/wallet"] {
      #expect(names(ask(booted, .get, path, origin: origin)) == ["Vary"])
    }
    let answer = ask(
      booted, .options, "/api/v1/shop", origin: origin, ["Access-Control-Request-Method": "GET"])
    #expect(names(answer) == ["Vary"])
    #expect(answer.status == (origin == nil ? 405 : 204))
  }

  @Test(arguments: [
    ("/api/v1/items", "POST", "GET, HEAD, POST"),
    ("/api/v1/items/11e30000-0000-8000-8000-000000000002", "PATCH", "DELETE, GET, HEAD, PATCH"),
    ("/api/v1/transfers", "POST", "POST"), ("/api/v1/auth/login", "POST", "POST"), ("/api/buy/cup", "GET", "GET"),
    ("/inventory/reserve", "POST", "POST"),
  ])
  func `a preflight is answered from the table of routes, without a database`(
    path: String, method: String, methods: String
  ) throws {
    let answer = try preflight(booted(), path, method)
    #expect(answer.status == 204 && answer.response.body.isEmpty)
    #expect(answer.header("Access-Control-Allow-Origin") == Self.listed)
    #expect(answer.header("Access-Control-Allow-Methods") == methods)
    #expect(
      answer.header("Access-Control-Allow-Headers")
        == "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID")
    #expect(answer.header("Access-Control-Max-Age") == "600")
    #expect(answer.header("Vary") == "Origin")
  }

  @Test func `a preflight for an unknown path is 404, and OPTIONS alone is 405`() throws {
    let booted = try booted()
    #expect(preflight(booted, "/api/v1/nowhere", "GET").status == 404)
    let plain = ask(booted, .options, "/api/v1/items", origin: Self.listed)
    #expect(plain.status == 405 && plain.header("Allow") == "GET, HEAD, POST")
  }

  @Test func `no answer allows credentials, and the cookie's routes refuse listed origins too`() throws {
    try withShop { shop in
      let worker = try Booted(
        database: TestCluster.settings(user: TestCluster.app, database: shop.place.database),
        keyFile: shop.place.keyFile, crossOrigin: CrossOrigin([Self.listed]))
      try shop.person("anna", password: "a password")
      let body: JSON = ["username": "anna", "password": "a password"]
      func open(_ origin: String?) -> Answer {
        var headers = Headers()
        if let origin { headers.add("Origin", origin) }
        return worker.ask(
          Request(
            .post, "/api/v1/auth/session", headers: headers, body: body.bytes, clientAddress: "192.0.2.1", id: "r"))
      }
      #expect(open(nil).status == 200)
      for origin in [Self.listed, Self.other] {
        let answer = open(origin)
        #expect(answer.status == 403 && answer["code"] == "other_site")
        #expect(answer.header("Set-Cookie") == nil)
        #expect(answer.header("Access-Control-Allow-Credentials") == nil)
      }
    }
  }

  @Test func `without a list nothing changes`() throws {
    let booted = try booted([])
    #expect(names(ask(booted, .get, "/api/v1/shop", origin: Self.listed)) == [])
    let answer = preflight(booted, "/api/v1/items", "POST")
    #expect(answer.status == 405 && names(answer) == [])
  }
}
