package import FoundationEssentials
package import Postgres

/// The coins of an owner.
package enum Wallet {
  package static func balance(of owner: UUID, on connection: borrowing Connection) throws -> Int {
    try connection.row("SELECT balance FROM purses WHERE owner = \(owner)") { try $0.value(0) } ?? 0
  }

  /// The balance just after a past instant.
  package static func balance(of owner: UUID, at instant: Instant, on connection: borrowing Connection) throws -> Int {
    try connection.row(
      """
      SELECT b.balance FROM purses p CROSS JOIN LATERAL balance_at(p.id, \(instant.text)::timestamptz) b
      WHERE p.owner = \(owner)
      """
    ) { try $0.value(0) } ?? 0
  }
}

/// A moment as RFC 3339 writes it, with its zone, checked so that PostgreSQL can read it.
package struct Instant: Sendable {
  package let text: String

  package init?(_ raw: String) {
    let pattern = #/(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-](\d{2}):(\d{2}))/#
    // The pattern accepts every digit of Unicode; Int and PostgreSQL only those of ASCII.
    guard raw.utf8.count <= 40, raw.utf8.allSatisfy({ $0 < 0x80 }), let match = raw.wholeMatch(of: pattern)
    else { return nil }
    let (_, year, month, day, hour, minute, second, _, _, zoneHour, zoneMinute) = match.output
    guard Int(year)! >= 1, (1...12).contains(Int(month)!), (1...Self.days(Int(month)!, Int(year)!)).contains(Int(day)!),
      Int(hour)! < 24, Int(minute)! < 60, Int(second)! < 60, Int(zoneHour ?? "0")! < 15, Int(zoneMinute ?? "0")! < 60
    else { return nil }
    text = raw
  }

  private static func days(_ month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
