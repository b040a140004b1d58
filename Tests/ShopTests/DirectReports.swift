import Postgres
import Shop
import Testing

/// The reports beside a direct count over all operations and postings.
extension RandomBooks {
  func expectTheSameReports(_ first: String, _ last: String, on connection: borrowing Connection) throws {
    let reports = Reports(from: first, to: last)
    let coins = try reports.coins(on: connection)
      .map { "\($0.day) \($0.granted) \($0.spent) \($0.returned) \($0.sent) \($0.outstanding)" }
    #expect(try coins == directCoins(first, last), "\(first) to \(last)")
    let (lines, days) = try reports.purchases(on: connection)
    let bought = lines.map { "\($0.variant.code) \($0.purchases) \($0.quantity) \($0.coins) \($0.returned)" }
    #expect(try bought == directPurchases(first, last), "\(first) to \(last)")
    #expect(days.map(\.day) == coins.map { String($0.prefix(10)) })
    #expect(days.map(\.coins) == (try reports.coins(on: connection)).map(\.spent))
    #expect(days.map(\.purchases).reduce(0, +) == lines.map(\.purchases).reduce(0, +))
    #expect(days.map(\.quantity).reduce(0, +) == lines.map(\.quantity).reduce(0, +))
    let sold = Dictionary(uniqueKeysWithValues: lines.map { ($0.variant.id, $0.quantity - $0.returned) })
    for line in try reports.stock(on: connection) {
      #expect(line.sold == sold[line.variant.id] ?? 0, "\(line.variant.code), \(first) to \(last)")
    }
  }

  private func directCoins(_ first: String, _ last: String) throws -> [String] {
    try owner.rows(
      """
      WITH moved AS MATERIALIZED (
        SELECT (o.at AT TIME ZONE 'UTC')::date AS day, o.kind, p.amount, undo.id IS NOT NULL AS is_undone,
               CASE WHEN p.credit >= 1000 THEN p.amount ELSE 0 END - CASE WHEN p.debit >= 1000 THEN p.amount ELSE 0 END
                 AS change
        FROM operations o JOIN postings p ON p.operation = o.id AND p.asset = 1
        LEFT JOIN operations undo ON undo.reverses = o.id AND undo.kind = 'undo_transfer'
      )
      SELECT concat_ws(' ', d::date, coalesce(m.granted, 0), coalesce(m.spent, 0), coalesce(m.returned, 0),
        coalesce(m.sent, 0), (SELECT coalesce(sum(change), 0) FROM moved WHERE day <= d))
      FROM generate_series(\(first)::timestamp, \(last)::timestamp, interval '1 day') d LEFT JOIN (
        SELECT day, sum(amount) FILTER (WHERE kind = 'grant') AS granted,
               sum(amount) FILTER (WHERE kind = 'purchase') AS spent,
               sum(amount) FILTER (WHERE kind = 'refund') AS returned,
               sum(amount) FILTER (WHERE kind = 'transfer' AND NOT is_undone) AS sent
        FROM moved GROUP BY day) m ON m.day = d
      ORDER BY d
      """
    ) { try $0.value(0) }
  }

  private func directPurchases(_ first: String, _ last: String) throws -> [String] {
    try owner.rows(
      """
      SELECT concat_ws(' ', i.code, count(*), sum(o.quantity), sum(o.amount), coalesce(sum(o.quantity) FILTER (WHERE EXISTS (
        SELECT FROM operations r WHERE r.reverses = o.id AND r.kind = 'refund')), 0))
      FROM operations o JOIN items i ON i.id = o.item_id
      WHERE o.kind = 'purchase' AND o.outcome = 'done'
        AND (o.at AT TIME ZONE 'UTC')::date BETWEEN \(first)::date AND \(last)::date
      GROUP BY i.code ORDER BY sum(o.quantity) DESC, sum(o.amount) DESC, i.code
      """
    ) { try $0.value(0) }
  }
}
