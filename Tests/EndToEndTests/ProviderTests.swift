import FoundationEssentials
import Glibc
import Postgres
import Support
import Testing

/// Single sign-on through real providers of OpenID Connect, with a real browser.
@Suite(.tiers(.e2e, .slow), .serialized)
struct ProviderTests {
  /// `bin/test` makes it.
  private static let tools = projectRoot + "/.local/browser/bin/"
  private static let clients = projectRoot + "/Tests/Clients/sign_on/"

  /// A provider on a port of its own. Both take any order: the shop asks for it only when somebody signs in.
  private func provider(_ name: String, for world: World, at port: Int) throws -> Program {
    let log = world.directory / "provider.log"
    if name == "mock" {
      let anna = #"{"sub":"anna","name":"Anna Smith","email":"anna@id.example","groups":["shop-admins"]}"#
      return try Program(
        Self.tools + "oidc-provider-mock", ["-p", "\(port)", "-n", "true", "--user-claims", anna], logPath: log)
    }
    let callback = "http://127.0.0.1:\(world.port)/api/v1/auth/oidc/callback"
    return try Program(
      Self.tools + "python", ["-B", Self.clients + "canaille_provider.py", "\(port)", callback], logPath: log)
  }

  @Test(arguments: ["mock", "canaille"])
  func `a browser signs in through a provider and lands signed in`(name: String) throws {
    let port = try freePort()
    let world = try World([
      "TUCKSHOP_OIDC_ISSUER": "http://localhost:\(port)", "TUCKSHOP_OIDC_CLIENT_ID": "the shop",
      "TUCKSHOP_OIDC_CLIENT_SECRET": "a secret:%", "TUCKSHOP_OIDC_NAME": "Company account",
      "TUCKSHOP_OIDC_SCOPES": name == "mock" ? "openid profile email" : "openid profile email groups",
      "TUCKSHOP_OIDC_ALLOWED_GROUP": "shop-admins", "TUCKSHOP_OIDC_ADMIN_GROUP": "shop-admins",
    ])
    let provider = try provider(name, for: world, at: port)
    try eventually("the provider answers") {
      if kill(provider.pid, 0) != 0 { throw Failure(provider.log) }
      return try HTTPAnswer.asking(port, "GET", "/.well-known/openid-configuration").status != 0
    }
    let browser = try Program(
      Self.tools + "python", ["-B", Self.clients + "browser.py", "http://127.0.0.1:\(world.port)", name],
      logPath: world.directory / "browser.log")
    let status = try browser.wait(seconds: 120)
    #expect(status == 0, "\(browser.log.suffix(4000)) \(provider.log.suffix(2000))")
    let anna = try world.database().onlyRow("SELECT full_name, email, role FROM users WHERE full_name = 'Anna Smith'") {
      try [$0.value(0), $0.value(1), $0.value(2)] as [String]
    }
    #expect(anna == ["Anna Smith", "anna@id.example", "admin"])
    provider.signal(SIGKILL)
    _ = try provider.wait()
    #expect(try world.stop() == 0)
  }

  @Test func `a provider that is silent gives people a page in time, and harms no other sign-in`() throws {
    let silent = try WebStub { _ in .silence }
    let world = try World([
      "TUCKSHOP_OIDC_ISSUER": silent.origin, "TUCKSHOP_OIDC_CLIENT_ID": "the shop",
      "TUCKSHOP_OIDC_NAME": "Company account",
    ])
    let password = try read(world.directory / "admin-password").filter { $0 != "\n" }
    let credentials = #"{"username":"admin","password":"\#(password)"}"#
    // On a machine that does other work a sign-in may find every worker busy for a moment, and is told to try again.
    @Sendable func signIn() throws {
      try eventually("somebody signs in") {
        let answer = try world.post("/api/v1/auth/login", credentials)
        if answer.status != 200 { #expect(answer.status == 503 && answer.header("Retry-After") != nil) }
        return answer.status == 200
      }
    }
    try signIn()
    let pages = try onThreads(24) { index in
      try (0..<3).compactMap { _ -> HTTPAnswer? in
        if index % 6 == 0 {
          try signIn()
          return nil
        }
        return try HTTPAnswer.asking(
          world.port, "GET", "/api/v1/auth/oidc", headers: [("Accept", "text/html")], timeoutSeconds: 3)
      }
    }.joined()
    for page in pages {
      #expect(page.status == 503)
      #expect(page.body.hasPrefix("<!DOCTYPE html>"), "\(page.body)")
    }
    let said = pages.filter { page in
      ["does not answer", "Many people are signing in"].contains { page.body.contains($0) }
    }
    #expect(said.count > pages.count / 2)
    #expect(said.contains { $0.body.contains("does not answer") })
    // No more workers than a third of six wait at a time.
    #expect((1...6).contains(silent.questions.count))
    #expect(try world.stop() == 0)
  }
}
