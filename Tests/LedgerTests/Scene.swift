import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// Short words for setting up tests of the ledger, and for reading the result.
extension Connection {
  /// A user with this many coins from the mint; without coins, also without an account.
  func person(_ name: String, coins: Int = 0) throws -> UUID {
    let id = UUID()
    try run("INSERT INTO users (id, username) VALUES (\(id), \(name))")
    if coins > 0 { _ = try Grant(amount: coins, reason: "to begin with").make(Intent(of: id, key: nil), on: self) }
    return id
  }

  /// An item for sale; with a stock, exactly this many are there.
  func item(_ code: String, price: Int?, stock: Int? = nil) throws {
    try run(
      """
      INSERT INTO items (code, name, price, class_id, type_id)
      SELECT \(code), \(code), \(price), parent_id, id FROM classifiers
      WHERE classifier = 'item_type' AND code = 'gadget'
      """)
    guard let stock else { return }
    try Inventory.setStock(id(code), stock, by: Editor(UUID()), on: self)
  }

  /// This many of an item's standard variant.
  func line(_ code: String, _ quantity: Int) throws -> Line {
    Line(item: try id(code), collection: nil, qualityLevel: nil, quantity: quantity)
  }

  func id(_ code: String) throws -> UUID { try value("SELECT id FROM items WHERE code = \(code)") }

  func classifier(_ code: String) throws -> UUID { try value("SELECT id FROM classifiers WHERE code = \(code)") }

  func coins(_ owner: UUID) throws -> Int { try Wallet.balance(of: owner, on: self) }

  /// The quantity of an item that a user has; without an owner, the shop's.
  func quantity(_ code: String, of owner: UUID?) throws -> Int {
    try value(
      """
      SELECT coalesce(sum(a.balance), 0)::bigint FROM accounts a JOIN assets s ON s.id = a.asset
      JOIN items i ON i.id = s.item_id WHERE i.code = \(code) AND a.owner IS NOT DISTINCT FROM \(owner)
      """)
  }

  /// The recorded outcomes, oldest first.
  func outcomes(_ kind: String) throws -> [String] {
    try rows("SELECT outcome FROM operations WHERE kind::text = \(kind) ORDER BY at, id") { try $0.value(0) }
  }

  /// The assets whose balances do not sum to zero, with the sum. The system accounts have no balance of their own, so
  /// the postings from and to them stand in for it.
  func imbalances() throws -> [String] {
    try rows(
      """
      SELECT asset || ': ' || sum(balance) FROM (
        SELECT asset, balance FROM accounts
        UNION ALL SELECT asset, -amount FROM postings WHERE debit < 1000
        UNION ALL SELECT asset, amount FROM postings WHERE credit < 1000
      ) held GROUP BY asset HAVING sum(balance) <> 0 ORDER BY asset
      """
    ) { try $0.value(0) }
  }

  /// Accounts whose row differs from their postings.
  func liars() throws -> [String] {
    try rows(
      """
      SELECT format('account %s: %s in %s postings, of which %s in %s are known', a.id, a.balance, a.version,
                    coalesce(s.balance, 0), coalesce(s.version, 0))
      FROM accounts a LEFT JOIN (
        SELECT account, sum(change) AS balance, count(*) AS version, max(at) AS moved_at FROM statements GROUP BY account
      ) s ON s.account = a.id
      WHERE (a.balance, a.version) <> (coalesce(s.balance, 0), coalesce(s.version, 0))
         OR a.moved_at <> coalesce(s.moved_at, '-infinity')
      """
    ) { try $0.value(0) }
  }
}

/// Every test of an operation ends with this.
func expectBalance(_ connection: borrowing Connection, at place: SourceLocation = #_sourceLocation) throws {
  let imbalances = try connection.imbalances()
  let liars = try connection.liars()
  #expect(imbalances.isEmpty, sourceLocation: place)
  #expect(liars.isEmpty, sourceLocation: place)
}

extension Intent {
  /// The intent of a client who names it by a number, or not at all.
  init(of owner: UUID, key: Int?) {
    let key = key.flatMap { UUID(uuidString: "00000000-0000-4000-8000-" + String(100_000_000_000 + $0)) }
    self.init(id: UUID(), owner: owner, key: key, requestID: "r-1")
  }
}

/// The result of an attempt, in one line for a table of cases.
func outcome<T>(_ attempt: () throws -> Done<T>) throws -> String {
  do {
    return try attempt().isReplay ? "replayed" : "done"
  } catch let refusal as LedgerRefusal where refusal.word == .insufficientItems {
    let text = String(decoding: refusal.missing?.bytes ?? [], as: UTF8.self)
    let figures = text.matches(of: /"(?:required|available)":(\d+)/).map(\.1)
    return "insufficientItems: " + figures.joined(separator: " of ")
  } catch let refusal as LedgerRefusal {
    return "\(refusal)"
  }
}
