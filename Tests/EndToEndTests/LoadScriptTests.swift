import FoundationEssentials
import Support
import Testing

/// The scripts of Tests/Load, for a moment each: they still fit the shop. How fast it is, they do not ask here.
@Suite(.tiers(.e2e, .slow))
struct LoadScriptTests {
  @Test func `k6 and Locust ask for a mixed load and get no wrong answer`() throws {
    let world = try World()
    let smoke = try Program(
      projectRoot + "/.local/load/bin/python",
      ["-B", projectRoot + "/Tests/Load/smoke.py", "http://127.0.0.1:\(world.port)"],
      logPath: world.directory / "smoke.log")
    let status = try smoke.wait(seconds: 180)
    #expect(status == 0, "\(smoke.log.suffix(6000))")
    #expect(try world.tuckshop("verify").status == 0)
    #expect(try world.stop() == 0)
  }

  @Test func `each request of the ammunition is one that the shop answers`() throws {
    let world = try World()
    let file = world.directory / "ammo.txt"
    #expect(try world.tuckshop("seed", "--ammo", file).status == 64)
    #expect(try world.tuckshop("seed", "--load", "100", "--force").status == 0)
    let written = try world.tuckshop("seed", "--ammo", file)
    #expect(written.status == 0, "\(written.log)")
    let requests = try Self.requests(in: Array(try read(file).utf8))
    let counts = Dictionary(grouping: requests, by: \.tag).mapValues(\.count)
    #expect(counts == ["info": 760, "send": 100, "buy": 140])
    // No few people do all the buying, and run out of coins.
    let buyers = Set(requests.filter { $0.tag == "buy" }.map { String(decoding: $0.bytes, as: UTF8.self) })
    #expect(buyers.count > 100)
    for (tag, bytes) in requests.prefix(200) {
      // So that the shop ends the connection, which the tank keeps.
      let text = String(decoding: bytes, as: UTF8.self).replacing("Connection: keep-alive", with: "Connection: close")
      #expect(try HTTPAnswer.sending(text, to: world.port).status == 200, "\(tag): \(text)")
    }
    #expect(try world.stop() == 0)
  }

  /// As phantom reads them: a line with the length and the tag, so many bytes, and a line end.
  private static func requests(in bytes: [UInt8]) throws -> [(tag: String, bytes: ArraySlice<UInt8>)] {
    var (found, rest): ([(String, ArraySlice<UInt8>)], ArraySlice<UInt8>) = ([], bytes[...])
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      guard words.count == 2, let length = Int(words[0]), rest[(end + 1)...].count > length,
        rest[end + 1 + length] == UInt8(ascii: "\n")
      else { throw Failure("no request at byte \(rest.startIndex)") }
      found.append((String(words[1]), rest[(end + 1)..<(end + 1 + length)]))
      rest = rest[(end + 2 + length)...]
    }
    return found
  }
}
