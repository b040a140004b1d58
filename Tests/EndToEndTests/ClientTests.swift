import Support
import Testing

/// Independent clients: written from the published contract alone, in another language, against the whole shop.
@Suite(.tiers(.e2e))
struct ClientTests {
  @Test(arguments: ["shop_newcomer", "merch_and_wallet", "inventory_client", "orders_client", "admin_client"])
  func `a client that knows only the contract finds no fault`(name: String) throws {
    let world = try World()
    let client = try Program(
      "/usr/bin/python3",
      [
        "-B", projectRoot + "/Tests/Clients/\(name).py", "--base", "http://127.0.0.1:\(world.port)", "--login",
        "http://127.0.0.1:\(world.loginPort)", "--admin", "admin", "--admin-password-file",
        world.directory / "admin-password",
      ], logPath: world.directory / "client.log")
    let status = try client.wait(seconds: 300)
    #expect(status == 0, "\(client.log.suffix(4000))")
    #expect(try world.stop() == 0)
  }
}
