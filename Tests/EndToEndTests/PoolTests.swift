import FoundationEssentials
import Glibc
import Support
import Testing

@Suite(.tiers(.e2e, .faults, .slow), .serialized)
struct PoolTests {
  @Test func `after all workers are killed at once, the next request is answered`() throws {
    let world = try World()
    for _ in 0..<5 {
      let workers = try world.workers("app")
      for worker in workers { kill(worker, SIGKILL) }
      #expect(try world.ask("/api/v1/health").status == 200)
      try eventually("the pool is whole again") { try world.workers("app").count == world.appWorkers }
    }
  }

  @Test func `five hundred kills under load leave the pool whole, and cost only the requests in progress`() throws {
    let world = try World()
    let load = Load(port: world.port, path: "/api/v1/health")
    try load.waitForMore(50)
    var killed = 0
    while killed < 500 {
      guard let victim = try world.workers("app").randomElement(), kill(victim, SIGKILL) == 0 else { continue }
      killed += 1
      // Each kill follows an answer, so that it hits a working pool and not an empty one.
      try load.waitForMore(2)
    }
    try load.waitForMore(200)
    let answers = load.stop()
    #expect(Set(answers.keys).isSubset(of: [200, 503]))
    #expect(answers[503] ?? 0 <= killed)
    try eventually("all are there") { try world.workers("app").count == world.appWorkers }
    #expect(try world.ask("/api/v1/health").status == 200)
  }

  @Test func `a new binary replaces the workers one by one without a lost request`() throws {
    let binaries = try TemporaryDirectory()
    let binary = binaries / "tuckshop"
    try FileManager.default.copyItem(atPath: Program.built("tuckshop"), toPath: binary)
    let world = try World(["TUCKSHOP_BINARY": binary])
    let load = Load(port: world.port, path: "/api/v1/health")
    try load.waitForMore(50)
    for round in 1...3 {
      let before = Set(try world.workers("app"))
      let new = binaries / "new-\(round)"
      try FileManager.default.copyItem(atPath: Program.built("tuckshop"), toPath: new)
      guard rename(new, binary) == 0 else { throw Failure("cannot put the new binary in place") }
      let (status, log) = try world.tuckshop("reload")
      #expect(status == 0, "\(log)")
      let after = try world.workers("app")
      #expect(before.isDisjoint(with: after))
      // A worker of the old binary would run from a deleted file.
      for worker in after {
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker)/exe") == binary)
      }
    }
    let answers = load.stop()
    #expect(Array(answers.keys) == [200])
  }

  @Test func `a worker leaves after its number of requests, and no request is lost`() throws {
    let world = try World(["TUCKSHOP_WORKER_MAX_REQUESTS": "50"])
    let before = Set(try world.workers("app"))
    let load = Load(port: world.port, path: "/api/v1/health", threads: 4)
    try load.waitForMore(1000)
    let answers = load.stop()
    #expect(Array(answers.keys) == [200])
    #expect(before.isDisjoint(with: try world.workers("app")))
  }

  @Test func `a worker leaves at its maximum age`() throws {
    let world = try World(["TUCKSHOP_WORKER_MAX_AGE": "1"])
    let before = try world.workers("app")
    try eventually("all have been replaced") { before.allSatisfy { kill($0, 0) != 0 } }
    #expect(try world.ask("/api/v1/health").status == 200)
  }

  @Test func `a worker leaves when it has grown too large`() throws {
    let world = try World(["TUCKSHOP_WORKER_MAX_RSS": "1"])
    let before = try world.workers("ops")
    try eventually("it was replaced") { before.allSatisfy { kill($0, 0) != 0 } }
    #expect(try world.ask("/health/live").status == 200)
  }
}
