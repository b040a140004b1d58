internal import Synchronization

/// A worker's own line in the shared memory: its process, its numbers, and when it was last seen.
package struct WorkerEntry: @unchecked Sendable {
  /// Keeps the words mapped as long as the worker may write to them.
  private let memory: SharedMemory
  private let words: UnsafeMutablePointer<Word>

  /// A worker ticks at least twice a second. After this long without a sign of life, others may take its line.
  package static let forgottenAfterMilliseconds: UInt64 = 10_000

  init(_ memory: SharedMemory, line: Int) {
    self.memory = memory
    words = memory.words + SharedMemory.Layout.workers + line * SharedMemory.Layout.workerWords
  }

  private enum Field: Int {
    case process, pool, seen, requests, resident, sessions, ready, offered
  }

  private func load(_ field: Field) -> UInt64 { words[field.rawValue].load(ordering: .relaxed) }
  private func store(_ field: Field, _ value: UInt64) { words[field.rawValue].store(value, ordering: .relaxed) }

  package var process: Int { Int(load(.process)) }
  package var pool: Pool? { Pool(rawValue: Int(load(.pool))) }
  package var requests: Int { Int(load(.requests)) }
  package var residentKilobytes: Int { Int(load(.resident)) }
  package var sessions: Int { Int(load(.sessions)) }
  package var isReady: Bool { load(.ready) == 1 }

  package var isAlive: Bool {
    let now = Clock.monotonicNanoseconds / 1_000_000
    let seen = load(.seen)
    return seen > 0 && seen <= now && now - seen < Self.forgottenAfterMilliseconds
  }

  /// Takes this line unless a live worker has it.
  func claim(process: Int, pool: Pool) -> Bool {
    guard !isAlive else { return false }
    for field in [Field.requests, .resident, .sessions, .ready, .offered] { store(field, 0) }
    store(.process, UInt64(process))
    store(.pool, UInt64(pool.rawValue))
    touch()
    return true
  }

  package func touch() { store(.seen, Clock.monotonicNanoseconds / 1_000_000) }
  package func becomeReady() { store(.ready, 1) }
  package func leave() { store(.seen, 0) }

  /// The descriptor of the memory that this worker shares with its pool; see PoolMemory.
  var offered: Int32? { Int32(exactly: load(.offered)).flatMap { $0 > 0 ? $0 - 1 : nil } }
  func offer(_ descriptor: Int32) { store(.offered, UInt64(max(0, descriptor + 1))) }
  func isSame(as other: WorkerEntry) -> Bool { words == other.words }

  package func report(requests: Int, residentKilobytes: Int, sessions: Int) {
    store(.requests, UInt64(requests))
    store(.resident, UInt64(residentKilobytes))
    store(.sessions, UInt64(sessions))
    touch()
  }
}

/// Each pool has a socket and workers of its own, so that a full one does not stop the others.
package enum Pool: Int, CaseIterable, Sendable {
  case app, auth, ops

  package var name: String { "\(self)" }
}

extension SharedMemory {
  package func enter(process: Int, pool: Pool) -> WorkerEntry {
    exclusively {
      // With more workers than lines, the surplus shares the last one; its numbers are then mixed.
      allEntries.first { $0.claim(process: process, pool: pool) } ?? WorkerEntry(self, line: Layout.workerCount - 1)
    }
  }

  package var workers: [WorkerEntry] { allEntries.filter(\.isAlive) }

  private var allEntries: [WorkerEntry] { (0..<Layout.workerCount).map { WorkerEntry(self, line: $0) } }

  /// How many milliseconds a worker has to wait before it starts. A pool may start 64 workers at once, and fifty a
  /// second after that. Beyond, they die as fast as they start, and each start waits for up to a second.
  package func pauseBeforeStart(in pool: Pool, nowMilliseconds: UInt64? = nil) -> Int {
    let interval: UInt64 = 20
    let burst: UInt64 = 64 * interval
    let now = nowMilliseconds ?? Clock.monotonicNanoseconds / 1_000_000
    let word = words + Layout.pacing + pool.rawValue
    var due = word.pointee.load(ordering: .relaxed)
    while true {
      // A time beyond any pause is left over from before the last boot.
      let start = due > now + burst + 1000 ? now : max(due, now)
      let next = min(start + interval, now + burst + 1000)
      let result = word.pointee.weakCompareExchange(expected: due, desired: next, ordering: .relaxed)
      if result.exchanged { return next > now + burst ? Int(next - now - burst) : 0 }
      due = result.original
    }
  }
}
