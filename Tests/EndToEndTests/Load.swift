import Glibc
import Support
import Synchronization

/// Sends requests without a pause from several threads, and counts the answers.
final class Load: Sendable {
  private let statuses = Mutex<[Int: Int]>([:])
  private let isOver = Atomic<Bool>(false)
  private let threads = Mutex<[Thread]>([])

  init(port: Int, path: String, threads count: Int = 8) {
    for _ in 0..<count {
      let thread = Thread { [self] in
        while !isOver.load(ordering: .relaxed) {
          let status = (try? HTTPAnswer.asking(port, "GET", path))?.status ?? 0
          statuses.withLock { $0[status, default: 0] += 1 }
        }
      }
      threads.withLock { $0.append(thread) }
    }
  }

  func count(_ status: Int) -> Int { statuses.withLock { $0[status] ?? 0 } }

  var answered: Int { statuses.withLock { $0.values.reduce(0, +) } }

  /// Waits for this many more successful answers, which shows that the load is running and is served.
  func waitForMore(_ count: Int) throws {
    let goal = self.count(200) + count
    try eventually("\(count) more are answered 200", seconds: 60) { self.count(200) >= goal }
  }

  /// Ends the load and returns the number of answers of each status.
  func stop() -> [Int: Int] {
    isOver.store(true, ordering: .relaxed)
    for thread in threads.withLock({ $0 }) { thread.join() }
    return statuses.withLock { $0 }
  }
}
