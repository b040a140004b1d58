import FastCGI
import FoundationEssentials
import Support
import Testing

@Suite(.tiers(.e2e, .security, .slow), .serialized)
struct SignedInElsewhereTests {
  /// Two routes that need a caller, one of each pool.
  private static let me = "/api/v1/auth/me"
  private static let audit = "/api/v1/audit"

  @Test func `a user named by the service is signed in, and a token takes precedence`() throws {
    let stub = try SignOnStub()
    let world = try World(settings(stub))
    let anna = try world.ask(Self.me, headers: [("Cookie", "session=anna")])
    #expect(anna.status == 200)
    #expect(anna.body.contains("\"username\":\"anna\""))
    #expect(try world.ask(Self.me, headers: [("Cookie", "session=Анна Петровна")]).body.contains("Анна Петровна"))
    // The user is known but not an admin: if the pool "app" ignored the header, this would be 401.
    #expect(try world.ask(Self.audit, headers: [("Cookie", "session=anna")]).status == 403)

    // A name is nobody's proof: the service's `admin` is a new user here, until an admin links an identity.
    #expect(try world.ask(Self.me, headers: [("Cookie", "session=admin")]).body.contains(#""username":"admin-2""#))
    let token = try world.adminToken()
    try linkAdmin(to: "boss", token, world)
    let admin = try world.ask(
      Self.me, headers: [("Cookie", "session=anna"), ("Authorization", "Bearer \(token)")])
    #expect(admin.body.contains("\"username\":\"admin\""))
    let forged = [("Cookie", "session=anna"), ("Authorization", "Bearer x")]
    #expect(try world.ask(Self.me, headers: forged).status == 401)
    // A body goes to the worker, not to the service, and arrives whole.
    let made = try world.ask(
      "/api/v1/users", method: "POST", headers: [("Cookie", "session=boss"), ("Content-Type", "application/json")],
      body: #"{"username":"\#(String(repeating: "b", count: 200))"}"#)
    #expect(made.status == 201, "\(made.body)")
    let picture = try world.ask(
      "/api/v1/items/11e30000-0000-8000-8000-000000000002/image", method: "PUT", headers: [("Cookie", "session=boss")],
      body: "no picture")
    #expect(picture.status == 415, "\(picture.body)")
    try smuggle(into: world)
    try doubt(world)
    try refuse(world)
    try leave(stub, world)
  }

  private func linkAdmin(to subject: String, _ token: String, _ world: World) throws {
    let bearer = ("Authorization", "Bearer \(token)")
    let me = try world.ask(Self.me, headers: [bearer]).body
    let id = try #require(me.firstMatch(of: /"id":"([0-9a-f-]{36})"/)).1
    let linked = try world.ask(
      "/api/v1/users/\(id)/identities", method: "POST", headers: [bearer],
      body: #"{"issuer":"trusted-header","subject":"\#(subject)"}"#)
    #expect(linked.status == 201, "\(linked.body)")
  }

  /// A client's own headers change nothing: the service decides, and without it nobody is signed in.
  private func smuggle(into world: World) throws {
    let names = [
      "X-Remote-User", "x-remote-user", "X_Remote_User", "X-Remote_User", "X_REMOTE-user", "X-REMOTE-USER",
      "HTTP_X_REMOTE_USER", "X.Remote.User", "X-Auth-Request-User", "Remote-User", "X-Remote-User ",
    ]
    for name in names {
      for headers in [[(name, "admin")], [(name, "admin"), (name, "admin")], [("Connection", name), (name, "admin")]] {
        let nobody = try world.ask(Self.me, headers: headers)
        #expect([400, 401].contains(nobody.status), "\(name): \(nobody.body)")
        #expect(nobody.status == 400 || nobody.body.contains("\"code\":\"missing_token\""), "\(name): \(nobody.body)")
        let anna = try world.ask(Self.me, headers: headers + [("Cookie", "session=anna")])
        #expect(anna.status == 400 || anna.body.contains("\"username\":\"anna\""), "\(name): \(anna.body)")
      }
    }
    // nginx chooses the headers for the service, so the service cannot repeat one of the client's.
    let echoed = [("Cookie", "what=echo"), ("X-Auth-Request-User", "admin")]
    #expect(try world.ask(Self.me, headers: echoed).status == 401)
    for path in ["/-/who", "/-/nobody", "/%2d/who", "/-%2fwho"] {
      #expect(try world.ask(path, headers: [("Cookie", "session=admin")]).status == 404, "\(path)")
    }
  }

  /// An nginx without the setting passes on the client's header; its workers know that it is not vouched for.
  private func doubt(_ world: World) throws {
    for (vouched, status) in [("X-Remote-User", 200), ("", 401), ("X-Other", 401)] {
      let peer = try Peer(socket: world.directory / "run/app.sock")
      let parameters = [
        ("REQUEST_METHOD", "GET"), ("REQUEST_URI", Self.audit), ("HTTP_X_REMOTE_USER", "boss"),
        ("TUCKSHOP_VOUCHED_HEADER", vouched),
      ]
      peer.send(Records.begin() + Records.parameters(parameters) + Records.input([]))
      #expect(try Client.answer(from: peer.receiveAll()).status == status, "\(vouched)")
    }
  }

  /// Another site's page cannot use the cookie, nor make nginx believe a name.
  private func refuse(_ world: World) throws {
    let cookie = ("Cookie", "session=anna")
    #expect(try world.ask(Self.me, headers: [cookie, ("Sec-Fetch-Site", "same-origin")]).status == 200)
    for site in ["cross-site", "same-site", "none", "same-origin 202 admin", "|", "x|", "|same-origin"] {
      #expect(try world.ask(Self.me, headers: [cookie, ("Sec-Fetch-Site", site)]).status == 401, "\(site)")
    }
    for odd in ["|", "||/", "||/api/v1/audit", "Basic YTpi"] {
      #expect(try world.ask(Self.me, headers: [cookie, ("Authorization", odd)]).status == 401, "\(odd)")
    }
    for status in [401, 403, 302, 500, 418, 206] {
      let answer = try world.ask(Self.me, headers: [("Cookie", "refused=\(status)")])
      #expect(answer.status == 401, "\(status)")
      #expect(answer.body.contains("\"code\":\"missing_token\""), "\(status): \(answer.body)")
      #expect(answer.header("Location") == nil)
    }
  }

  /// A silent or unreachable service harms nobody who does not need it.
  private func leave(_ stub: SignOnStub, _ world: World) throws {
    let silent = try stub.silence()
    let silence = [("Cookie", "what=silence")]
    #expect(try world.ask(Self.me, headers: silence).body.contains("missing_token"))
    _ = silent

    stub.stop()
    let token = try world.adminToken()
    let bearer = [("Authorization", "Bearer \(token)"), ("Cookie", "session=anna")]
    #expect(try world.ask(Self.me, headers: bearer).status == 200)
    #expect(try world.ask(Self.audit, headers: bearer).status == 200)
    for path in [Self.me, Self.audit, "/users"] {
      let nobody = try world.ask(path, headers: [("Cookie", "session=anna")])
      #expect(nobody.status == 401)
      #expect(nobody.header("Content-Type") == "application/problem+json")
      #expect(nobody.body.contains("\"code\":\"missing_token\""))
    }
    for path in ["/health", "/health/live", "/health/ready", "/api/v1/health", "/"] {
      #expect(try world.ask(path).status == 200, "\(path)")
    }
    #expect(try world.ask("/health/live", port: world.loginPort).status == 200)
    let merch = try world.ask("/api/auth", method: "POST", body: #"{"username":"new","password":"p"}"#)
    #expect(merch.status == 200)
    #expect(try world.ask("/api/buy/", headers: silence).body.hasPrefix("{\"errors\":"))
    #expect(try world.ask("/inventory/nowhere", headers: silence).body.hasPrefix("{\"error\":"))
    #expect(try world.ask("/api/v1/nowhere", headers: silence).body.contains("\"status\":404"))
    let large = String(repeating: "x", count: 70_000)
    #expect(try world.ask(Self.audit, method: "POST", headers: silence, body: large).status == 413)
  }

  @Test func `only a worker behind a unix socket believes the header, and only by its exact name`() throws {
    let world = World.shared
    func start(_ name: String) throws -> String {
      try world.tuckshop(
        "worker",
        environment: [
          "TUCKSHOP_TRUSTED_USER_HEADER": name, "TUCKSHOP_KEY_FILE": world.directory / "secrets/keys.json",
        ]
      ).log
    }
    #expect(try start("X-Remote-User").contains("only for workers behind a unix socket"))
    #expect(try start("X_Remote_User").contains("TUCKSHOP_TRUSTED_USER_HEADER must be the name of a header"))
  }

  @Test func `without a sign-on service the header means nothing`() throws {
    for name in ["X-Remote-User", "X-Auth-Request-User"] {
      #expect(try World.shared.ask(Self.me, headers: [(name, "admin")]).status == 401)
    }
  }

  private func settings(_ stub: SignOnStub) -> [String: String] {
    [
      "TUCKSHOP_TRUSTED_USER_HEADER": "X-Remote-User",
      "TUCKSHOP_AUTH_REQUEST": "http://127.0.0.1:\(stub.port)/oauth2/auth",
    ]
  }
}
