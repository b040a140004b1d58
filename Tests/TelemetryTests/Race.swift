import Support
import Synchronization

/// Runs several threads from one moment on, and returns their results in order.
func race<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> T) -> [T] {
  let start = Start(count)
  let results = Results<T>()
  let threads = (0..<count).map { number in
    Thread {
      start.pass()
      results.put(number, body(number))
    }
  }
  for thread in threads { thread.join() }
  return (0..<count).map { results[$0] }
}

/// Holds all threads until the last one has arrived.
private final class Start: Sendable {
  private let missing: Atomic<Int>

  init(_ count: Int) { missing = Atomic(count) }

  func pass() {
    missing.subtract(1, ordering: .acquiringAndReleasing)
    while missing.load(ordering: .acquiring) > 0 {}
  }
}

private final class Results<T: Sendable>: Sendable {
  private let values = Mutex<[Int: T]>([:])

  func put(_ number: Int, _ value: T) { values.withLock { $0[number] = value } }
  subscript(number: Int) -> T { values.withLock { $0[number]! } }
}
