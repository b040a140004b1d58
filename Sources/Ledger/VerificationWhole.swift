internal import Postgres

/// The checks of the whole ledger. Each is one statement, so it sees one moment.
extension Verification {
  /// All accounts together hold of an asset what left the system's accounts minus what returned to them.
  static func sums(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      WITH held AS (
        SELECT asset, sum(balance) AS amount FROM accounts GROUP BY asset
      ), left_by_system AS (
        SELECT asset, sum(CASE WHEN debit < 1000 THEN amount ELSE 0 END - CASE WHEN credit < 1000 THEN amount ELSE 0 END)
          AS amount
        FROM postings WHERE debit < 1000 OR credit < 1000 GROUP BY asset
      )
      SELECT 'sum', NULL, NULL, NULL, asset::text, coalesce(h.amount, 0)::text, coalesce(l.amount, 0)::text
      FROM held h FULL JOIN left_by_system l USING (asset)
      WHERE coalesce(h.amount, 0) <> coalesce(l.amount, 0) ORDER BY asset LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  /// Compares each reservation with the operations that made and closed it.
  static func reservations(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT f.finding, NULL, NULL, NULL, format('reservation %s of %s', v.key, v.owner), f.found, NULL
      FROM reservations v
      LEFT JOIN operations o ON o.id = v.operation
      CROSS JOIN LATERAL (
        SELECT count(*) AS number, min(z.id::text) AS id, min(z.kind::text) AS kind, min(z.at) AS at
        FROM operations z
        WHERE z.owner = v.owner AND z.kind IN ('return_reserve', 'consume_reserve', 'expire_reserve') AND z.key = v.key
          AND z.outcome = 'done'
      ) closing
      CROSS JOIN LATERAL (VALUES
        ('unknownReserve', (o.owner, o.key, o.kind, o.outcome, o.at)
          IS DISTINCT FROM (v.owner, v.key, 'reserve'::operation_kind, 'done', v.made_at), v.operation::text),
        ('unclosed', v.status = 'active' AND closing.number = 1, closing.id),
        ('closedTwice', closing.number > 1, closing.number::text),
        ('notClosed', v.status <> 'active' AND closing.number <= 1
          AND (closing.id, closing.kind, closing.at) IS DISTINCT FROM (v.closed_by::text, CASE v.status
            WHEN 'returned' THEN 'return_reserve' WHEN 'consumed' THEN 'consume_reserve' ELSE 'expire_reserve' END,
            v.closed_at), v.status)
      ) f (finding, is_so, found)
      WHERE f.is_so ORDER BY v.owner, v.key LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  /// Everything that is reserved lies in factory.
  static func setAside(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'factoryShort', NULL, NULL, NULL, format('asset %s of %s', aside.asset, aside.owner),
             coalesce(a.balance, 0)::text, aside.amount::text
      FROM (
        SELECT v.owner, p.asset, sum(p.amount) AS amount
        FROM reservations v JOIN postings p ON p.operation = v.operation WHERE v.status = 'active'
        GROUP BY v.owner, p.asset
      ) aside LEFT JOIN accounts a ON a.owner = aside.owner AND a.asset = aside.asset AND a.section = 'factory'
      WHERE coalesce(a.balance, 0) < aside.amount ORDER BY 5 LIMIT \(mostPerPiece)
      """, Difference.init)
  }
}
