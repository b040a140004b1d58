internal import FoundationEssentials
internal import Postgres

extension Verification {
  /// The id so many places behind another; nil if there are not that many.
  static func operation(_ count: Int, after first: UUID, _ connection: borrowing Connection) throws -> UUID? {
    try connection.row("SELECT id FROM operations WHERE id > \(first) ORDER BY id OFFSET \(count) LIMIT 1") {
      try $0.value(0)
    }
  }

  static func count(
    from first: UUID, to next: UUID?, _ connection: borrowing Connection
  ) throws -> (operations: Int, postings: Int) {
    try connection.onlyRow(
      """
      SELECT (SELECT count(*) FROM operations WHERE \(between("id", first, next))),
             (SELECT count(*) FROM postings WHERE \(between("operation", first, next)))
      """
    ) { row in (operations: try row.value(0), postings: try row.value(1)) }
  }

  /// Compares each operation with its postings: their number, accounts, assets, amounts and moment. A refused operation
  /// has none.
  static func operations(from first: UUID, to next: UUID?) -> SQL {
    var sql: SQL = """
      WITH asked AS MATERIALIZED (
        SELECT o.id, o.owner, o.kind, o.key, o.outcome, o.at, o.counterpart, o.item_id, o.amount, o.quantity, o.reverses,
               o.details ->> 'section' AS section, (o.details ->> 'lines')::int AS lines,
               v.operation AS reserve, v.operation IS NOT NULL AS has_reservation
        FROM operations o
        -- Here and below, rows are looked up one by one. A join could read the whole other table for each piece.
        LEFT JOIN LATERAL (SELECT * FROM reservations v WHERE v.owner = o.owner AND v.key = o.key LIMIT 1) v
          ON o.kind IN ('reserve', 'return_reserve', 'consume_reserve', 'expire_reserve')
        WHERE \(between("o.id", first, next))
      ), moved AS MATERIALIZED (
        SELECT p.* FROM postings p WHERE \(between("p.operation", first, next))
      ), counted AS (
        SELECT m.operation, count(*) AS postings, count(DISTINCT m.ordinal) AS ordinals, max(m.ordinal) AS last
        FROM moved m GROUP BY m.operation
      ), judged AS (
        SELECT m.*, o.kind, o.at AS operation_at, \(raw: fits) AS fits
        FROM moved m JOIN asked o ON o.id = m.operation AND o.outcome = 'done'
        LEFT JOIN LATERAL (SELECT * FROM accounts a WHERE a.id = m.debit LIMIT 1) d ON true
        LEFT JOIN LATERAL (SELECT * FROM accounts a WHERE a.id = m.credit LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT * FROM assets a WHERE a.id = m.asset LIMIT 1) s ON true
        LEFT JOIN LATERAL (
          SELECT p.* FROM postings p WHERE p.operation = coalesce(o.reverses, o.reserve) AND p.ordinal = m.ordinal LIMIT 1
        ) r ON o.kind IN ('undo_transfer', 'refund', 'return_reserve', 'consume_reserve', 'expire_reserve')
      )
      SELECT f.finding, NULL::bigint, f.operation, f.ordinal, f.place, f.found, f.due FROM (
        SELECT 'misfit' AS finding, j.operation, j.ordinal, j.kind::text AS place,
               format('%s of asset %s from account %s to account %s', j.amount, j.asset, j.debit, j.credit) AS found,
               NULL AS due
        FROM judged j WHERE j.fits IS NOT TRUE
        UNION ALL
        SELECT 'moment', j.operation, j.ordinal, NULL, j.at::text, j.operation_at::text
        FROM judged j
        -- Several lines may move one account, each at a moment of its own.
        WHERE j.at <> j.operation_at
          + CASE WHEN j.kind IN ('add_items', 'adjust') THEN (j.ordinal - 1) * interval '1 microsecond' ELSE '0' END
        UNION ALL
        SELECT 'systemSide', m.operation, m.ordinal, NULL,
               format('%s from account %s to account %s', m.amount, m.debit, m.credit), NULL
        FROM moved m
        WHERE m.amount <= 0 OR m.debit = m.credit OR m.debit < 1000 AND m.debit NOT IN (1, 2, 3)
          OR m.credit < 1000 AND m.credit NOT IN (1, 2, 3)
          OR m.debit < 1000 AND (m.debit_balance IS NOT NULL OR m.debit_version IS NOT NULL)
          OR m.credit < 1000 AND (m.credit_balance IS NOT NULL OR m.credit_version IS NOT NULL)
        UNION ALL
        SELECT 'postingCount', w.id, NULL, format('%s, %s,', w.kind, w.outcome), coalesce(n.postings, 0)::text,
               w.postings::text
        FROM (
          SELECT o.id, o.kind, o.outcome, CASE WHEN o.outcome <> 'done' THEN 0 ELSE CASE o.kind
              WHEN 'purchase' THEN 2 WHEN 'refund' THEN 2
              WHEN 'add_items' THEN o.lines WHEN 'adjust' THEN o.lines WHEN 'reserve' THEN o.lines
              WHEN 'return_reserve' THEN r.lines WHEN 'consume_reserve' THEN r.lines WHEN 'expire_reserve' THEN r.lines
              ELSE 1 END END AS postings
          FROM asked o LEFT JOIN LATERAL (
            SELECT count(*)::int AS lines FROM postings p WHERE p.operation = o.reserve
          ) r ON o.kind IN ('return_reserve', 'consume_reserve', 'expire_reserve')
        ) w LEFT JOIN counted n ON n.operation = w.id
        WHERE (coalesce(n.postings, 0), coalesce(n.ordinals, 0), coalesce(n.last, 0))
          IS DISTINCT FROM (w.postings::bigint, w.postings::bigint, w.postings::smallint)
        UNION ALL
        SELECT 'unknownOperation', n.operation, NULL, NULL, n.postings::text, '0'
        FROM counted n WHERE NOT EXISTS (SELECT FROM asked o WHERE o.id = n.operation)
        UNION ALL
        SELECT 'duplicateID', o.id, NULL, NULL, count(*)::text, '1' FROM asked o GROUP BY o.id HAVING count(*) > 1
        UNION ALL
        SELECT 'unreserved', o.id, NULL, NULL, NULL, NULL
        FROM asked o WHERE o.kind = 'reserve' AND o.outcome = 'done' AND NOT o.has_reservation
      ) f ORDER BY f.operation, f.ordinal NULLS FIRST LIMIT \(mostPerPiece)
      """
    sql.isPlannedAnew = true
    return sql
  }

  private static func between(_ column: String, _ first: UUID, _ next: UUID?) -> SQL {
    guard let next else { return "\(raw: column) >= \(first)" }
    return "\(raw: column) >= \(first) AND \(raw: column) < \(next)"
  }

  /// The names in the conditions: a posting `m` of an operation `o` moves the asset `s` between the accounts `d` and
  /// `c`, and undoes, returns or consumes the posting `r`.
  private static let fits = """
    CASE o.kind
      WHEN 'grant' THEN m.asset = 1 AND m.debit = mint() AND c.owner = o.owner AND c.section = 'main'
        AND m.amount = o.amount
      WHEN 'transfer' THEN m.asset = 1 AND d.owner = o.owner AND c.owner = o.counterpart AND d.section = 'main'
        AND c.section = 'main' AND m.amount = o.amount
      WHEN 'undo_transfer' THEN m.asset = 1 AND m.debit = r.credit AND m.credit = r.debit AND m.amount = r.amount
        AND m.amount = o.amount AND c.owner = o.owner AND d.owner = o.counterpart
      WHEN 'purchase' THEN CASE m.ordinal
        WHEN 1 THEN m.asset = 1 AND d.owner = o.owner AND d.section = 'main' AND m.credit = till()
          AND m.amount = o.amount
        ELSE s.item_id = o.item_id
          AND (m.debit = mint() OR d.id IS NOT NULL AND d.owner IS NULL AND d.section = 'main')
          AND c.owner = o.owner AND c.section = 'main' AND m.amount = o.quantity END
      WHEN 'refund' THEN m.asset = r.asset AND m.debit = r.credit AND m.amount = r.amount
        AND CASE m.ordinal WHEN 1 THEN m.credit = r.debit AND c.owner = o.owner AND m.amount = o.amount
          ELSE (m.credit = mint() OR c.id IS NOT NULL AND c.owner IS NULL AND c.section = 'main')
            AND d.owner = o.owner AND m.amount = o.quantity END
      WHEN 'add_items' THEN m.asset > 1 AND m.debit = mint() AND c.owner = o.owner AND c.section = o.section
      WHEN 'adjust' THEN m.asset > 1 AND (m.debit = mint() AND c.owner = o.owner AND c.section = o.section
        OR m.credit = sink() AND d.owner = o.owner AND d.section = o.section)
      WHEN 'reserve' THEN m.asset > 1 AND d.owner = o.owner AND c.owner = o.owner AND d.section = 'main'
        AND c.section = 'factory'
      WHEN 'return_reserve' THEN m.debit = r.credit AND m.credit = r.debit AND m.amount = r.amount
      WHEN 'expire_reserve' THEN m.debit = r.credit AND m.credit = r.debit AND m.amount = r.amount
      WHEN 'consume_reserve' THEN m.debit = r.credit AND m.credit = sink() AND m.amount = r.amount
      WHEN 'set_stock' THEN s.item_id = o.item_id
        AND (m.debit = mint() AND c.id IS NOT NULL AND c.owner IS NULL AND m.credit_balance = o.quantity
          OR m.credit = sink() AND d.id IS NOT NULL AND d.owner IS NULL AND m.debit_balance = o.quantity)
    END
    """
}
