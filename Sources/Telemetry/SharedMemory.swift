// Knows metrics, the memory that workers share, and log lines.
// Refuses to know the shop, and where the numbers come from.

internal import Glibc
package import Synchronization

package typealias Word = Atomic<UInt64>

/// A file that every worker of the machine maps, so that any of them can tell what all have counted.
///
/// Series are found by name and never move, so two versions of the program can share the memory during a rolling
/// reload. All words are independent atomics; only a new name takes a lock.
package final class SharedMemory: @unchecked Sendable {
  let words: UnsafeMutablePointer<Word>
  private let descriptor: Int32
  /// The lock on the file separates processes, and this one the threads of a process.
  private let threads = Mutex<Void>(())

  enum Layout {
    static let magic: UInt64 = 0x5455_434B_5348_3031  // "TUCKSH01"
    static let breaker = 8
    static let draining = 10
    /// One word for each pool, for spacing its starts.
    static let pacing = 16
    static let workers = 64
    static let workerWords = 8
    static let workerCount = 248
    static let series = workers + workerWords * workerCount
    static let seriesWords = 32
    static let seriesCount = 2048
    static let total = series + seriesWords * seriesCount
  }

  /// Without a path the memory belongs to this process alone: for commands and for tests.
  package init(path: String? = nil) throws(SystemError) {
    let descriptor = path.map { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o660) } ?? -1
    if let path, descriptor < 0 { throw SystemError("cannot open the shared memory \(path)") }
    guard let memory = Self.map(descriptor) else {
      let error = SystemError("cannot size and map the shared memory \(path ?? "")")
      if descriptor >= 0 { close(descriptor) }
      throw error
    }
    self.descriptor = descriptor
    words = memory.bindMemory(to: Word.self, capacity: Layout.total)
    // From here on the deinit releases both, also when this throws.
    let found = words[0].compareExchange(expected: 0, desired: Layout.magic, ordering: .relaxed)
    guard found.exchanged || found.original == Layout.magic else {
      throw SystemError("the shared memory \(path ?? "") has another layout: stop all workers and remove it", code: 0)
    }
  }

  /// The first process gives the file its size. It is never cut, because the workers of a version with a larger
  /// layout would end by SIGBUS.
  private static func map(_ descriptor: Int32) -> UnsafeMutableRawPointer? {
    let bytes = Layout.total * 8
    if descriptor >= 0 && lseek(descriptor, 0, SEEK_END) < bytes && ftruncate(descriptor, off_t(bytes)) != 0 {
      return nil
    }
    let flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    return memory == MAP_FAILED ? nil : memory
  }

  deinit {
    munmap(words, Layout.total * 8)
    if descriptor >= 0 { close(descriptor) }
  }

  /// Two words for the breaker of the database.
  package var breaker: UnsafeMutablePointer<Word> { words + Layout.breaker }

  /// Set by `tuckshop drain on`: readiness fails, so that a balancer takes this machine out of rotation.
  package var isDraining: Bool {
    get { words[Layout.draining].load(ordering: .relaxed) != 0 }
    set { words[Layout.draining].store(newValue ? 1 : 0, ordering: .relaxed) }
  }

  func exclusively<T: Sendable>(_ body: () -> T) -> T {
    threads.withLock { _ in
      if descriptor >= 0 { flock(descriptor, LOCK_EX) }
      defer { if descriptor >= 0 { flock(descriptor, LOCK_UN) } }
      return body()
    }
  }
}

package struct SystemError: Error, CustomStringConvertible {
  package let description: String

  package init(_ what: String, code: Int32 = errno) {
    description = code == 0 ? what : "\(what): \(String(cString: strerror(code)))"
  }
}
