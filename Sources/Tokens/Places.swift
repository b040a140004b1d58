internal import Glibc

/// Locks on bytes of a file that the workers of a pool share, because the kernel releases the locks of a worker that
/// dies. They belong to the open file (fcntl(2), F_OFD_SETLK), so each worker opens it by itself.
struct SharedLocks: Sendable {
  let descriptor: Int32

  private static let setLock: Int32 = 37  // F_OFD_SETLK, which the module map of Glibc leaves out

  /// False if another worker has it.
  func take(_ byte: Int) -> Bool { set(F_WRLCK, byte) }
  func release(_ byte: Int) { _ = set(F_UNLCK, byte) }

  private func set(_ type: Int32, _ byte: Int) -> Bool {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = byte
    lock.l_len = 1
    return fcntl(descriptor, Self.setLock, &lock) == 0
  }
}

/// Places for slow work, fewer than a pool has workers, so that the others go on serving.
package final class Places: Sendable {
  private let locks: SharedLocks
  private let first: Int
  private let count: @Sendable () -> Int

  init(_ locks: SharedLocks, from first: Int, count: @escaping @Sendable () -> Int) {
    self.locks = locks
    self.first = first
    self.count = count
  }

  /// Places for calls to other servers: a third of the workers, and at least one. The descriptor belongs to memory that
  /// lives as long as the places.
  package static func forCalls(descriptor: Int32, workers: @escaping @Sendable () -> Int) -> Places {
    Places(SharedLocks(descriptor: descriptor), from: 8192) { max(1, workers() / 3) }
  }

  /// Nil if all are taken.
  package func take() -> Place? {
    for byte in first..<(first + count()) where locks.take(byte) { return Place(locks, byte) }
    return nil
  }

  /// A place for as long as it lives.
  package final class Place {
    private let locks: SharedLocks
    private let byte: Int

    fileprivate init(_ locks: SharedLocks, _ byte: Int) {
      self.locks = locks
      self.byte = byte
    }

    deinit { locks.release(byte) }
  }
}
