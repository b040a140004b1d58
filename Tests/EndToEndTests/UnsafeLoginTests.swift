import Support
import Testing

@Suite(.tiers(.e2e, .security))
struct UnsafeLoginTests {
  @Test func `a bare Telegram id is accepted if the setting is on, and the start says so`() throws {
    let world = try World(["TUCKSHOP_UNSAFE_TELEGRAM_LOGIN": "on"])
    #expect(try read(world.directory / "log/auth.log").contains("sign in as any Telegram user"))
    let body = #"{"telegram_id":7,"username":"loader"}"#
    let answer = try world.ask("/auth/login", method: "POST", body: body, port: world.loginPort)
    #expect(answer.status == 200)
    let token = try #require(answer.member("token"))
    let me = try world.ask("/api/v1/auth/me", headers: [("Authorization", "Bearer \(token)")])
    #expect(me.body.contains(#""username":"loader""#))
    let stock = try world.ask(
      "/inventory/add-items", method: "POST", headers: [("Authorization", "Bearer \(token)")], body: "{}")
    #expect(stock.status == 400, "the role is service, so only the body is wrong")
    #expect(try world.ask("/auth/login", method: "POST", body: body).status == 422)
  }
}
