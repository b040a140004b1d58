import FoundationEssentials
import Postgres
import Support
import Testing

/// The lines of docs/api.md, run as they stand by an admin who has nothing but curl.
@Suite(.tiers(.e2e))
struct CurlTests {
  @Test func `an admin sets up a shop and works off 500 orders with the lines of the documents`() throws {
    let world = try World()
    let folder = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: folder / ".local", withIntermediateDirectories: true)
    try copy(world.directory / "admin-password", to: folder / ".local/admin-password")
    try picture.write(to: URL(filePath: folder / "raincoat.png"))
    let buyers = try (0..<5).map { try world.merchToken("buyer-\($0)") }
    let lines = try lines()
    let queue = try #require(lines.firstRange(of: "# The orders"))

    // The demo has orders of its own.
    let (open, all) = try world.database().onlyRow(
      "SELECT count(*) FILTER (WHERE status IN ('ordered', 'ready')), count(*) FROM orders"
    ) { (try $0.value(0, as: Int.self), try $0.value(1, as: Int.self)) }

    let setUp = try run(String(lines[..<queue.lowerBound]), in: folder, against: world)
    #expect(setUp.status == 0, "\(setUp.log)")
    _ = try onThreads(buyers.count) { index in
      let body = #"{"item":"raincoat","quantity":1,"quality_level":"\#(index < 3 ? "m" : "l")"}"#
      for number in 0..<100 {
        let answer = try world.ask(
          "/api/v1/purchases", method: "POST",
          headers: [
            ("Authorization", "Bearer \(buyers[index])"), ("Content-Type", "application/json"),
            ("Idempotency-Key", "\(index)-\(number)"),
          ], body: body)
        guard answer.status == 201 else { throw Failure(answer.body) }
      }
    }
    let worked = try run(
      lines.replacing(lines[lines.firstRange(of: "# A size")!.lowerBound..<queue.lowerBound], with: ""), in: folder,
      against: world)
    #expect(worked.status == 0, "\(worked.log)")

    let table = try read(folder / "for-the-desk.csv").split(separator: "\r\n")
    #expect(table.count == 501 + open)
    let states = try world.database().rows("SELECT status || ' ' || count(*) FROM orders GROUP BY status") {
      try $0.value(0, as: String.self)
    }
    #expect(states == ["handed_over \(500 + all)"])
    let item = try world.ask("/api/v1/items?search=raincoat").body
    #expect(item.contains(#"{"quality_level":"3xl","stock":40,"is_active":true}"#), "\(item)")
    #expect(item.contains(#""quality_level":"l","url":"/media/"#))
    #expect(try world.tuckshop("verify").status == 0)
    #expect(try world.stop() == 0)
  }

  private func lines() throws -> String {
    let page = try read(projectRoot + "/docs/api.md")
    let begin = try #require(page.firstRange(of: "```sh\n")).upperBound
    return String(page[begin..<(try #require(page[begin...].firstRange(of: "```"))).lowerBound])
  }

  /// The first line that fails ends it.
  private func run(_ lines: String, in folder: TemporaryDirectory, against world: World) throws -> (
    status: Int32, log: String
  ) {
    let script = "set -e; cd '\(folder.path)'\n" + lines.replacing(":8080", with: ":\(world.port)")
    let program = try Program("/bin/bash", ["-c", script], logPath: folder / "log")
    return (try program.wait(seconds: 120), program.log)
  }

  private func copy(_ path: String, to other: String) throws {
    try Data(read(path).utf8).write(to: URL(filePath: other))
  }

  /// One pixel.
  private var picture: Data {
    Data(
      base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")!
  }
}
