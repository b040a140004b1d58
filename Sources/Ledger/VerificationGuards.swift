internal import Postgres

/// The triggers that protect written rows.
extension Verification {
  /// The append-only tables and their triggers.
  static let guarded = [
    (table: "operations", trigger: "operations_are_append_only"),
    (table: "postings", trigger: "postings_are_append_only"),
    (table: "audit", trigger: "audit_is_append_only"),
  ]

  /// The body of the function that all of them call, as the migrations wrote it.
  static let refusal = """
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END
    """

  /// A trigger may be missing, disabled, narrowed to some columns or to a condition, or call another function; and the
  /// function may have been replaced.
  static func guards(_ connection: borrowing Connection) throws -> [Difference] {
    let wanted = guarded.map { "('\($0.table)', '\($0.trigger)')" }.joined(separator: ", ")
    return try connection.rows(
      """
      SELECT 'refusalChanged', NULL, NULL, NULL, 'refuse_change()', NULL, NULL
      WHERE NOT EXISTS (
        SELECT FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE p.oid = to_regprocedure('public.refuse_change()') AND l.lanname = 'plpgsql' AND p.proconfig IS NULL
          AND regexp_replace(btrim(p.prosrc, E' \\n'), '\\s+', ' ', 'g') = regexp_replace(\(refusal), '\\s+', ' ', 'g'))
      UNION ALL
      SELECT CASE WHEN t.tgenabled IN ('O', 'A') THEN 'guardChanged' ELSE 'guardMissing' END, NULL, NULL, NULL,
             wanted.name, wanted.trigger, NULL
      FROM (VALUES \(raw: wanted)) AS wanted (name, trigger)
      LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass('public.' || wanted.name) AND t.tgname = wanted.trigger
      WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A')
        -- Before each statement, for update, delete and truncate.
        OR t.tgtype <> 2 | 16 | 8 | 32
        OR t.tgfoid IS DISTINCT FROM to_regprocedure('public.refuse_change()') OR t.tgnargs > 0
        OR t.tgqual IS NOT NULL OR t.tgattr::text <> ''
      """, Difference.init)
  }
}
