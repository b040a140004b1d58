import Bench
import Support
import Testing

@Suite(.tiers(.unit))
struct LoadTests {
  @Test func `the shares of the requests add up to a hundred`() {
    #expect(ShopRequest.allCases.map(\.share).reduce(0, +) == 100)
  }

  @Test(arguments: [(1, "info"), (77, "info"), (78, "send"), (87, "send"), (88, "buy"), (100, "buy")])
  func `a mixed load asks each request as often as its share`(roll: Int, wanted: String) throws {
    // Each line with a condition returns a request; the last one has no condition.
    let lines = ShopRequest.mixture.matches(of: /(?:if roll <= (\d+) then )?return (\w+)\(\)/)
    let chosen = lines.first { line in line.1.flatMap { Int($0) }.map { roll <= $0 } ?? true }
    #expect(chosen.map { String($0.2) } == wanted)
  }

  @Test func `the time of a transaction is the third word of its line, in microseconds`() {
    let log = "0 1 1500 0 1764433000 123456\n3 2 250 1 1764433000 234567\n\n"
    #expect(pgbenchMilliseconds(log) == [1.5, 0.25])
  }

  @Test func `the command line chooses the kind, the people and the file of the graph`() throws {
    let options = try #require(try Options(["--peers", "--people", "2000", "--svg", "peers.svg", "--check"]))
    #expect(options.kind == .peers)
    #expect(options.people == 2000)
    #expect(options.svg == "peers.svg")
    #expect(options.check)
  }

  @Test(arguments: [["--svg"], ["--people"], ["--people", "none"], ["--peer"]])
  func `an option without its value, or an unknown one, is refused`(words: [String]) {
    #expect(throws: UsageError.self) { try Options(words[...]) }
  }
}
