package import Postgres

/// Users for measurements: each with a welcome, ten transfers and two purchases, as after a week in the shop. A formula
/// computes each user's coins from its number, so INSERT … SELECT from a series of numbers writes everything, and no
/// row is read back or updated.
package struct LoadSeed: Sendable {
  package let people: Int
  package let passwordHash: String?

  package static let fewest = 10
  package static let most = 5_000_000

  /// In each round every user sends this many coins and receives as many, so no balance changes.
  static let rounds = [3, 20, 5, 1, 8]
  /// The welcome, the rounds and two purchases.
  static var steps: Int { rounds.count + 3 }
  static let coins = 1000
  private static let batch = 10_000

  package init(people: Int, passwordHash: String?) {
    self.people = people
    self.passwordHash = passwordHash
  }

  /// Of the user with this number, counted from 1.
  package static func name(of number: Int) -> String {
    let digits = String(number)
    return "load" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// The total that `progress` counts up to.
  package var work: Int { people * (Self.steps + 2) }

  /// One transaction, during which nobody can register.
  package func run(besideOthers: Bool, on connection: borrowing Connection, progress: (Int) -> Void) throws {
    try connection.transaction { connection in
      try connection.run("LOCK TABLE users, accounts IN SHARE ROW EXCLUSIVE MODE")
      try refuse(besideOthers: besideOthers, on: connection)
      let world = try LoadWorld(people, on: connection)
      var done = 0
      func batches(_ write: (_ from: Int, _ to: Int) throws -> Void) throws {
        for from in stride(from: 1, through: people, by: Self.batch) {
          let to = min(from + Self.batch - 1, people)
          try write(from, to)
          done += to - from + 1
          progress(done)
        }
      }
      try batches { try makePeople($0, $1, world, on: connection) }
      try batches { try makeAccounts($0, $1, world, on: connection) }
      try batches { try makeWelcomes($0, $1, world, on: connection) }
      for round in 1...Self.rounds.count { try batches { try makeTransfers($0, $1, round, world, on: connection) } }
      for purchase in 1...2 { try batches { try makePurchases($0, $1, purchase, world, on: connection) } }
      // These operations are older than others that the totals may already have.
      try connection.run("SELECT forget_totals()")
    }
    // Without it, the first plans would be for empty tables, and the first reader of each row would write to it.
    try connection.perform("VACUUM (ANALYZE) users, name_turns, assets, accounts, operations, postings, orders")
  }

  private func refuse(besideOthers: Bool, on connection: borrowing Connection) throws {
    let found = try connection.onlyRow(
      """
      SELECT EXISTS (SELECT FROM users WHERE id = \(raw: LoadWorld.user("1"))),
             EXISTS (SELECT FROM users WHERE deleted_at IS NULL)
      """
    ) { (itself: try $0.value(0, as: Bool.self), others: try $0.value(1, as: Bool.self)) }
    if found.itself { throw SeedRefusal.ranBefore }
    if found.others && !besideOthers { throw SeedRefusal.othersAreHere }
  }
}

package enum SeedRefusal: Error, CustomStringConvertible {
  case ranBefore, othersAreHere, tooFewGoods

  package var description: String {
    switch self {
    case .ranBefore: "the people to measure with are here already; nothing was changed"
    case .othersAreHere: "there are other people in this database; --force puts the new ones beside them"
    case .tooFewGoods: "the catalogue sells too little that everybody could buy two different things"
    }
  }
}
