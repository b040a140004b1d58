import Glibc
import Support
import Synchronization
import Telemetry
import Testing

/// The memory that the workers of one pool share. Each finds it through another worker's entry in the shared memory.
@Suite(.tiers(.integration))
struct PoolMemoryTests {
  private func shared(_ memory: SharedMemory, _ entry: WorkerEntry, words: Int = 64, fill: UInt64) -> PoolMemory {
    memory.poolMemory(of: entry, words: words) { $0[8].store(fill, ordering: .relaxed) }
  }

  private func enter(_ memory: SharedMemory, _ pool: Pool = .auth) -> WorkerEntry {
    memory.enter(process: Int(getpid()), pool: pool)
  }

  /// The word that `fill` wrote. The memory must live as long as it is read.
  private func filled(_ memory: PoolMemory) -> UInt64 {
    withExtendedLifetime(memory) { memory.words[8].load(ordering: .relaxed) }
  }

  @Test func `a worker uses the memory of a living colleague unchanged`() throws {
    let memory = try SharedMemory()
    let first = enter(memory)
    let one = shared(memory, first, fill: 1)
    let other = shared(memory, enter(memory), fill: 2)
    withExtendedLifetime((one, other)) {
      #expect(one.words != other.words)
      #expect(filled(other) == 1)
      one.words[8].store(7, ordering: .relaxed)
      #expect(filled(other) == 7)
      // The first one leaves, and a third one finds the memory through the second.
      first.leave()
      #expect(filled(shared(memory, enter(memory), fill: 3)) == 7)
    }
  }

  @Test func `another pool, a dead worker or another size has nothing to share`() throws {
    let memory = try SharedMemory()
    let one = enter(memory)
    let kept = shared(memory, one, fill: 1)
    withExtendedLifetime(kept) {
      #expect(filled(shared(memory, enter(memory, .app), fill: 2)) == 2)
      let larger = enter(memory)
      #expect(filled(shared(memory, larger, words: 128, fill: 3)) == 3)
      for entry in [one, larger] { entry.leave() }
      #expect(filled(shared(memory, enter(memory), fill: 4)) == 4)
      #expect(filled(kept) == 1)
    }
  }

  @Test func `the memory is not a file, and ends with its last user`() throws {
    let memory = try SharedMemory()
    let one = enter(memory)
    try withExtendedLifetime(shared(memory, one, words: 8192, fill: 1)) { _ in
      let maps = try read("/proc/self/maps").split(separator: "\n")
      let shared = maps.filter { $0.contains("/dev/shm/tuckshop-\(getpid())-") }
      #expect(!shared.isEmpty)
      for map in shared { #expect(map.hasSuffix("(deleted)") && map.contains(" rw-s ")) }
    }
    // A late worker finds a closed descriptor, or by then something else.
    #expect(filled(shared(memory, enter(memory), words: 8192, fill: 2)) == 2)
  }
}
