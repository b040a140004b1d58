internal import Postgres

extension Verification {
  /// So many accounts that they have about as many postings as are to be looked at together, but at least one.
  static func piece(
    ofAccountsAfter after: Int, postings: Int, _ connection: borrowing Connection
  ) throws -> (last: Int, accounts: Int, links: Int)? {
    try connection.row(
      """
      SELECT max(id), count(*), sum(version)::bigint FROM (
        SELECT id, version, sum(version + 1) OVER (ORDER BY id) AS upto
        FROM accounts WHERE id > \(after) ORDER BY id LIMIT \(max(1, postings / 4))
      ) next
      WHERE upto <= \(postings) OR upto = version + 1
      HAVING count(*) > 0
      """
    ) { row in (last: try row.value(0), accounts: try row.value(1), links: try row.value(2)) }
  }

  /// Each account against all its postings, and each posting against the one before it. If every step is right and the
  /// last one is the account's row, all of them are; so a break is told where it is, and not once for all that follows.
  static func accounts(after: Int, upTo last: Int) -> SQL {
    var sql: SQL = """
      WITH entries AS (
        SELECT p.debit AS account, p.operation, p.ordinal, p.asset, p.at, -p.amount AS change,
               p.debit_balance AS balance, p.debit_version AS version
        FROM postings p WHERE p.debit > \(after) AND p.debit <= \(last) AND p.debit >= 1000
        UNION ALL
        SELECT p.credit, p.operation, p.ordinal, p.asset, p.at, p.amount, p.credit_balance, p.credit_version
        FROM postings p WHERE p.credit > \(after) AND p.credit <= \(last) AND p.credit >= 1000
      ), links AS MATERIALIZED (
        SELECT e.*, coalesce(lag(e.version) OVER line, 0) AS version_before,
               coalesce(lag(e.balance) OVER line, 0) AS balance_before, lag(e.at) OVER line AS at_before
        FROM entries e WINDOW line AS (PARTITION BY e.account ORDER BY e.at, e.version)
      ), totals AS (
        SELECT l.account, sum(l.change) AS balance, count(*) AS version, max(l.at) AS moved_at
        FROM links l GROUP BY l.account
      ), held AS (
        SELECT a.* FROM accounts a WHERE a.id > \(after) AND a.id <= \(last)
      )
      SELECT f.finding, f.account, f.operation, f.ordinal, NULL::text, f.found, f.due FROM (
        SELECT v.finding, coalesce(a.id, t.account) AS account, NULL::uuid AS operation, NULL::smallint AS ordinal,
               v.found, v.due
        FROM held a FULL JOIN totals t ON t.account = a.id CROSS JOIN LATERAL (VALUES
          ('unknownAccount', a.id IS NULL, t.version::text, '0'),
          ('balance', a.balance <> coalesce(t.balance, 0), a.balance::text, coalesce(t.balance, 0)::text),
          ('version', a.version <> coalesce(t.version, 0), a.version::text, coalesce(t.version, 0)::text),
          ('lastMove', a.moved_at <> coalesce(t.moved_at, '-infinity'), a.moved_at::text,
           coalesce(t.moved_at, '-infinity')::text),
          ('accountRange', a.balance NOT BETWEEN 0 AND 9007199254740991, a.balance::text, '0 to 9007199254740991')
        ) v (finding, is_so, found, due)
        WHERE v.is_so
        UNION ALL
        SELECT v.finding, l.account, l.operation, l.ordinal, v.found, v.due
        FROM links l LEFT JOIN held a ON a.id = l.account CROSS JOIN LATERAL (VALUES
          ('linkVersion', l.version IS DISTINCT FROM l.version_before + 1, l.version::text, (l.version_before + 1)::text),
          ('linkBalance', l.balance IS DISTINCT FROM l.balance_before + l.change, l.balance::text,
           (l.balance_before + l.change)::text),
          ('linkOrder', l.at <= l.at_before, l.at::text, l.at_before::text),
          ('linkRange', l.balance NOT BETWEEN 0 AND 9007199254740991, l.balance::text, '0 to 9007199254740991'),
          ('linkAsset', l.asset <> a.asset, l.asset::text, a.asset::text)
        ) v (finding, is_so, found, due)
        WHERE (l.version IS DISTINCT FROM l.version_before + 1 OR l.balance IS DISTINCT FROM l.balance_before + l.change
            OR l.at <= l.at_before OR l.balance NOT BETWEEN 0 AND 9007199254740991 OR l.asset <> a.asset)
          AND v.is_so
      ) f ORDER BY f.account, f.operation NULLS LAST LIMIT \(mostPerPiece)
      """
    sql.isPlannedAnew = true
    return sql
  }
}
