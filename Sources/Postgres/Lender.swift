internal import Glibc

/// Owns the worker's one connection, and lends it to one borrower at a time.
package final class Lender {
  private let settings: ConnectionSettings
  private let breaker: Breaker?
  private let connectMilliseconds: Int
  private var connection: Connection?
  private var turn = 0

  /// Sessions opened and attempts that failed since this worker started.
  package private(set) var opened = 0
  package private(set) var failures = 0
  package var onFailure: (PostgresError) -> Void = { _ in }

  package init(_ settings: ConnectionSettings, breaker: Breaker? = nil, connectMilliseconds: Int = 1000) {
    self.settings = settings
    self.breaker = breaker
    self.connectMilliseconds = connectMilliseconds
  }

  /// Lends the connection, and opens one if there is none. If the session turns out to be dead, a `repeatable` borrower is
  /// run once more on a new one. Any other is not, because its statements may have taken effect.
  package func lend<T>(
    until deadline: Deadline, repeatable: Bool = false, _ body: (borrowing Connection) throws -> T
  ) throws -> T {
    let first = try take(until: deadline)
    do {
      return try use(first, until: deadline, body)
    } catch let error as PostgresError
      where repeatable && error.endsSession && error.reason != .deadline && !deadline.hasPassed
    {
      return try use(take(until: deadline), until: deadline, body)
    }
  }

  /// For the idle tick: notices a dead session early, and probes while there are no requests. It tries for a moment only,
  /// because a server that hangs must not keep the worker from requests without a connection.
  package func tend(for milliseconds: Int = 250) {
    if let idle = connection.take() {
      if idle.isIdle { connection = consume idle }
    }
    guard connection == nil,
      let own = try? open(until: .after(milliseconds: min(milliseconds, connectMilliseconds)), once: true)
    else { return }
    connection = consume own
  }

  /// Lends the connection for work that can wait; does nothing if there is none at this moment.
  package func lendIdle(for milliseconds: Int, _ body: (borrowing Connection) -> Void) {
    guard let idle = connection.take() else { return }
    idle.limit(to: .after(milliseconds: milliseconds))
    body(idle)
    if idle.isBetweenTransactions { connection = consume idle }
  }

  private func take(until deadline: Deadline) throws -> Connection {
    if let idle = connection.take() {
      if idle.isAlive { return idle }
    }
    return try open(until: min(deadline, .after(milliseconds: connectMilliseconds)), once: false)
  }

  /// Keeps the session only if it is fit to be lent again; else it ends here.
  private func use<T>(
    _ lent: consuming Connection, until deadline: Deadline, _ body: (borrowing Connection) throws -> T
  ) throws -> T {
    lent.limit(to: deadline)
    do {
      let value = try body(lent)
      if lent.isBetweenTransactions { connection = consume lent }
      return value
    } catch {
      let ends = (error as? PostgresError)?.endsSession ?? false
      if !ends && lent.isBetweenTransactions { connection = consume lent }
      throw error
    }
  }

  private func open(until deadline: Deadline, once: Bool) throws -> Connection {
    // A request that comes too late says nothing about the server, so neither the breaker nor the log counts it.
    guard !deadline.hasPassed else { throw PostgresError(reason: .deadline, message: "no time left to connect") }
    var attempt = 0
    while true {
      let admission = breaker?.admit() ?? .closed
      if case .open(let milliseconds) = admission {
        throw PostgresError(reason: .connection, message: "PostgreSQL is away; next try in \(milliseconds) ms")
      }
      do {
        let made = try Connection.open(settings, turn: turn, deadline: deadline)
        opened += 1
        breaker?.succeeded()
        return made
      } catch let error as PostgresError {
        attempt += 1
        turn += 1
        failures += 1
        let pause = Int(backoffMilliseconds(attempt: attempt, shortest: 50, longest: 2000))
        if once || admission == .probe || pause >= deadline.remainingMilliseconds {
          breaker?.failed()
          onFailure(error)
          throw error
        }
        Postgres.pause(milliseconds: pause)
      }
    }
  }
}

func pause(milliseconds: Int) { _ = poll(nil, 0, Int32(clamping: milliseconds)) }
