import Support
import Telemetry
import Testing

/// The pauses between starts of workers. The test passes the time, so it does not wait.
@Suite(.tiers(.unit))
struct PauseTests {
  private let memory = try! SharedMemory()

  private func pauses(_ count: Int, at now: UInt64, in pool: Pool = .app) -> [Int] {
    (0..<count).map { _ in memory.pauseBeforeStart(in: pool, nowMilliseconds: now) }
  }

  @Test func `sixty-four workers may start at once, and then one every twenty milliseconds`() {
    let first = pauses(64, at: 1_000_000)
    let next = pauses(5, at: 1_000_000)
    #expect(first.allSatisfy { $0 == 0 })
    #expect(next == [20, 40, 60, 80, 100])
  }

  @Test func `no start waits longer than a second`() {
    _ = pauses(64, at: 1_000_000)
    let next = pauses(200, at: 1_000_000)
    #expect(next.prefix(50) == (1...50).map { $0 * 20 }[...])
    #expect(next.dropFirst(50).allSatisfy { $0 == 1000 })
  }

  @Test func `fifty a second may start for ever`() {
    _ = pauses(64, at: 1_000_000)
    let steady = (1...5000).map { memory.pauseBeforeStart(in: .app, nowMilliseconds: 1_000_000 + UInt64($0) * 20) }
    #expect(steady.allSatisfy { $0 == 0 })
    #expect(pauses(1, at: 1_100_000) == [20])
  }

  @Test func `a pool that has been calm may start freely again`() {
    _ = pauses(500, at: 1_000_000)
    // After more than two seconds no earlier start counts.
    let later = pauses(65, at: 1_000_000 + 2280)
    #expect(later == Array(repeating: 0, count: 64) + [20])
    #expect(pauses(65, at: 9_000_000) == Array(repeating: 0, count: 64) + [20])
  }

  @Test func `part of the time allows part of the starts`() {
    _ = pauses(64, at: 1_000_000)
    #expect(pauses(6, at: 1_000_100) == [0, 0, 0, 0, 0, 20])
  }

  @Test func `a value from before the last boot does not count`() {
    _ = pauses(500, at: 900_000_000)
    #expect(pauses(65, at: 5000) == Array(repeating: 0, count: 64) + [20])
  }

  @Test func `pools are limited separately`() {
    _ = pauses(100, at: 1_000_000, in: .app)
    #expect(pauses(64, at: 1_000_000, in: .auth).allSatisfy { $0 == 0 })
    #expect(pauses(1, at: 1_000_000, in: .ops) == [0])
    #expect(pauses(1, at: 1_000_000, in: .app) == [740])
  }

  @Test func `without a time the present is used`() {
    #expect((0..<64).map { _ in memory.pauseBeforeStart(in: .app) } == Array(repeating: 0, count: 64))
  }

  @Test(.tiers(.concurrency)) func `concurrent starts are spaced as if they had queued`() throws {
    let file = try MemoryFile()
    let all = race(8) { _ in
      let memory = try! file.map()
      return (0..<20).map { _ in memory.pauseBeforeStart(in: .app, nowMilliseconds: 1_000_000) }
    }
    let due = Array(repeating: 0, count: 64) + (1...50).map { $0 * 20 } + Array(repeating: 1000, count: 46)
    #expect(all.flatMap { $0 }.sorted() == due)
  }
}
