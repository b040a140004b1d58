package import Glibc
package import Synchronization

/// Memory that the workers of one pool share and that no file keeps, so it may hold secrets. It ends with the last
/// worker that maps it. Its first eight words are reserved for this type.
package final class PoolMemory: @unchecked Sendable {
  /// A semaphore that wakes workers that wait for each other; it has four of the reserved words.
  package var bell: UnsafeMutablePointer<sem_t> {
    UnsafeMutableRawPointer(words + 4).assumingMemoryBound(to: sem_t.self)
  }

  package let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let bytes: Int
  /// Opened by this process itself, so that it owns its locks on it; negative if nothing is shared.
  package let descriptor: Int32

  /// The first word of such memory. A version of the program with another layout changes the last digits.
  private static let magic: UInt64 = 0x5455_434B_4D45_3032  // "TUCKME02"
  /// Nil if the descriptor is no such memory of that size.
  fileprivate init?(_ descriptor: Int32, words count: Int) {
    var status = stat()
    let bytes = count * 8
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_size == bytes,
      let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
    else { return nil }
    let words = memory.bindMemory(to: Word.self, capacity: count)
    guard words[0].load(ordering: .acquiring) == Self.magic else {
      munmap(memory, bytes)
      return nil
    }
    (self.descriptor, self.bytes, self.words) = (descriptor, bytes, words)
  }

  /// New memory, whose name is removed before another process could open it. Without room in /dev/shm it belongs to
  /// this process alone: then its worker shares nothing.
  fileprivate init(words count: Int, _ fill: (UnsafeMutablePointer<Atomic<UInt64>>) -> Void) {
    bytes = count * 8
    let name = "/tuckshop-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    var shared = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    shm_unlink(name)
    if shared >= 0 && posix_fallocate(shared, 0, bytes) != 0 {
      close(shared)
      shared = -1
    }
    let flags = shared < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
    guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, shared, 0), memory != MAP_FAILED else {
      fatalError("no memory for a pool to share")
    }
    descriptor = shared
    words = memory.bindMemory(to: Word.self, capacity: count)
    fill(words)
    sem_init(bell, 1, 0)
    words[0].store(Self.magic, ordering: .releasing)
  }

  deinit {
    munmap(words, bytes)
    if descriptor >= 0 { close(descriptor) }
  }
}

extension SharedMemory {
  /// The memory of that worker's pool: from another live worker, or new and filled by the caller. Only processes of the
  /// same user reach each other's descriptors (proc(5), ptrace(2)), and those could read the memory anyway.
  package func poolMemory(
    of entry: WorkerEntry, words: Int, fill: (UnsafeMutablePointer<Atomic<UInt64>>) -> Void
  ) -> PoolMemory {
    exclusively {
      let memory = found(of: entry, words: words) ?? PoolMemory(words: words, fill)
      entry.offer(memory.descriptor)
      return memory
    }
  }

  private func found(of entry: WorkerEntry, words: Int) -> PoolMemory? {
    for colleague in workers where colleague.pool == entry.pool && !colleague.isSame(as: entry) {
      guard let offered = colleague.offered else { continue }
      let descriptor = open("/proc/\(colleague.process)/fd/\(offered)", O_RDWR | O_CLOEXEC | O_NONBLOCK)
      if let memory = PoolMemory(descriptor, words: words) { return memory }
      if descriptor >= 0 { close(descriptor) }
    }
    return nil
  }
}
