import Glibc
import Postgres
import Support
import Testing

/// Users and tokens through nginx and real pools.
@Suite(.tiers(.e2e, .security), .serialized)
struct PeopleTests {
  let world = World.shared

  private func me(_ token: String) throws -> HTTPAnswer {
    try world.ask("/api/v1/auth/me", headers: [("Authorization", "Bearer \(token)")])
  }

  @Test func `bin/run appoints the first admin, and only the owner can read the password file`() throws {
    let path = world.directory / "admin-password"
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let password = try read(path).filter { $0 != "\n" }
    var answer = HTTPAnswer.broken
    try eventually("the admin is appointed") {
      answer = try world.post("/api/v1/auth/login", #"{"username":"admin","password":"\#(password)"}"#)
      return answer.status == 200
    }
    #expect(try me(answer.member("access_token") ?? "").body.contains("\"role\":\"admin\""))
    for log in ["auth.log", "app.log", "ops.log", "postgres.log", "access.log", "nginx.log"] {
      let written = (try? read(world.directory / "log/\(log)")) ?? ""
      #expect(!written.contains(password), "\(log)")
      #expect(!written.contains(answer.member("refresh_token") ?? ""), "\(log)")
    }
  }

  @Test func `a session is started, renewed and ended, and every worker knows it`() throws {
    let body = #"{"email":"anna@b.example","password":"correct horse","full_name":"Anna"}"#
    #expect(try world.post("/api/v1/auth/register", body).status == 201)
    // The short path and the login port lead to the same route.
    for (path, port) in [("/auth/login", nil), ("/auth/login", world.loginPort), ("/api/v1/auth/login", nil)] {
      #expect(
        try world.post(path, #"{"email":"anna@b.example","password":"correct horse"}"#, port: port).status == 200,
        "\(path)")
    }
    let login = try world.post("/api/v1/auth/login", #"{"email":"anna@b.example","password":"correct horse"}"#)
    let refresh = login.member("refresh_token") ?? ""
    let renewed = try world.post("/api/v1/auth/refresh", #"{"refresh_token":"\#(refresh)"}"#)
    let token = renewed.member("access_token") ?? ""
    for _ in 0..<4 { #expect(try me(token).status == 200) }
    let logout = try world.ask(
      "/api/v1/auth/logout", method: "POST", headers: [("Authorization", "Bearer \(token)")])
    #expect(logout.status == 204)
    try eventually("every worker refuses the token") {
      try (0..<8).allSatisfy { _ in try me(token).status == 401 }
    }
    #expect(try me(token).body.contains("\"code\":\"token_revoked\""))
  }

  @Test func `merch signs in on both ports, and a bare Telegram id on neither`() throws {
    for port in [world.port, world.loginPort] {
      let answer = try world.post("/api/auth", #"{"username":"boris","password":"x"}"#, port: port)
      #expect(answer.status == 200)
      #expect(try me(answer.member("token") ?? "").body.contains("\"username\":\"boris\""))
      #expect(try world.post("/auth/login", #"{"telegram_id":1,"username":"x"}"#, port: port).status == 422)
    }
  }

  @Test func `an import of many people goes through nginx to the pool that may create them`() throws {
    let token = try world.adminToken()
    let lines = (1...2000).map { "colleague-\($0)@people.example,Colleague \($0)\n" }.joined()
    // Larger than other bodies may be.
    #expect(lines.utf8.count > 65_536)
    func bring(_ path: String, _ table: String) throws -> HTTPAnswer {
      try world.ask(
        path, method: "POST", headers: [("Authorization", "Bearer " + token), ("Content-Type", "text/csv")],
        body: table)
    }
    let rehearsed = try bring("/api/v1/users/import?dry_run=true", "email,full_name\n" + lines)
    #expect(
      rehearsed.body.hasPrefix(#"{"dry_run":true,"created":2000,"known":0,"wrong":0,"#), "\(rehearsed.body.prefix(200))"
    )
    let made = try bring("/users/import", "email,full_name\n" + lines)
    #expect(made.body.hasPrefix(#"{"dry_run":false,"created":2000,"known":0,"wrong":0,"#), "\(made.body.prefix(200))")
    #expect(try bring("/api/v1/users/import", String(repeating: "x", count: 2 << 20 + 1)).status == 413)
    #expect(try world.ask("/api/v1/users/import", headers: [("Authorization", "Bearer " + token)]).status == 405)
  }

  @Test func `no worker leaves a core file`() throws {
    for pool in ["app", "auth", "ops"] {
      for worker in try world.workers(pool) {
        let limits = try read("/proc/\(worker)/limits")
        let line = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
        #expect(line?.split(separator: " ").suffix(3).prefix(2) == ["1", "1"], "\(pool): \(line ?? "")")
      }
    }
  }

  @Test(arguments: [
    ["TUCKSHOP_ADMIN_USER": "root"], ["TUCKSHOP_ADMIN_PASSWORD_FILE": "PASSWORD"],
    ["TUCKSHOP_ADMIN_USER": "root", "TUCKSHOP_ADMIN_PASSWORD": "in sight of all"],
    ["TUCKSHOP_ADMIN_USER": "a\u{1}", "TUCKSHOP_ADMIN_PASSWORD_FILE": "PASSWORD"],
  ])
  func `a first admin needs a valid name and a password file`(settings: [String: String]) throws {
    try world.directory.write("a-password", "correct horse\n")
    let environment = settings.mapValues { $0 == "PASSWORD" ? world.directory / "a-password" : $0 }
    let (status, log) = try world.tuckshop("worker", environment: environment)
    #expect(status == 1)
    #expect(log.contains("TUCKSHOP_ADMIN_"))
    #expect(!log.contains("horse") && !log.contains("in sight"))
  }
}
