import Support
import Testing

/// People walk through the page in a real browser: every screen, on a phone and at a desk, by day and by night, in both
/// languages, and once by keyboard alone. With --all-looks the walks take every screen in all eight forms. The pictures
/// stay in `.local/pictures`.
@Suite(.tiers(.page), .serialized)
struct PageWalkTests {
  @Test(arguments: ["driver", "counter", "docs"])
  func `a walk through the page finds no fault`(name: String) throws {
    let world = try World()
    let walk = try Program(
      projectRoot + "/.local/browser/bin/python",
      [
        "-B", projectRoot + "/Tests/Clients/page/\(name).py", "--base", "http://127.0.0.1:\(world.port)", "--admin",
        "admin", "--admin-password-file", world.directory / "admin-password", "--pictures",
        projectRoot + "/.local/pictures",
      ], logPath: world.directory / "walk.log")
    let status = try walk.wait(seconds: 300)
    #expect(status == 0, "\(walk.log.suffix(4000))")
    #expect(try world.stop() == 0)
  }
}
