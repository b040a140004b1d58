import Support
import Synchronization
import Testing

/// Independent clients: written from the published contract alone, in another language, against the whole shop.
@Suite(.tiers(.e2e))
struct ClientTests {
  private static let names = ["shop_newcomer", "merch_and_wallet", "inventory_client", "orders_client", "admin_client"]

  /// Two at a time, each with a shop of its own: they wait for answers, and for moments to pass, most of the time.
  @Test func `clients that know only the contract find no fault`() throws {
    let waiting = Mutex(Self.names)
    _ = try onThreads(2) { _ in
      while let name = waiting.withLock({ $0.popLast() }) { try Self.run(name) }
    }
  }

  private static func run(_ name: String) throws {
    let world = try World()
    let client = try Program(
      "/usr/bin/python3",
      [
        "-B", projectRoot + "/Tests/Clients/\(name).py", "--base", "http://127.0.0.1:\(world.port)", "--login",
        "http://127.0.0.1:\(world.loginPort)", "--admin", "admin", "--admin-password-file",
        world.directory / "admin-password",
      ], logPath: world.directory / "client.log")
    let status = try client.wait(seconds: 300)
    #expect(status == 0, "\(name): \(client.log.suffix(4000))")
    #expect(try world.stop() == 0)
  }
}
