internal import CPostgres

extension Connection {
  /// Commits everything that `body` did, or nothing. Inside a transaction it is a savepoint. The outermost transaction is
  /// tried up to three times if a repetition may succeed (after a deadlock or a lock timeout).
  package func transaction<T>(_ body: (borrowing Connection) throws -> T) throws -> T {
    guard !isInTransaction else { return try savepoint(body) }
    var attempt = 1
    while true {
      do {
        return try attemptTransaction(body)
      } catch let error as PostgresError where attempt < 3 && (error.isTransient || error.staleStatement) && mayRepeat {
        attempt += 1
        // The cache has forgotten its statements; without this the session would keep them.
        if error.staleStatement { try perform("DEALLOCATE ALL") }
        pauseBeforeRepeating(attempt: attempt)
      }
    }
  }

  private func attemptTransaction<T>(_ body: (borrowing Connection) throws -> T) throws -> T {
    try perform("BEGIN")
    let value: T
    do {
      value = try body(self)
      // PostgreSQL answers COMMIT in a failed transaction with a ROLLBACK that looks like success.
      guard PQtransactionStatus(handle) != PQTRANS_INERROR else {
        throw PostgresError(reason: .server, sqlstate: "25P02", message: "the transaction had already failed")
      }
    } catch {
      // The first error wins: if even the rollback fails, the session is not idle and will be closed.
      try? perform("ROLLBACK")
      throw error
    }
    try perform("COMMIT")
    return value
  }

  private func savepoint<T>(_ body: (borrowing Connection) throws -> T) throws -> T {
    session.savepoints += 1
    let name = "p\(session.savepoints)"
    defer { session.savepoints -= 1 }
    try perform("SAVEPOINT \(name)")
    do {
      let value = try body(self)
      try perform("RELEASE SAVEPOINT \(name)")
      return value
    } catch {
      try? perform("ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)")
      throw error
    }
  }

  /// Nothing of the failed attempt is left, and there are a session and time for another one.
  var mayRepeat: Bool { !isInTransaction && isAlive && !session.deadline.hasPassed }

  /// Of random length, so that the sessions do not collide again.
  func pauseBeforeRepeating(attempt: Int) { pause(milliseconds: Int.random(in: 1...(10 * attempt))) }
}
