import Support
import Synchronization

/// As many threads as wanted, let go together; what each came back with, in their order.
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

/// Holds everybody until all are there.
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
