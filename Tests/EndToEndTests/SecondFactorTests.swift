import Glibc
import Support
import Testing
import Tokens

/// The second factor through nginx and real pools.
@Suite(.tiers(.e2e, .security), .serialized)
struct SecondFactorTests {
  @Test func `where it is required, an admin sets it up while signing in, and nothing writes its secret down`() throws {
    let world = try World(["TUCKSHOP_ADMIN_TOTP": "required"])
    let password = try read(world.directory / "admin-password").filter { $0 != "\n" }
    func login(_ path: String, _ code: String?) throws -> HTTPAnswer {
      let code = code.map { #","code":"\#($0)""# } ?? ""
      return try world.post(path, #"{"username":"admin","password":"\#(password)"\#(code)}"#)
    }
    var asked = HTTPAnswer.broken
    try eventually("the admin is appointed") {
      asked = try login("/api/v1/auth/login", nil)
      return asked.status == 403
    }
    let secret = try #require(asked.member("secret"))
    let code = TimeCode(secret: try #require(Base32.decode(secret))).code(at: time(nil) / TimeCode.stepSeconds)
    #expect(try login("/api/auth", code).status == 401)
    let entered = try login("/auth/login", code)
    #expect(entered.status == 200)
    #expect(try login("/api/auth", code).status == 401)
    let recovery = try #require(entered.body.firstMatch(of: /[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}/)).output
    #expect(try login("/api/auth", String(recovery)).status == 200)
    // Every method of this path leads to the pool that may read second factors.
    let token = [("Authorization", "Bearer \(entered.member("access_token") ?? "")")]
    let state = try world.ask("/api/v1/auth/totp", headers: token)
    #expect(state.body == #"{"enrolled":true,"recovery_codes_left":9}"#)
    #expect(try world.ask("/api/v1/auth/totp", method: "POST", headers: token).status == 409)
    for log in ["auth.log", "app.log", "ops.log", "postgres.log", "access.log", "nginx.log"] {
      let written = (try? read(world.directory / "log/\(log)")) ?? ""
      for text in [secret, String(recovery)] { #expect(!written.contains(text), "\(log)") }
    }
  }
}
