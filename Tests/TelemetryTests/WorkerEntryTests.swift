import Support
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct WorkerEntryTests {
  @Test func `a worker publishes its identity and its state`() throws {
    let memory = try SharedMemory()
    let entry = memory.enter(process: 4711, pool: .auth)
    #expect(entry.process == 4711 && entry.pool == .auth && entry.isAlive && !entry.isReady)
    #expect(entry.requests == 0 && entry.residentKilobytes == 0 && entry.sessions == 0)
    entry.becomeReady()
    entry.report(requests: 12, residentKilobytes: 3400, sessions: 2)
    let seen = try #require(memory.workers.first)
    #expect(memory.workers.count == 1)
    #expect(seen.process == 4711 && seen.isReady)
    #expect(seen.requests == 12 && seen.residentKilobytes == 3400 && seen.sessions == 2)
  }

  @Test func `a worker that leaves is gone, and the next one gets a clean entry`() throws {
    let memory = try SharedMemory()
    let first = memory.enter(process: 1, pool: .app)
    _ = memory.enter(process: 2, pool: .app)
    first.becomeReady()
    first.report(requests: 9, residentKilobytes: 9, sessions: 9)
    first.leave()
    #expect(memory.workers.map(\.process) == [2])
    let next = memory.enter(process: 3, pool: .ops)
    #expect(memory.workers.map(\.process) == [3, 2])
    #expect(next.requests == 0 && next.residentKilobytes == 0 && next.sessions == 0 && !next.isReady)
  }

  // Not seen for long, from before the last boot, and never used.
  @Test(arguments: [UInt64(1), .max, 0])
  func `the entry of a worker not seen for long is free`(seen: UInt64) throws {
    let file = try MemoryFile()
    let memory = try file.map()
    let dead = memory.enter(process: 1, pool: .app)
    dead.becomeReady()
    file[MemoryFile.workers + 2] = seen
    #expect(!dead.isAlive)
    #expect(memory.workers.isEmpty)
    let next = memory.enter(process: 2, pool: .app)
    #expect(file[MemoryFile.workers] == 2)
    #expect(next.isAlive && !next.isReady)
  }

  @Test func `a worker that ticks again is alive again`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    let entry = memory.enter(process: 1, pool: .app)
    file[MemoryFile.workers + 2] = 1
    entry.touch()
    #expect(memory.workers.map(\.process) == [1])
  }

  @Test func `an invalid entry belongs to no pool`() throws {
    let file = try MemoryFile()
    let entry = try file.map().enter(process: 1, pool: .app)
    file[MemoryFile.workers + 1] = 99
    #expect(entry.pool == nil)
    #expect(throws: Never.self) { try PrometheusText(file.map().exposition()) }
  }

  @Test(.tiers(.concurrency), arguments: [true, false])
  func `concurrent workers each get an entry of their own`(mappingsOfTheirOwn: Bool) throws {
    let file = try MemoryFile()
    let shared = try file.map()
    _ = race(40) { number in
      let memory = mappingsOfTheirOwn ? try! file.map() : shared
      return memory.enter(process: 100 + number, pool: Pool.allCases[number % 3])
    }
    #expect(shared.workers.map(\.process).sorted() == Array(100..<140))
  }

  @Test(.tiers(.concurrency)) func `concurrent workers share out the entries of the dead`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    for number in 0..<MemoryFile.workerCount {
      let entry = memory.enter(process: number, pool: .app)
      if number % 8 == 0 { entry.leave() }
    }
    _ = race(MemoryFile.workerCount / 8) { number in try! file.map().enter(process: 1000 + number, pool: .ops) }
    #expect(memory.workers.count == MemoryFile.workerCount)
    #expect(memory.workers.count { $0.pool == .ops } == MemoryFile.workerCount / 8)
    #expect(Set(memory.workers.map(\.process)).count == MemoryFile.workerCount)
  }

  @Test func `when there are more workers than entries, they share the last`() throws {
    let memory = try SharedMemory()
    for number in 0..<MemoryFile.workerCount { _ = memory.enter(process: number, pool: .app) }
    memory.enter(process: 5000, pool: .app).report(requests: 1, residentKilobytes: 1, sessions: 1)
    #expect(memory.workers.count == MemoryFile.workerCount)
    #expect(memory.workers.prefix(MemoryFile.workerCount - 1).allSatisfy { $0.requests == 0 })
  }

  @Test func `a pool is identified by its name`() {
    #expect(Pool.allCases.map(\.name) == ["app", "auth", "ops"])
  }
}
