package import Audit
package import FoundationEssentials
package import Postgres

/// The grants to many users that were made, and the coins that are still to be given.
package enum Grants {
  package struct Entry: Sendable {
    package let id: Int
    package let name: String
    package let reason: String
    /// Nil if the recipients get different amounts.
    package let amount: Int?
    package let isToEverybody: Bool
    package let isDone: Bool
    /// The number of recipients and the sum of their amounts.
    package let total: Int
    package let totalCoins: Int
    package let done: Int
    package let refused: Int
    package let createdAt: String
    package let finishedAt: String?
    /// Nil for the command line.
    package let createdBy: String?
  }

  package struct Recipient: Sendable {
    package let username: String
    package let amount: Int
    /// When the coins were given or refused.
    package let at: String?
    /// The ledger's word, `waiting`, or `left` for a user who was not active any more.
    package let status: String
  }

  /// So many people's purses are locked until a batch has been committed.
  package static let batchSize = 250

  package static func find(_ name: String, on connection: borrowing Connection) throws -> Entry {
    let found = try connection.row("SELECT \(raw: columns) WHERE g.name = \(name)", Entry.init)
    guard let found else { throw LedgerRefusal(.unknownGrant) }
    return found
  }

  /// Newest first.
  package static func read(
    before: Int?, limit: Int, on connection: borrowing Connection
  ) throws -> CursorPage<Entry> {
    try connection.page(
      "SELECT \(raw: columns) WHERE g.id < \(before ?? Int.max) ORDER BY g.id DESC LIMIT \(limit + 1)", limit: limit,
      Entry.init)
  }

  /// In the order of the users' ids, which is the order in which they get the coins. Of a grant to everybody, only those
  /// whose turn it was.
  package static func recipients(
    of grant: Entry, after: UUID?, limit: Int, on connection: borrowing Connection
  ) throws -> KeysetPage<Recipient, UUID> {
    let after = after ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    // Looked up row by row, so that a page reads what it shows.
    let key: SQL = "(SELECT g.key FROM grants g WHERE g.id = \(grant.id))"
    let found: SQL =
      grant.isToEverybody
      ? """
      SELECT o.owner, o.amount, o.at, o.outcome AS status FROM operations o
      WHERE o.key = \(key) AND o.owner > \(after) AND o.kind = 'grant' ORDER BY o.owner LIMIT \(limit + 1)
      """
      : """
      SELECT s.owner, s.amount, o.at, coalesce(o.outcome, CASE
          WHEN s.owner > (SELECT g.last_owner FROM grants g WHERE g.id = \(grant.id)) THEN 'waiting' ELSE 'left' END) AS status
      FROM (
        SELECT * FROM grant_shares WHERE grant_id = \(grant.id) AND owner > \(after) ORDER BY owner LIMIT \(limit + 1)
      ) s LEFT JOIN LATERAL (
        SELECT * FROM operations o WHERE o.key = \(key) AND o.owner = s.owner AND o.kind = 'grant' LIMIT 1
      ) o ON true
      """
    return try connection.page(
      """
      SELECT (SELECT u.username FROM users u WHERE u.id = r.owner) AS username, r.amount,
             \(raw: SQL.timestamp("r.at")) AS at, r.status, r.owner AS cursor
      FROM (\(found)) r ORDER BY r.owner
      """, limit: limit, by: UUID.self
    ) { row in
      Recipient(
        username: try row.value("username"), amount: try row.value("amount"), at: try row.value("at"),
        status: try row.value("status"))
    }
  }

  /// The first batches of a grant that was just made: all of a small one. A larger one goes on in the pool ops.
  package static func begin(_ grant: Entry, on connection: borrowing Connection) throws -> Entry {
    let end = Deadline.after(milliseconds: 500)
    do {
      for _ in 0..<4 where !end.hasPassed {
        guard try give(grant.id, most: batchSize, on: connection) == .running else { break }
      }
    } catch let error as PostgresError where error.isTransient {
      // Other sessions lock the purses. The grant is recorded, and goes on.
    }
    return try find(grant.name, on: connection)
  }

  /// All that is left of a grant. `progress` gets the number of recipients whose turn it was.
  package static func finish(
    _ grant: Entry, on connection: borrowing Connection, progress: (Int) -> Void
  ) throws -> Entry {
    var now = grant
    while !now.isDone {
      _ = try give(grant.id, most: batchSize, on: connection)
      now = try find(grant.name, on: connection)
      progress(now.done + now.refused)
    }
    return now
  }

  /// A batch of any grant that is running; false if there was none to work on.
  package static func giveAny(_ most: Int, on connection: borrowing Connection) throws -> Bool {
    try give(nil, most: most, on: connection) != nil
  }

  package enum Status: String, Sendable { case running, done }

  /// One batch in one statement, in the order of owners, in which every other operation locks them too.
  private static func give(_ grant: Int?, most: Int, on connection: borrowing Connection) throws -> Status? {
    let word: String? = try connection.value("SELECT status FROM give_batch(\(grant), \(UUID.timeOrdered()), \(most))")
    return word.flatMap { Status(rawValue: $0) }
  }

  /// How many users a grant to everybody would reach if it were run again. If it is done, it goes on for them, unless this
  /// is a rehearsal. For the owner of the tables.
  package static func extend(
    _ grant: Entry, by editor: Editor, isRehearsal: Bool, on connection: borrowing Connection
  ) throws -> Int {
    guard grant.isToEverybody else { return 0 }
    return try connection.transaction { connection in
      let people: Int = try connection.value("SELECT extend_grant(\(grant.id), \(isRehearsal))")
      if people > 0 && !isRehearsal { try find(grant.name, on: connection).note(by: editor, on: connection) }
      return people
    }
  }

  /// The names of those who have too many coins already. It reads the whole grant.
  package static func overflowing(_ grant: Entry, on connection: borrowing Connection) throws -> [String] {
    try connection.rows(
      """
      SELECT u.username FROM grants g JOIN operations o ON o.key = g.key AND o.kind = 'grant' AND o.outcome = 'overflow'
      JOIN users u ON u.id = o.owner WHERE g.id = \(grant.id) ORDER BY o.owner
      """
    ) { try $0.value(0) }
  }

  fileprivate static let columns = """
    g.id AS cursor, g.name, g.reason, g.amount, g.to_everybody, g.status = 'done' AS is_done, g.total, g.total_coins,
    g.done, g.refused, \(SQL.timestamp("g.created_at")) AS created_at, \(SQL.timestamp("g.finished_at")) AS finished_at,
    u.username
    FROM grants g LEFT JOIN users u ON u.id = g.created_by
    """
}

extension Grants.Entry {
  fileprivate init(_ row: Row) throws {
    id = try row.value("cursor")
    name = try row.value("name")
    reason = try row.value("reason")
    amount = try row.value("amount")
    isToEverybody = try row.value("to_everybody")
    isDone = try row.value("is_done")
    total = try row.value("total")
    totalCoins = try row.value("total_coins")
    done = try row.value("done")
    refused = try row.value("refused")
    createdAt = try row.value("created_at")
    finishedAt = try row.value("finished_at")
    createdBy = try row.value("username")
  }

  func note(by editor: Editor, on connection: borrowing Connection) throws {
    let document: DatabaseJSON = try connection.value(
      """
      SELECT row_to_json(g) FROM (
        SELECT reason, amount, CASE WHEN to_everybody THEN 'all' ELSE 'list' END AS to, total, total_coins
        FROM grants WHERE id = \(id)) g
      """)
    try editor.note("coins.grant", name, after: document, on: connection)
  }
}
