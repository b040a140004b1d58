import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct InventoryTests {
  /// Anna has five gems in main and none elsewhere; each case is one request with these changes.
  struct Case: Sendable, CustomTestStringConvertible {
    let changes: [Int]
    let section: Section
    let outcome: String
    var testDescription: String { "\(changes) in \(section)" }

    init(_ changes: [Int], in section: Section = .main, _ outcome: String) {
      (self.changes, self.section, self.outcome) = (changes, section, outcome)
    }
  }

  static let most = 9_007_199_254_740_991
  static let cases = [
    Case([1], "done"), Case([-5], "done"), Case([2, 3], "done"), Case([-2, -3], "done"), Case([-5, 5], "done"),
    Case([3], in: .factory, "done"), Case([3], in: .trade, "done"), Case([most - 5], "done"),
    Case([-6], "insufficientItems: 6 of 5"), Case([-3, -3], "insufficientItems: 6 of 5"),
    // No intermediate quantity goes below zero, even if more follows.
    Case([-6, 6], "insufficientItems: 6 of 5"), Case([-1], in: .factory, "insufficientItems: 1 of 0"),
    Case([most - 4], "overflow"), Case([most, -most], "overflow"),
  ]

  @Test(arguments: cases)
  func `items are added and removed line by line, all or nothing`(wanted: Case) throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      let before = try connection.value("SELECT count(*) FROM postings", as: Int.self)
      let came = try outcome { try adjust(wanted.changes, wanted.section, Intent(of: anna, key: 1), connection) }
      #expect(came == wanted.outcome)
      let again = try outcome { try adjust(wanted.changes, wanted.section, Intent(of: anna, key: 1), connection) }
      #expect(again == (came == "done" ? "replayed" : came))
      let other = try outcome { try adjust([1, 1, 1], wanted.section, Intent(of: anna, key: 1), connection) }
      #expect(other == "keyReused")
      let moved = try connection.value("SELECT count(*) FROM postings", as: Int.self) - before
      #expect(moved == (came == "done" ? wanted.changes.count : 0))
      let has = try connection.quantity("gem", of: anna)
      #expect(has == 5 + (came == "done" ? wanted.changes.reduce(0, +) : 0))
      try expectBalance(connection)
    }
  }

  @Test func `a variant is an item in one collection and of one quality`() throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      let gem = try connection.id("gem")
      let (winter, wooden) = (try connection.classifier("winter_2025"), try connection.classifier("wooden"))
      let early = [
        try add(2, gem, winter, nil, Intent(of: anna, key: 11), connection),
        try add(2, gem, nil, wooden, Intent(of: anna, key: 12), connection),
      ]
      #expect(early == ["unknownCollection", "unknownQualityLevel"])
      try connection.run("INSERT INTO item_collections (item_id, collection_id) VALUES (\(gem), \(winter))")
      try connection.run("INSERT INTO item_quality_levels (item_id, quality_level_id) VALUES (\(gem), \(wooden))")
      var late: [String] = []
      let variants: [(UUID?, UUID?)] = [(winter, nil), (nil, wooden), (winter, wooden), (winter, wooden)]
      for (index, variant) in variants.enumerated() {
        late.append(try add(2, gem, variant.0, variant.1, Intent(of: anna, key: 13 + index), connection))
      }
      #expect(late == ["done", "done", "done", "done"])
      let balances = try connection.rows("SELECT balance FROM accounts WHERE asset > 1 ORDER BY balance") {
        try $0.value(0, as: Int.self)
      }
      #expect(balances == [2, 2, 4, 5])
      try expectBalance(connection)
    }
  }

  @Test func `an answer is repeated, even if owner and item have changed since`() throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      let gem = try connection.id("gem")
      let winter = try connection.classifier("winter_2025")
      try connection.run("INSERT INTO item_collections (item_id, collection_id) VALUES (\(gem), \(winter))")
      let line = Line(item: gem, collection: winter, qualityLevel: nil, quantity: 2)
      let first = try addAndReserve([line], anna, connection)
      try connection.run("DELETE FROM item_collections")
      let second = try addAndReserve([line], anna, connection)
      try connection.run("UPDATE users SET deleted_at = now() WHERE id = \(anna)")
      let third = try addAndReserve([line], anna, connection)
      #expect([first, second, third] == [["done", "done"], ["replayed", "replayed"], ["replayed", "replayed"]])
      try expectBalance(connection)
    }
  }

  @Test func `a request with an unknown owner or item is refused, and leaves nothing`() throws {
    try withDatabase { connection in
      _ = try owner(connection)
      let nobody = try outcome { try adjust([1], .main, Intent(of: UUID(), key: 1), connection) }
      #expect(nobody == "unknownUser")
      let anna = try connection.value("SELECT id FROM users", as: UUID.self)
      let nothing = try outcome {
        try Inventory.adjust(
          [Line(item: UUID(), collection: nil, qualityLevel: nil, quantity: 1)], in: .main, reason: "",
          Intent(of: anna, key: 1), by: Editor(anna), on: connection)
      }
      #expect(nothing == "unknownItem")
      let kept = try connection.outcomes("adjust")
      #expect(kept == ["done"])
      try expectBalance(connection)
    }
  }

  @Test(arguments: [[3, 7], [3, 0], [0, 0], [3, 3], [9, 2, 0, 1]])
  func `the shop's shelf holds the quantity that was set last`(stocks: [Int]) throws {
    try withDatabase { connection in
      try connection.item("mug", price: 1, stock: 4)
      let mug = try connection.id("mug")
      for stock in stocks {
        try Inventory.setStock(mug, stock, by: Editor(UUID()), on: connection)
        let has = try connection.quantity("mug", of: nil)
        #expect(has == stock)
      }
      try expectBalance(connection)
    }
  }

  private func add(
    _ quantity: Int, _ item: UUID, _ collection: UUID?, _ level: UUID?, _ intent: Intent,
    _ connection: borrowing Connection
  ) throws -> String {
    let line = Line(item: item, collection: collection, qualityLevel: level, quantity: quantity)
    return try outcome {
      try Inventory.add(
        [line], to: .main, type: "craft_result", comment: nil, intent, by: intent.owner, on: connection)
    }
  }

  private func addAndReserve(_ lines: [Line], _ owner: UUID, _ connection: borrowing Connection) throws -> [String] {
    let added = try outcome {
      try Inventory.add(
        lines, to: .main, type: "craft_result", comment: nil, Intent(of: owner, key: 1), by: owner, on: connection)
    }
    let reserved = try outcome {
      try Reservation.make(lines, for: nil, Intent(of: owner, key: 1), by: owner, on: connection)
    }
    return [added, reserved]
  }

  private func owner(_ connection: borrowing Connection) throws -> UUID {
    try connection.item("gem", price: nil)
    let anna = try connection.person("anna")
    _ = try adjust([5], .main, Intent(of: anna, key: 0), connection)
    return anna
  }

  private func adjust(
    _ changes: [Int], _ section: Section, _ intent: Intent, _ connection: borrowing Connection
  ) throws -> Done<Inventory.Receipt> {
    let gem = try connection.id("gem")
    return try Inventory.adjust(
      changes.map { Line(item: gem, collection: nil, qualityLevel: nil, quantity: $0) }, in: section,
      reason: "counted again", intent, by: Editor(intent.owner), on: connection)
  }
}
