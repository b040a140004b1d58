internal import Postgres

/// Where things stand: which accounts are whose, and when everybody does what. Person n has the accounts n, n + people
/// and n + 2 · people counted from the first; step s is a day, on which they act one after the other.
struct LoadWorld {
  let people: Int
  /// The account before the first of theirs.
  let accounts: Int
  /// When it all began, in microseconds since 1970.
  let began: Int
  /// Between one person and the next.
  let gap: Int
  let goods: Int

  private static let day = 86_400_000_000

  init(_ people: Int, on connection: borrowing Connection) throws {
    self.people = people
    gap = Self.day / (people + 1)
    goods = try connection.value("SELECT count(*) FROM (\(raw: Self.goods)) g")
    guard goods >= 2 else { throw SeedRefusal.tooFewGoods }
    let now: Int = try connection.value("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint")
    began = now * 1_000_000 - Self.day * (LoadSeed.steps + 1)
    accounts = try connection.value(
      """
      SELECT setval(sequence, last + 3 * \(people)::bigint) - 3 * \(people)::bigint
      FROM (SELECT pg_get_serial_sequence('accounts', 'id') AS sequence,
                   greatest(999, (SELECT max(id) FROM accounts)) AS last) s
      """)
  }

  /// The items that users buy, each with its number counted from 0. Two of them cost no more than a welcome of 1000.
  static let goods = """
    SELECT i.id, i.code, i.price, a.id AS asset, row_number() OVER (ORDER BY i.code) - 1 AS number
    FROM items i JOIN assets a ON a.item_id = i.id AND a.collection_id IS NULL AND a.quality_level_id IS NULL
      AND a.sale IN ('alone', 'listed') AND NOT a.stock_limited
    WHERE i.class_id = 'c1a551f1-0000-8000-8001-000000000008' AND i.is_active AND i.retired_at IS NULL AND i.price <= 500
    """

  static func user(_ number: String) -> String {
    "('10ad0000-0000-8000-8000-' || lpad(to_hex(\(number)::bigint), 12, '0'))::uuid"
  }

  static func name(_ number: String) -> String {
    "'load' || lpad((\(number))::text, greatest(6, length((\(number))::text)), '0')"
  }

  /// The thing that somebody buys first; and then another one.
  func good(_ number: String, purchase: Int) -> String {
    purchase == 1
      ? "(\(number)) % \(goods)"
      : "((\(number)) + 1 + (\(number)) / \(goods) % \(goods - 1)) % \(goods)"
  }

  func microseconds(_ number: String, step: Int) -> String {
    "(\(began + Self.day * step)::bigint + (\(number)) * \(gap)::bigint)"
  }

  static func moment(_ microseconds: String) -> String {
    "'epoch'::timestamptz + \(microseconds) * interval '1 microsecond'"
  }

  /// A UUID of version 7 with room for its postings, as `UUID.operation` makes it.
  static func operation(_ microseconds: String, _ number: String) -> String {
    """
    (lpad(to_hex(\(microseconds) / 1000), 12, '0') || '7' || lpad(to_hex(\(microseconds) % 1000), 3, '0')
      || '8' || lpad(to_hex(\(number)), 11, '0') || '0000')::uuid
    """
  }

  /// How far away those stand to whom one sends in a round: never nowhere, and far enough to be on other pages.
  func distance(round: Int) -> Int { 1 + (round * 104_729) % (people - 1) }
}
