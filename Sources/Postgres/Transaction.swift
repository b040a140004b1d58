internal import CPostgres

extension Connection {
  /// Commits what `body` did, or nothing of it. Inside a transaction it is a savepoint.
  /// What may succeed when tried again (a deadlock, a lock timeout) is tried up to three times, outermost only.
  package func transaction<T>(_ body: (borrowing Connection) throws -> T) throws -> T {
    guard !isInTransaction else { return try savepoint(body) }
    var attempt = 1
    while true {
      do {
        return try attemptTransaction(body)
      } catch let error as PostgresError where attempt < 3 && (error.isTransient || error.staleStatement) && mayRepeat {
        attempt += 1
        // The cache has forgotten them; the session must too, or they would pile up.
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
      // PostgreSQL answers the COMMIT of a failed transaction with a ROLLBACK that looks like success.
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

  /// Nothing of what failed is left, and there is a session and time to try it again.
  var mayRepeat: Bool { !isInTransaction && isAlive && !session.deadline.hasPassed }

  /// Of random length, so that those who were in each other's way do not meet again.
  func pauseBeforeRepeating(attempt: Int) { pause(milliseconds: Int.random(in: 1...(10 * attempt))) }
}
