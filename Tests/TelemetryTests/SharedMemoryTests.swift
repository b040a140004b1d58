import Support
import Synchronization
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct SharedMemoryTests {
  @Test func `two mappings of one file see each other`() throws {
    let file = try MemoryFile()
    let (one, other) = (try file.map(), try file.map())
    one.counter("apples_total").add(3)
    other.counter("apples_total").add(4)
    #expect(one.counter("apples_total").count == 7)
    #expect(other.exposition() == one.exposition())
    other.isDraining = true
    #expect(one.isDraining)
    one.isDraining = false
    #expect(!other.isDraining)
  }

  @Test func `counts outlive their workers`() throws {
    let file = try MemoryFile()
    do { try file.map().counter("apples_total").add(3) }
    #expect(try file.map().counter("apples_total").count == 3)
  }

  @Test func `a memory without a file is private`() throws {
    let (one, other) = (try SharedMemory(), try SharedMemory())
    one.counter("apples_total").add()
    one.isDraining = true
    #expect(other.counter("apples_total").count == 0)
    #expect(!other.isDraining)
  }

  @Test func `the memory has the layout that other versions expect`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    memory.counter("first_total").add(5)
    memory.counter("second_total").add(6)
    memory.isDraining = true
    let entry = memory.enter(process: 77, pool: .ops)
    #expect(file[0] == 0x5455_434B_5348_3031)
    #expect(file.size == MemoryFile.bytes)
    #expect(file[MemoryFile.draining] == 1)
    #expect(file[MemoryFile.workers] == 77 && file[MemoryFile.workers + 1] == 2)
    #expect(file[MemoryFile.series] == 1 && file[MemoryFile.series + 16] == 5)
    #expect(file.text(at: MemoryFile.series + 1, bytes: 120) == "first_total")
    #expect(file[MemoryFile.series + MemoryFile.seriesWords + 16] == 6)
    withExtendedLifetime(entry) {}
  }

  @Test func `memory of another layout is refused and left unchanged`() throws {
    let file = try MemoryFile()
    file[0] = 0x5455_434B_5348_3939
    file[MemoryFile.bytes / 8 + 100] = 42
    let size = file.size
    let error = #expect(throws: SystemError.self) { try file.map() }
    #expect(error?.description == "the shared memory \(file.path) has another layout: stop all workers and remove it")
    #expect(file[0] == 0x5455_434B_5348_3939)
    // Truncating it would kill every worker that still maps the truncated part.
    #expect(file.size == size)
    #expect(file[MemoryFile.bytes / 8 + 100] == 42)
    #expect(file.openDescriptors == 0)
  }

  @Test func `a memory lives as long as one of its series or entries, and closes with the last`() throws {
    let file = try MemoryFile()
    do {
      let series = try file.map().counter("apples_total")
      let entry = try file.map().enter(process: 7, pool: .app)
      #expect(file.openDescriptors == 2)
      series.add()
      entry.leave()
    }
    #expect(file.openDescriptors == 0)
    #expect(try file.map().counter("apples_total").count == 1)
    #expect(try file.map().workers.isEmpty)
  }

  @Test(arguments: ["/nowhere/at/all", "/proc/self/shared.page", "/"])
  func `a memory that cannot be opened names its path and the cause`(path: String) {
    let error = #expect(throws: SystemError.self) { try SharedMemory(path: path) }
    #expect(error?.description.hasPrefix("cannot open the shared memory \(path): ") == true)
  }

  @Test func `a file that cannot be resized is refused`() throws {
    let error = #expect(throws: SystemError.self) { try SharedMemory(path: "/dev/null") }
    #expect(error?.description.hasPrefix("cannot size and map the shared memory /dev/null: ") == true)
  }

  @Test func `nothing else uses the breaker's words`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    memory.breaker[0].store(.max, ordering: .relaxed)
    memory.breaker[1].store(.max, ordering: .relaxed)
    #expect(!memory.isDraining)
    #expect(memory.workers.isEmpty)
    #expect(memory.pauseBeforeStart(in: .app) == 0)
    #expect(memory.counter("apples_total").count == 0)
    memory.isDraining = true
    _ = memory.enter(process: 1, pool: .app)
    #expect(memory.breaker[0].load(ordering: .relaxed) == .max)
    #expect(memory.breaker[1].load(ordering: .relaxed) == .max)
    #expect(file[8] == .max && file[9] == .max)
  }

  @Test(.tiers(.concurrency)) func `the first worker creates the memory, and no count is lost`() throws {
    let file = try MemoryFile()
    let counts = race(16) { number in
      let memory = try! file.map()
      memory.counter("starts_total{number=\"\(number % 4)\"}").add()
      return memory.isDraining
    }
    #expect(counts == Array(repeating: false, count: 16))
    let memory = try file.map()
    #expect((0..<4).map { memory.counter("starts_total{number=\"\($0)\"}").count } == [4, 4, 4, 4])
  }
}
