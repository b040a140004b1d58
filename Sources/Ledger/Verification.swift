internal import FoundationEssentials
package import Postgres

/// Recomputes the ledger from its postings and names every difference.
///
/// It reads accounts and operations in pieces, one statement per piece. A statement sees one moment, in which an
/// account and its postings agree, however much is written meanwhile; and none runs so long that vacuum has to wait for
/// it. PostgreSQL does the counting, so memory does not grow with the ledger.
package struct Verification {
  /// The number of postings or operations in one statement.
  package var pieceSize = 50_000
  /// The most differences of one piece that are reported. If there are more, the last one says so.
  static let mostPerPiece = 1000

  package struct Extent: Sendable {
    package var accounts = 0
    package var postings = 0
    package var operations = 0
    package var differences = 0
    /// Whether a piece had more differences than are reported.
    package var isCut = false
  }

  private let report: (Difference) -> Void
  private let progress: (_ done: Int, _ total: Int) -> Void
  private var extent = Extent()
  private var done = 0
  private var total = 0

  package init(
    report: @escaping (Difference) -> Void, progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) {
    self.report = report
    self.progress = progress
  }

  package mutating func run(on connection: borrowing Connection) throws -> Extent {
    // Each posting is read from both of its accounts.
    total = try connection.value(
      "SELECT count(*) + coalesce(sum(version), 0)::bigint + (SELECT count(*) FROM operations) FROM accounts")
    try connection.perform("SET jit = off; SET work_mem = '32MB'")
    try tell(Self.guards, connection)
    // With old statistics, a plan may read a whole table for each piece, and would not end.
    try connection.perform("SET enable_seqscan = off")
    try checkAccounts(connection)
    // PostgreSQL expects one row in a range of UUIDs, and would then read one side of a join for each row of the other,
    // which takes minutes per piece if there are many.
    try connection.perform("SET enable_nestloop = off")
    try checkOperations(connection)
    try connection.perform("RESET enable_nestloop; RESET enable_seqscan")
    try checkKeys(connection)
    try tell(Self.sums, connection)
    try tell(Self.reservations, connection)
    try tell(Self.setAside, connection)
    try tell(Self.orders, connection)
    try tell(Self.bought, connection)
    try tell(Self.grants, connection)
    progress(total, total)
    try connection.perform("RESET jit; RESET work_mem")
    return extent
  }

  private mutating func checkAccounts(_ connection: borrowing Connection) throws {
    var after = 999
    while let piece = try Self.piece(ofAccountsAfter: after, postings: pieceSize, connection) {
      try tell(Self.accounts(after: after, upTo: piece.last), connection)
      extent.accounts += piece.accounts
      advance(piece.accounts + piece.links)
      after = piece.last
    }
    // A posting behind the last account names no account.
    try tell(Self.accounts(after: after, upTo: Int.max), connection)
  }

  private mutating func checkOperations(_ connection: borrowing Connection) throws {
    var first = UUID(uuidString: "00000000-0000-0000-0000-000000000000")!
    while true {
      let next = try Self.operation(pieceSize / 2, after: first, connection)
      let piece = try Self.count(from: first, to: next, connection)
      try tell(Self.operations(from: first, to: next), connection)
      extent.operations += piece.operations
      extent.postings += piece.postings
      advance(piece.operations)
      guard let next else { return }
      first = next
    }
  }

  /// Duplicates are searched in the tables themselves, because the unique index may be what is broken.
  private mutating func checkKeys(_ connection: borrowing Connection) throws {
    try connection.perform("SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off")
    try tell(Self.duplicateAccounts, connection)
    try tell(Self.duplicateAssets, connection)
    try tell(Self.duplicateKeys, connection)
    try tell(Self.duplicateUndos, connection)
    try tell(Self.unknownNames, connection)
    try connection.perform("RESET enable_indexscan; RESET enable_indexonlyscan; RESET enable_bitmapscan")
  }

  private mutating func tell(_ check: SQL, _ connection: borrowing Connection) throws {
    let differences = try connection.rows(check, Difference.init)
    for difference in differences { report(difference) }
    extent.differences += differences.count
    if differences.count == Self.mostPerPiece { extent.isCut = true }
  }

  private mutating func advance(_ count: Int) {
    done += count
    // Rows written since the beginning were not counted then.
    progress(min(done, total), total)
  }
}
