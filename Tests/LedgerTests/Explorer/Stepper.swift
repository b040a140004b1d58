import FoundationEssentials
import Glibc
import Postgres
import Support

/// A session that takes one step at a time, on a thread of its own, so that a step may wait for a lock while others
/// continue.
final class Stepper: @unchecked Sendable {
  typealias Step = @Sendable (borrowing Connection) throws -> Void

  let pid: Int
  private let connection: Connection
  private let told = Signal()
  private let finished = Signal()
  private var step: Step?
  private var result: Result<Void, any Error> = .success(())
  private var thread: Thread?

  init(database: String) throws {
    var settings = TestCluster.settings(user: TestCluster.superuser, database: database)
    // A step may wait until all others have ended. A cycle of waiting ends as a deadlock, soon.
    settings.lockTimeoutMilliseconds = 60_000
    settings.statementTimeoutMilliseconds = 60_000
    connection = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    connection.limit(to: .after(milliseconds: 3_600_000))
    try connection.perform("SET deadlock_timeout = '20ms'; SET synchronous_commit = off")
    try connection.perform("SET idle_in_transaction_session_timeout = 0")
    pid = try connection.value("SELECT pg_backend_pid()")
    // The thread holds its session only while it works; otherwise neither would ever end.
    thread = Thread { [told, weak self] in
      while true {
        told.wait()
        guard let self, let step = self.step else { return }
        self.result = Result { try step(self.connection) }
        self.finished.raise()
      }
    }
  }

  /// Starts a step after the one before it has ended.
  func begin(_ step: @escaping Step) {
    self.step = step
    told.raise()
  }

  /// True if the step has ended, after a short wait at most.
  func hasFinished(within microseconds: Int) -> Bool { finished.wait(microseconds: microseconds) }

  /// The result of the last step.
  func outcome() throws { try result.get() }

  /// Waits for the end of the started step.
  func finish() throws {
    while !hasFinished(within: 1_000_000) {}
    try outcome()
  }

  /// A step that waits for no other session.
  func run(_ step: @escaping Step) throws {
    begin(step)
    try finish()
  }

  func end() {
    step = nil
    told.raise()
    thread?.join()
  }
}

/// Passes a signal from one thread to another: a semaphore.
private final class Signal: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func raise() { sem_post(semaphore) }

  func wait() { while sem_wait(semaphore) != 0 {} }

  func wait(microseconds: Int) -> Bool {
    var end = timespec()
    clock_gettime(CLOCK_REALTIME, &end)
    let nanoseconds = end.tv_nsec + microseconds * 1000
    end.tv_sec += nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    return sem_timedwait(semaphore, &end) == 0
  }
}
