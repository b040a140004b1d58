import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database, .faults))
struct VerificationTests {
  @Test func `a ledger with every kind of operation agrees with itself`() throws {
    try withBooks { name, owner in
      let (extent, differences) = try verify(name)
      #expect(differences.map(\.description) == [])
      let counts = try owner.row(
        "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM postings), (SELECT count(*) FROM operations)"
      ) { row in [try row.value(0, as: Int.self), try row.value(1, as: Int.self), try row.value(2, as: Int.self)] }
      #expect([extent.accounts, extent.postings, extent.operations] == counts)
      let kinds: Int = try owner.value(
        "SELECT count(DISTINCT kind) - cardinality(enum_range(NULL::operation_kind)) FROM operations WHERE outcome = 'done'"
      )
      // Every kind of operation occurs, so that none passes unchecked.
      #expect(kinds == 0)
    }
  }

  /// An account with every right writes rows that nobody should write.
  struct Break: Sendable, CustomTestStringConvertible {
    let statement: String
    let findings: Set<Difference.Finding>
    let isRepairable: Bool
    var testDescription: String { statement }

    init(_ statement: String, _ findings: Set<Difference.Finding>, repairable: Bool = false) {
      (self.statement, self.findings, isRepairable) = (statement, findings, repairable)
    }
  }

  private static let sent = "operation IN (SELECT id FROM operations WHERE kind = 'transfer')"

  static let accounts = [
    Break("UPDATE accounts SET balance = balance + 1 WHERE id = 1000", [.balance, .sum], repairable: true),
    Break("UPDATE accounts SET version = version - 1 WHERE id = 1000", [.version], repairable: true),
    Break(
      "UPDATE accounts SET moved_at = moved_at + interval '1 microsecond' WHERE id = 1000", [.lastMove],
      repairable: true),
    Break("UPDATE accounts SET balance = -1 WHERE id = 1000", [.balance, .sum, .accountRange], repairable: true),
    Break(
      "UPDATE accounts SET balance = 0, version = 0, moved_at = '-infinity'",
      [
        .balance, .version, .lastMove, .sum,
        .factoryShort,
      ], repairable: true),
    Break("DELETE FROM accounts WHERE id = 1000", [.unknownAccount, .sum, .misfit]),
    Break("UPDATE accounts SET owner = gen_random_uuid() WHERE id = 1000", [.misfit, .unknownOwner]),
    Break("UPDATE accounts SET asset = 99 WHERE id = 1000", [.linkAsset, .unknownAsset, .sum]),
    Break("DELETE FROM users WHERE username = 'anna'", [.unknownOwner]),
    // The index is missing, or it exists but misses some rows.
    Break("ALTER TABLE accounts DROP CONSTRAINT accounts_owner_asset_section_key; \(again)", [.duplicateAccount]),
    Break(unseen("accounts_owner_asset_section_key", again), [.duplicateAccount]),
    Break(
      unseen("accounts_owner_asset_section_key", again.replacing("id = 1000", with: "owner IS NULL")),
      [.duplicateAccount]),
    Break(
      unseen(
        "assets_item_id_collection_id_quality_level_id_key",
        "INSERT INTO assets (item_id) SELECT item_id FROM assets WHERE id > 1 LIMIT 1"), [.duplicateAsset]),
    Break(
      unseen("assets_item_id_collection_id_quality_level_id_key", "INSERT INTO assets DEFAULT VALUES"),
      [.duplicateAsset]),
  ]

  private static let again =
    "INSERT INTO accounts (owner, asset, section) SELECT owner, asset, section FROM accounts"
    + " WHERE id = 1000"

  /// Runs the statement while the index is not maintained, so that the index misses its rows.
  private static func unseen(_ index: String, _ statement: String) -> String {
    func ready(_ isReady: Bool) -> String {
      "UPDATE pg_index SET indisready = \(isReady) WHERE indexrelid = '\(index)'::regclass; "
    }
    return ready(false) + statement + "; " + ready(true)
  }

  static let postings = [
    Break("UPDATE postings SET debit_version = debit_version + 1 WHERE \(sent)", [.linkVersion], repairable: true),
    Break("UPDATE postings SET credit_balance = credit_balance + 1 WHERE \(sent)", [.linkBalance], repairable: true),
    Break(
      "UPDATE postings SET debit_balance = NULL, debit_version = NULL WHERE \(sent)", [.linkBalance, .linkVersion],
      repairable: true),
    Break("UPDATE postings SET credit_balance = -5 WHERE \(sent)", [.linkBalance, .linkRange]),
    Break(
      "UPDATE postings SET at = at - interval '1 hour' WHERE \(sent)",
      [.moment, .linkVersion, .linkBalance]),
    Break("UPDATE postings SET amount = amount + 1 WHERE \(sent)", [.misfit, .linkBalance, .balance]),
    Break("UPDATE postings SET asset = asset + 1 WHERE \(sent)", [.misfit, .linkAsset]),
    Break(
      "UPDATE postings SET debit = credit, credit = debit WHERE \(sent)",
      [.misfit, .linkBalance, .balance]),
    Break(
      "DELETE FROM postings WHERE \(sent)", [.postingCount, .misfit, .linkVersion, .linkBalance, .balance, .version]),
    Break("UPDATE postings SET credit = 7 WHERE credit = 2", [.systemSide, .misfit]),
    Break("UPDATE postings SET credit_balance = 1 WHERE credit = 2", [.systemSide]),
    Break("UPDATE postings SET debit = 3 WHERE debit = 1", [.misfit]),
    Break(
      "INSERT INTO postings SELECT * FROM postings WHERE credit = 3 LIMIT 1",
      [.postingCount, .linkVersion, .linkBalance, .linkOrder, .balance, .version, .sum]),
  ]

  static let operations = [
    Break("DELETE FROM operations WHERE kind = 'transfer' AND outcome = 'done'", [.unknownOperation]),
    Break("UPDATE operations SET outcome = 'done' WHERE outcome = 'insufficient_funds'", [.postingCount]),
    Break("UPDATE operations SET outcome = 'overflow' WHERE kind = 'grant'", [.postingCount]),
    Break("UPDATE operations SET at = at + interval '1 second' WHERE kind = 'grant'", [.moment]),
    Break("UPDATE operations SET amount = amount + 1 WHERE kind = 'grant'", [.misfit]),
    Break("UPDATE operations SET counterpart = owner WHERE kind = 'transfer'", [.misfit]),
    Break("UPDATE operations SET item_id = NULL WHERE kind = 'purchase'", [.misfit]),
    Break("UPDATE operations SET quantity = quantity + 1 WHERE kind = 'set_stock'", [.misfit]),
    Break("UPDATE operations SET details = details || '{\"section\": \"trade\"}' WHERE kind = 'adjust'", [.misfit]),
    Break("UPDATE operations SET details = details || '{\"lines\": 9}' WHERE kind = 'add_items'", [.postingCount]),
    Break("UPDATE operations SET reverses = NULL WHERE kind = 'undo_transfer'", [.misfit]),
    Break("UPDATE operations SET kind = 'add_items' WHERE kind = 'adjust'", [.misfit, .duplicateKey]),
    Break("INSERT INTO operations SELECT * FROM operations WHERE kind = 'grant'", [.duplicateID, .duplicateKey]),
    // Undone under another key, with the postings that belong to it.
    Break(
      """
      INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, counterpart, amount, reverses)
      SELECT gen_random_uuid(), owner, kind, gen_random_uuid(), content, outcome, actor, at + interval '1 s', counterpart,
             amount, reverses FROM operations WHERE kind = 'undo_transfer';
      INSERT INTO postings
      SELECT o.id, p.ordinal, p.asset, p.debit, p.credit, p.amount, p.debit_balance - p.amount, p.debit_version + 1,
             p.credit_balance + p.amount, p.credit_version + 1, o.at
      FROM operations o JOIN postings p ON p.operation IN (
        SELECT f.id FROM operations f WHERE f.kind = 'undo_transfer' AND f.key = f.reverses)
      WHERE o.kind = 'undo_transfer' AND o.key <> o.reverses
      """,
      [.undoneTwice, .linkVersion, .linkBalance, .linkRange, .balance, .version, .lastMove]),
    // Coins from nowhere: no posting, one that is not the mint's, or several.
    Break(granted, [.postingCount]),
    Break("UPDATE postings SET debit = 2 WHERE \(ofGrant)", [.misfit]),
    Break(
      "UPDATE postings SET amount = amount + 1, credit_balance = credit_balance + 1 WHERE \(ofGrant)",
      [.misfit, .linkBalance, .balance, .sum]),
    Break("UPDATE operations SET kind = 'grant' WHERE kind = 'transfer' AND outcome = 'done'", [.misfit]),
  ]

  private static let ofGrant = "operation IN (SELECT id FROM operations WHERE kind = 'grant')"
  private static let granted = """
    INSERT INTO operations (id, owner, kind, key, content, outcome, at, amount)
    SELECT gen_random_uuid(), owner, kind, gen_random_uuid(), content, outcome, at, amount FROM operations
    WHERE kind = 'grant'
    """

  static let reservations = [
    Break(
      "UPDATE reservations SET status = 'active', closed_at = NULL, closed_by = NULL",
      [.unclosed, .factoryShort], repairable: true),
    Break(
      "UPDATE reservations SET status = 'returned', closed_at = now(), closed_by = operation",
      [.notClosed], repairable: true),
    Break("UPDATE reservations SET status = 'consumed' WHERE status = 'returned'", [.notClosed], repairable: true),
    Break("DELETE FROM reservations", [.unreserved, .postingCount, .misfit], repairable: true),
    Break("UPDATE reservations SET operation = gen_random_uuid()", [.unknownReserve, .postingCount, .misfit]),
    Break(
      "UPDATE accounts SET balance = 0 WHERE section = 'factory'", [.balance, .sum, .factoryShort], repairable: true),
  ]

  private static let refunded = "id IN (SELECT reverses FROM operations WHERE kind = 'refund')"

  static let orders = [
    Break("DELETE FROM orders", [.unordered, .bought], repairable: true),
    Break("UPDATE orders SET id = gen_random_uuid() WHERE NOT \(refunded)", [.unordered, .unknownPurchase]),
    Break("UPDATE orders SET quantity = quantity + 1 WHERE NOT \(refunded)", [.otherOrder, .bought]),
    Break("UPDATE orders SET owner = gen_random_uuid() WHERE NOT \(refunded)", [.otherOrder, .bought]),
    Break("UPDATE orders SET status = 'handed_over' WHERE \(refunded)", [.refunded, .bought], repairable: true),
    Break("UPDATE orders SET status = 'returned' WHERE NOT \(refunded)", [.refunded, .bought]),
    Break("UPDATE accounts SET bought = bought + 1 WHERE bought > 0", [.bought], repairable: true),
    Break("UPDATE operations SET reverses = gen_random_uuid() WHERE kind = 'refund'", [.misfit]),
    Break("UPDATE operations SET quantity = quantity + 1 WHERE kind = 'refund'", [.misfit]),
    // Only refunds give anything back to the mint.
    Break("UPDATE postings SET credit = 3 WHERE credit = 1", [.misfit]),
  ]

  static let grants = [
    Break(
      """
      INSERT INTO grants (name, reason, amount, to_everybody, key, content, total, total_coins, done)
      VALUES ('2026-05', 'May', 5, true, gen_random_uuid(), '', 2, 10, 2)
      """, [.grantCount])
  ]

  /// The triggers and functions that prevent all of the above.
  static let guards = [
    Break("ALTER TABLE postings DISABLE TRIGGER ALL", [.guardMissing], repairable: true),
    Break("DROP TRIGGER operations_are_append_only ON operations", [.guardMissing], repairable: true),
    Break("DROP TRIGGER audit_is_append_only ON audit", [.guardMissing], repairable: true),
    Break("ALTER TABLE audit DISABLE TRIGGER audit_is_append_only", [.guardMissing], repairable: true),
    Break("ALTER TABLE postings ENABLE REPLICA TRIGGER postings_are_append_only", [.guardMissing], repairable: true),
    Break(guardedAgain("UPDATE OR DELETE ON postings FOR EACH STATEMENT"), [.guardChanged], repairable: true),
    Break(guardedAgain("UPDATE OR DELETE OR TRUNCATE ON postings WHEN (false)"), [.guardChanged], repairable: true),
    Break(
      guardedAgain("UPDATE OF at OR DELETE OR TRUNCATE ON postings FOR EACH STATEMENT"), [.guardChanged],
      repairable: true),
    Break(
      guardedAgain(
        "UPDATE OR DELETE OR TRUNCATE ON postings FOR EACH STATEMENT", by: "suppress_redundant_updates_trigger"),
      [.guardChanged], repairable: true),
    Break(
      "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
      [.refusalChanged], repairable: true),
    Break("DROP FUNCTION refuse_change() CASCADE", [.refusalChanged, .guardMissing], repairable: true),
  ]

  private static func guardedAgain(_ events: String, by function: String = "refuse_change") -> String {
    "CREATE OR REPLACE TRIGGER postings_are_append_only BEFORE \(events) EXECUTE FUNCTION \(function)()"
  }

  static let breaks = [accounts, postings, operations, reservations, orders, grants, guards]

  @Test(arguments: breaks)
  func `every damage is named, and repaired where the postings suffice`(breaks: [Break]) throws {
    try withBooks { name, _ in
      let admin = try TestCluster.connection(user: TestCluster.superuser, database: name)
      for broken in breaks {
        admin.limit(to: .after(milliseconds: 60_000))
        do {
          try admin.transaction { connection in
            try check(broken, connection)
            throw Undo()
          }
        } catch is Undo {}
      }
    }
  }

  private struct Undo: Error {}

  private func check(_ broken: Break, _ connection: borrowing Connection) throws {
    try tamper(broken.statement, connection)
    let differences = try verify(connection).differences
    #expect(Set(differences.map(\.finding)) == broken.findings, "\(broken): \(differences.map(\.description))")
    guard broken.isRepairable else { return }
    #expect(!differences.isEmpty)
    try connection.perform(
      ([Repair.prologue] + differences.map(\.repair.sql) + [Repair.epilogue]).joined(separator: "\n"))
    let left = try verify(connection).differences
    #expect(left.map(\.description) == [], "\(broken)")
  }

  @Test func `every possible finding has been provoked`() {
    let provoked = Self.breaks.joined().reduce(into: Set()) { $0.formUnion($1.findings) }
    // Two operations that close one reservation would need the same key twice: that is duplicateKey, or two kinds.
    #expect(Set(Difference.Finding.allCases).subtracting(provoked) == [.closedTwice])
  }

  @Test func `an unknown finding is an error of the statement that returns it`() throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.row("SELECT 'unheard', NULL::bigint, NULL::uuid, NULL::int, NULL, NULL, NULL", Difference.init)
      }
      #expect(error?.reason == .mismatch)
    }
  }

  @Test func `batches of any size find the same`() throws {
    try withBooks { name, _ in
      let admin = try TestCluster.connection(user: TestCluster.superuser, database: name)
      try tamper("UPDATE accounts SET balance = balance + 1; UPDATE operations SET at = at + interval '1 s'", admin)
      let whole = try verify(admin).differences.map(\.description).sorted()
      #expect(whole.count > 20)
      for size in [2, 3, 7] {
        let pieces = try verify(admin, pieceSize: size).differences.map(\.description).sorted()
        #expect(pieces == whole)
      }
    }
  }

  @Test(.tiers(.concurrency)) func `verification raises no false alarm beside concurrent writers`() throws {
    try withFreshDatabase { name in
      var history = try RandomHistory(in: name)
      let rounds = try withThread(until: { try history.run(seed: 7, steps: 150) }) {
        // Small batches, so that much is written between them.
        try verify(name, pieceSize: 20).differences.map(\.description)
      }
      #expect(rounds.count > 1)
      let alarms = rounds.flatMap { $0 }
      #expect(alarms == [])
      let (_, differences) = try verify(name)
      #expect(differences.map(\.description) == [])
    }
  }

  /// Removes PostgreSQL's own constraints, because some damage could not be done otherwise.
  private func tamper(_ statement: String, _ connection: borrowing Connection) throws {
    for text in [
      "SET session_replication_role = replica", "ALTER DOMAIN holding DROP CONSTRAINT holding_check",
      "ALTER TABLE operations DROP CONSTRAINT operations_pkey", "DROP INDEX operations_by_key",
      "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
      "DROP INDEX postings_debit", "DROP INDEX postings_credit",
      "CREATE INDEX ON postings (debit)", "CREATE INDEX ON postings (credit)", "CREATE INDEX ON operations (id)",
      statement, "SET session_replication_role = origin",
    ] { try connection.perform(text) }
  }
}

func verify(_ database: String, pieceSize: Int = 50_000) throws -> (
  extent: Verification.Extent, differences: [Difference]
) {
  let connection = try TestCluster.connection(user: TestCluster.app, database: database)
  connection.limit(to: .after(milliseconds: 60_000))
  return try verify(connection, pieceSize: pieceSize)
}

func verify(
  _ connection: borrowing Connection, pieceSize: Int = 50_000
) throws -> (extent: Verification.Extent, differences: [Difference]) {
  var differences: [Difference] = []
  var verification = Verification { differences.append($0) }
  verification.pieceSize = pieceSize
  let extent = try verification.run(on: connection)
  return (extent, differences)
}
