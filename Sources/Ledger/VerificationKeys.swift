internal import Postgres

/// Uniqueness, and the references of accounts. Each check is one statement over whole tables, by hash.
extension Verification {
  static func duplicateAccounts(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'duplicateAccount', NULL, NULL, NULL,
             format('owner %s, asset %s, %s', coalesce(owner::text, 'shop'), asset, section),
             string_agg(id::text, ', ' ORDER BY id), NULL
      FROM accounts GROUP BY owner, asset, section HAVING count(*) > 1 LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  static func duplicateAssets(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'duplicateAsset', NULL, NULL, NULL,
             format('item %s, collection %s, quality level %s', coalesce(item_id::text, 'none (coins)'),
               coalesce(collection_id::text, 'none'), coalesce(quality_level_id::text, 'none')),
             string_agg(id::text, ', ' ORDER BY id), NULL
      FROM assets GROUP BY item_id, collection_id, quality_level_id HAVING count(*) > 1 LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  static func duplicateKeys(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'duplicateKey', NULL, NULL, NULL, format('owner %s, %s, key %s', coalesce(owner::text, 'shop'), kind, key),
             count(*)::text, '1'
      FROM operations GROUP BY owner, kind, key HAVING count(*) > 1 LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  /// An undo's key is its transfer, but `reverses` says which transfer was undone.
  static func duplicateUndos(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'undoneTwice', NULL, reverses, NULL, NULL, count(*)::text, '1'
      FROM operations WHERE kind = 'undo_transfer' AND outcome = 'done' AND reverses IS NOT NULL
      GROUP BY reverses HAVING count(*) > 1 LIMIT \(mostPerPiece)
      """, Difference.init)
  }

  /// No foreign key ties an account to its owner and its asset. A deleted user still has a row.
  static func unknownNames(_ connection: borrowing Connection) throws -> [Difference] {
    try connection.rows(
      """
      SELECT 'unknownOwner', a.id, NULL, NULL, NULL, a.owner::text, NULL
      FROM accounts a LEFT JOIN users u ON u.id = a.owner WHERE a.owner IS NOT NULL AND u.id IS NULL
      UNION ALL
      SELECT 'unknownAsset', a.id, NULL, NULL, NULL, a.asset::text, NULL
      FROM accounts a LEFT JOIN assets s ON s.id = a.asset WHERE s.id IS NULL
      LIMIT \(mostPerPiece)
      """, Difference.init)
  }
}
