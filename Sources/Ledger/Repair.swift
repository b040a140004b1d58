internal import FoundationEssentials
internal import Postgres

/// The statements that would remove a difference. They trust the postings, because everything else follows from them.
/// If the postings themselves are in doubt, a person has to decide.
package enum Repair: Sendable, Equatable {
  /// The account's row, from its postings.
  case recount(account: Int)
  /// Balances and versions along the account's postings, from their amounts; then the account's row.
  case rechain(account: Int)
  case statement(String)
  case decision(String)

  /// The frame of a plan: one transaction of the tables' owner.
  package static let prologue = """
    -- Writers wait until this is over; readers do not.
    LOCK TABLE accounts, reservations IN EXCLUSIVE MODE;
    ALTER TABLE operations DISABLE TRIGGER USER;
    ALTER TABLE postings DISABLE TRIGGER USER;
    """

  package static let epilogue = """
    ALTER TABLE operations ENABLE TRIGGER USER;
    ALTER TABLE postings ENABLE TRIGGER USER;
    """

  package var summary: String {
    switch self {
    case .recount(let account): "write account \(account) anew from its postings"
    case .rechain(let account): "count the postings of account \(account) anew, and the account from them"
    case .statement(let text): text
    case .decision(let text): "to be decided: \(text)"
    }
  }

  package var sql: String {
    switch self {
    case .recount(let account): Self.recounting(account)
    case .rechain(let account):
      Self.rechaining(account, "debit") + Self.rechaining(account, "credit") + Self.recounting(account)
    case .statement(let text): text + "\n"
    case .decision(let text): "-- To be decided: \(text)\n"
    }
  }

  private static func recounting(_ account: Int) -> String {
    """
    UPDATE accounts a SET balance = s.balance, version = s.version, moved_at = s.moved_at
    FROM (SELECT coalesce(sum(change), 0) AS balance, count(*) AS version, coalesce(max(at), '-infinity') AS moved_at
          FROM statements WHERE account = \(account)) s
    WHERE a.id = \(account);

    """
  }

  private static func rechaining(_ account: Int, _ side: String) -> String {
    """
    UPDATE postings p SET \(side)_balance = s.balance, \(side)_version = s.version
    FROM (SELECT operation, ordinal, sum(change) OVER line AS balance, row_number() OVER line AS version
          FROM statements WHERE account = \(account) WINDOW line AS (ORDER BY at)) s
    WHERE p.operation = s.operation AND p.ordinal = s.ordinal AND p.\(side) = \(account)
      AND (p.\(side)_balance, p.\(side)_version) IS DISTINCT FROM (s.balance, s.version);

    """
  }
}

extension Difference {
  package var repair: Repair {
    switch finding {
    case .balance, .version, .lastMove: .recount(account: account!)
    case .bought:
      account.map { .statement(Self.recountingBought($0)) } ?? .decision("restore the account's row from a backup")
    case .unordered: .statement(ordering)
    case .refunded where due != "nothing":
      .statement("UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = '\(operation!.text)';")
    case .refunded: .decision("cancel or hand over the order again, and find out how it came to be")
    case .unknownPurchase, .otherOrder: .decision("restore the order's row from a backup")
    case .linkVersion, .linkBalance: .rechain(account: account!)
    case .accountRange, .linkRange:
      .decision("its postings take it there; give or take the rest by an operation, and find out how it came to be")
    case .unknownAccount: .decision("restore the account's row, with its owner, asset and section, from a backup")
    case .unknownOwner: .decision("restore the user's row from a backup; who was deleted keeps theirs")
    case .unknownAsset: .decision("restore the asset's row from a backup")
    case .duplicateAccount:
      .decision("restore these accounts and their postings from a backup, and make their unique index anew (REINDEX)")
    case .duplicateAsset:
      .decision("restore these assets, and what names them, from a backup, and make their unique index anew (REINDEX)")
    case .undoneTwice:
      .decision(
        "restore the undos from a backup, or let its sender give the coins that came back too often to its receiver")
    case .linkOrder, .linkAsset, .misfit, .systemSide, .moment, .postingCount, .unknownOperation, .duplicateID,
      .duplicateKey, .unknownReserve, .closedTwice:
      .decision("restore these rows of operations and postings from a backup, then verify again")
    case .unreserved: .statement(reserving)
    case .unclosed, .notClosed: .statement(reopening)
    case .factoryShort:
      .decision("put back what was taken from factory, or close the reservations it was set aside for")
    case .grantCount: .decision("restore this row of grants from a backup, or give the rest under another name")
    case .sum: .decision("this follows from accounts or postings named above")
    case .guardMissing, .guardChanged: .statement(guarding)
    case .refusalChanged: .statement(refusing)
    }
  }

  /// By the orders as they are then, because some of them may be repaired too.
  private static func recountingBought(_ account: Int) -> String {
    """
    UPDATE accounts a SET bought = coalesce((
      SELECT sum(o.quantity) FROM orders o
      WHERE o.owner = a.owner AND o.asset = a.asset AND o.status NOT IN ('cancelled', 'returned')), 0)
    WHERE a.id = \(account);
    """
  }

  private var ordering: String {
    """
    INSERT INTO orders (owner, id, asset, quantity, status, cancelled_at)
    SELECT o.owner, o.id, p.asset, o.quantity, CASE WHEN r.id IS NULL THEN 'ordered' ELSE 'cancelled' END::order_status, r.at
    FROM operations o JOIN postings p ON p.operation = o.id AND p.ordinal = 2
    LEFT JOIN operations r ON r.key = o.id AND r.owner = o.owner AND r.kind = 'refund'
    WHERE o.id = '\(operation!.text)';
    """
  }

  private var reserving: String {
    """
    INSERT INTO reservations (owner, key, operation, made_at) SELECT owner, key, id, at FROM operations
    WHERE id = '\(operation!.text)';
    \(closing(condition: "v.operation = '\(operation!.text)'"))
    """
  }

  /// `place` is "reservation KEY of OWNER", both ids.
  private var reopening: String {
    let words = (place ?? "").split(separator: " ")
    guard words.count == 4 else { return "-- It is not known which reservation." }
    let condition = "v.key = '\(words[1])' AND v.owner = '\(words[3])'"
    return """
      UPDATE reservations v SET status = 'active', closed_at = NULL, closed_by = NULL WHERE \(condition);
      \(closing(condition: condition))
      """
  }

  /// From the operation that closed it, if there is one.
  private func closing(condition: String) -> String {
    """
    UPDATE reservations v SET closed_at = o.at, closed_by = o.id, status = CASE o.kind
      WHEN 'return_reserve' THEN 'returned' WHEN 'consume_reserve' THEN 'consumed' ELSE 'expired' END
    FROM operations o WHERE \(condition) AND o.owner = v.owner AND o.key = v.key AND o.outcome = 'done'
      AND o.kind IN ('return_reserve', 'consume_reserve', 'expire_reserve');
    """
  }

  private var guarding: String {
    let table = place ?? ""
    return """
      DROP TRIGGER IF EXISTS \(found) ON \(table);
      CREATE TRIGGER \(found) BEFORE UPDATE OR DELETE OR TRUNCATE ON \(table)
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
      """
  }

  private var refusing: String {
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    \(Verification.refusal) $$;
    """
  }
}
