// Knows libpq, statements, rows and transactions, and lends a session out. No C pointer leaves this room.
// Refuses to know what the statements are for: it names no table.

internal import CPostgres
internal import Glibc

/// One session with PostgreSQL, started in one place and finished in the deinit beside it.
package struct Connection: ~Copyable {
  let handle: OpaquePointer
  let session = Session()

  /// The state that changes while the connection is borrowed.
  final class Session {
    var statements = StatementCache()
    var deadline = Deadline.after(milliseconds: 5000)
    var savepoints = 0
  }

  package static func open(
    _ settings: ConnectionSettings, turn: Int = 0, deadline: Deadline
  ) throws -> Connection {
    let connection = Connection(handle: try start(settings.parameters(turn: turn)))
    // From here on, the deinit releases the handle, also if this throws.
    try connection.establish(by: deadline)
    PQsetnonblocking(connection.handle, 1)
    PQsetNoticeProcessor(connection.handle, { _, _ in }, nil)
    connection.limit(to: deadline)
    try connection.perform(settings.sessionStatement)
    return connection
  }

  deinit { PQfinish(handle) }

  private static func start(_ parameters: [(keyword: String, value: String)]) throws -> OpaquePointer {
    let started = withCStrings(parameters.map(\.keyword)) { keywords in
      withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keywords, values, 1) }
    }
    guard let started else { throw PostgresError(reason: .connection, message: "libpq is out of memory") }
    return started
  }

  /// `PQconnectdb` would wait as long as the network likes.
  private func establish(by deadline: Deadline) throws {
    var wanted = PGRES_POLLING_WRITING
    while wanted != PGRES_POLLING_OK {
      guard wanted != PGRES_POLLING_FAILED, PQstatus(handle) != CONNECTION_BAD else { throw broken() }
      try wait(for: wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
      wanted = PQconnectPoll(handle)
    }
  }

  /// The statements of the present borrower must be over by then.
  package func limit(to deadline: Deadline) { session.deadline = deadline }

  /// `PQstatus` says OK for a session that ended while it was idle, so this checks the socket itself.
  package var isAlive: Bool {
    guard PQstatus(handle) == CONNECTION_OK else { return false }
    var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN) | pollHangUp, revents: 0)
    guard poll(&socket, 1, 0) > 0 else { return true }
    if socket.revents & ~Int16(POLLIN) != 0 { return false }
    return PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
  }

  package var isIdle: Bool { isAlive && PQtransactionStatus(handle) == PQTRANS_IDLE }

  /// Does not check the socket: that happens when the connection is lent the next time.
  var isBetweenTransactions: Bool {
    PQstatus(handle) == CONNECTION_OK && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  package var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

  package var processIdentifier: Int { Int(PQbackendPID(handle)) }

  func wait(for event: Int32, until deadline: Deadline) throws {
    var socket = pollfd(fd: PQsocket(handle), events: Int16(event), revents: 0)
    while true {
      let ready = poll(&socket, 1, Int32(clamping: deadline.remainingMilliseconds))
      if ready > 0 { return }
      if ready == 0 || deadline.hasPassed {
        throw PostgresError(reason: .deadline, message: "PostgreSQL did not answer in time")
      }
    }
  }
}

private let pollHangUp = Int16(0x2000)  // POLLRDHUP, which glibc shows only under _GNU_SOURCE

/// libpq's arrays of C strings, ended by a null pointer.
private func withCStrings<T>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> T
) rethrows -> T {
  let copies = strings.map { UnsafePointer(strdup($0)) } + [nil]
  defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
  return try copies.withUnsafeBufferPointer { try body($0.baseAddress!) }
}
