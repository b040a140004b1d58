package import FoundationEssentials
package import Postgres

/// People to measure with: each with a welcome, ten transfers in their history and two purchases, as if they had
/// been here for a week. Everybody's coins follow from their number by a formula, so that all of it is written by
/// INSERT … SELECT from a series of numbers, and no row has to be read back or updated.
package struct LoadSeed: Sendable {
  package let people: Int
  package let passwordHash: String?
  /// Under which a welcome is kept, so that nobody gets a second one.
  package let welcomeKey: UUID

  package static let fewest = 10
  package static let most = 5_000_000

  /// In each round everybody sends so many coins to somebody and gets as many from somebody else: what they have
  /// after it is what they had before.
  static let rounds = [3, 20, 5, 1, 8]
  /// The welcome, the rounds and two purchases.
  static var steps: Int { rounds.count + 3 }
  static let coins = 1000
  private static let batch = 10_000

  package init(people: Int, passwordHash: String?, welcomeKey: UUID) {
    self.people = people
    self.passwordHash = passwordHash
    self.welcomeKey = welcomeKey
  }

  /// What `progress` counts up to.
  package var work: Int { people * (Self.steps + 2) }

  /// All of it or nothing; nobody else can come in meanwhile.
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
      // What was written here is older than what the totals may have already.
      try connection.run("SELECT forget_totals()")
    }
    // Without it, the first plans would be made for empty tables, and each row's first reader would write to it.
    try connection.perform("VACUUM (ANALYZE) users, assets, accounts, operations, postings")
  }

  private func refuse(besideOthers: Bool, on connection: borrowing Connection) throws {
    let found = try connection.row(
      """
      SELECT EXISTS (SELECT FROM users WHERE id = \(raw: LoadWorld.user("1"))),
             EXISTS (SELECT FROM users WHERE deleted_at IS NULL)
      """
    ) { (itself: try $0.value(0, as: Bool.self), others: try $0.value(1, as: Bool.self)) }
    if found!.itself { throw SeedRefusal.ranBefore }
    if found!.others && !besideOthers { throw SeedRefusal.othersAreHere }
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
