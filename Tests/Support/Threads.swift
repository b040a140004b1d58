internal import Glibc
internal import Synchronization

/// Runs work on a thread of its own and keeps the result. Blocking work would starve the pool on which the tests run.
package struct Job<T: Sendable>: Sendable {
  private let thread: Thread
  private let outcome: Outcome

  private final class Outcome: Sendable {
    let result = Mutex<Result<T, any Error>?>(nil)
  }

  package init(_ body: @escaping @Sendable () throws -> T) {
    let outcome = Outcome()
    self.outcome = outcome
    thread = Thread {
      let result = Result(catching: body)
      outcome.result.withLock { $0 = result }
    }
  }

  /// Waits for the thread. Call it once.
  package func value() throws -> T {
    thread.join()
    return try outcome.result.withLock { try $0!.get() }
  }
}

/// A barrier: threads wait here until all of them have arrived.
package final class Gate: @unchecked Sendable {
  private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

  package init(for count: Int) { pthread_barrier_init(barrier, nil, UInt32(count)) }

  deinit {
    pthread_barrier_destroy(barrier)
    barrier.deallocate()
  }

  package func pass() { pthread_barrier_wait(barrier) }
}

/// Runs the same on this many threads at one moment. Returns all results, or throws the first error.
package func onThreads<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> T) throws -> [T] {
  let gate = Gate(for: count)
  let jobs = (0..<count).map { index in
    Job {
      gate.pass()
      return try body(index)
    }
  }
  let results = jobs.map { job in Result { try job.value() } }
  return try results.map { try $0.get() }
}
