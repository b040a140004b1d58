internal import Postgres

/// The checks of the whole ledger. Each is one statement, so it sees one moment.
extension Verification {
  /// All accounts together hold of an asset what left the system's accounts minus what returned to them.
  static var sums: SQL {
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
    """
  }

  /// Compares each reservation with the operations that made and closed it.
  static var reservations: SQL {
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
    """
  }

  /// Everything that is reserved lies in factory.
  static var setAside: SQL {
    """
    SELECT 'factoryShort', NULL, NULL, NULL, format('asset %s of %s', aside.asset, aside.owner),
           coalesce(a.balance, 0)::text, aside.amount::text
    FROM (
      SELECT v.owner, p.asset, sum(p.amount) AS amount
      FROM reservations v JOIN postings p ON p.operation = v.operation WHERE v.status = 'active'
      GROUP BY v.owner, p.asset
    ) aside LEFT JOIN accounts a ON a.owner = aside.owner AND a.asset = aside.asset AND a.section = 'factory'
    WHERE coalesce(a.balance, 0) < aside.amount ORDER BY 5 LIMIT \(mostPerPiece)
    """
  }

  /// Each done purchase has one order, of the same owner and goods, which says whether it was refunded.
  static var orders: SQL {
    """
    SELECT f.finding, NULL, coalesce(o.id, p.id), NULL, NULL, f.found, f.due
    FROM orders o
    FULL JOIN (SELECT * FROM operations WHERE kind = 'purchase' AND outcome = 'done') p ON p.id = o.id
    LEFT JOIN postings g ON g.operation = p.id AND g.ordinal = 2
    LEFT JOIN operations r ON r.key = p.id AND r.owner = p.owner AND r.kind = 'refund' AND r.outcome = 'done'
    CROSS JOIN LATERAL (VALUES
      ('unordered', o.id IS NULL, NULL, NULL),
      ('unknownPurchase', p.id IS NULL, NULL, NULL),
      ('otherOrder', (o.owner, o.asset, o.quantity) IS DISTINCT FROM (p.owner, g.asset, p.quantity)
        AND o.id IS NOT NULL AND p.id IS NOT NULL, format('%s of asset %s for %s', o.quantity, o.asset, o.owner),
        format('%s of asset %s for %s', p.quantity, g.asset, p.owner)),
      ('refunded', (o.status IN ('cancelled', 'returned')) <> (r.id IS NOT NULL), o.status::text, r.id::text)
    ) f (finding, is_so, found, due)
    WHERE f.is_so ORDER BY 3 LIMIT \(mostPerPiece)
    """
  }

  /// The goods that each owner bought and kept, by the orders.
  static var bought: SQL {
    """
    SELECT 'bought', a.id, NULL, NULL, NULL, coalesce(a.bought, 0)::text, coalesce(kept.quantity, 0)::text
    FROM (
      SELECT owner, asset, sum(quantity) AS quantity FROM orders WHERE status NOT IN ('cancelled', 'returned')
      GROUP BY owner, asset
    ) kept
    FULL JOIN (SELECT * FROM accounts WHERE section = 'main') a ON a.owner = kept.owner AND a.asset = kept.asset
    WHERE coalesce(a.bought, 0) <> coalesce(kept.quantity, 0) ORDER BY a.id LIMIT \(mostPerPiece)
    """
  }

  /// A grant to many counts no more users than have got its coins. They may be more: an older command kept no count.
  static var grants: SQL {
    """
    SELECT 'grantCount', NULL, NULL, NULL, format('grant %s', g.name), g.done::text, given.number::text
    FROM grants g CROSS JOIN LATERAL (
      SELECT count(*) AS number FROM operations o WHERE o.key = g.key AND o.kind = 'grant' AND o.outcome = 'done'
    ) given
    WHERE g.done > given.number ORDER BY g.id LIMIT \(mostPerPiece)
    """
  }

  static var duplicateAccounts: SQL {
    """
    SELECT 'duplicateAccount', NULL, NULL, NULL,
           format('owner %s, asset %s, %s', coalesce(owner::text, 'shop'), asset, section),
           string_agg(id::text, ', ' ORDER BY id), NULL
    FROM accounts GROUP BY owner, asset, section HAVING count(*) > 1 LIMIT \(mostPerPiece)
    """
  }

  static var duplicateAssets: SQL {
    """
    SELECT 'duplicateAsset', NULL, NULL, NULL,
           format('item %s, collection %s, quality level %s', coalesce(item_id::text, 'none (coins)'),
             coalesce(collection_id::text, 'none'), coalesce(quality_level_id::text, 'none')),
           string_agg(id::text, ', ' ORDER BY id), NULL
    FROM assets GROUP BY item_id, collection_id, quality_level_id HAVING count(*) > 1 LIMIT \(mostPerPiece)
    """
  }

  static var duplicateKeys: SQL {
    """
    SELECT 'duplicateKey', NULL, NULL, NULL, format('owner %s, %s, key %s', coalesce(owner::text, 'shop'), kind, key),
           count(*)::text, '1'
    FROM operations WHERE key IS NOT NULL GROUP BY owner, kind, key HAVING count(*) > 1 LIMIT \(mostPerPiece)
    """
  }

  /// The key of an undo or a refund is the operation that it takes back, but `reverses` says which one it took back.
  static var duplicateUndos: SQL {
    """
    SELECT 'undoneTwice', NULL, reverses, NULL, NULL, count(*)::text, '1'
    FROM operations WHERE kind IN ('undo_transfer', 'refund') AND outcome = 'done' AND reverses IS NOT NULL
    GROUP BY reverses HAVING count(*) > 1 LIMIT \(mostPerPiece)
    """
  }

  /// No foreign key ties an account to its owner and its asset. A deleted user still has a row.
  static var unknownNames: SQL {
    """
    SELECT 'unknownOwner', a.id, NULL, NULL, NULL, a.owner::text, NULL
    FROM accounts a LEFT JOIN users u ON u.id = a.owner WHERE a.owner IS NOT NULL AND u.id IS NULL
    UNION ALL
    SELECT 'unknownAsset', a.id, NULL, NULL, NULL, a.asset::text, NULL
    FROM accounts a LEFT JOIN assets s ON s.id = a.asset WHERE s.id IS NULL
    LIMIT \(mostPerPiece)
    """
  }

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
  static var guards: SQL {
    let wanted = guarded.map { "('\($0.table)', '\($0.trigger)')" }.joined(separator: ", ")
    return """
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
      """
  }
}
