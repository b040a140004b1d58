internal import Postgres
internal import Support

/// An administrator's session: ends another session and returns once its process is gone.
func terminate(_ processIdentifier: Int, on connection: borrowing Connection) throws {
  let ended: Bool = try connection.value("SELECT pg_terminate_backend(\(processIdentifier)::int, 10000)")
  guard ended else { throw Failure("session \(processIdentifier) would not end") }
}

extension Connection {
  var backend: Int {
    get throws { try value("SELECT pg_backend_pid()") }
  }

  /// Ends the session from within, in the middle of a statement.
  func breakOff() throws {
    try perform("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)")
  }

  /// Fails like PostgreSQL, with a chosen state.
  func fail(_ sqlstate: String) throws {
    try perform("DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '\(sqlstate)'; END $$")
  }
}

/// Ample time, for tests in which a deadline does not matter.
var ample: Deadline { .after(milliseconds: 30_000) }

/// A lender of sessions with the test cluster, with enough time to connect on a busy machine.
func makeLender(
  _ settings: ConnectionSettings = TestCluster.settings(), breaker: Breaker? = nil, connectMilliseconds: Int = 20_000
) -> Lender {
  Lender(settings, breaker: breaker, connectMilliseconds: connectMilliseconds)
}

struct Odd: Error, Equatable {
  let word: String
  init(_ word: String = "odd") { self.word = word }
}
