import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support

/// Asks over a session of its own. If the session is interrupted, it asks again over a new one, under the same key,
/// until it has an answer.
final class Client {
  static let name = "a client"

  private let database: String
  private let isInterrupted: Bool
  private var connection: Connection?

  init(database: String, isInterrupted: Bool) {
    self.database = database
    self.isInterrupted = isInterrupted
  }

  func ask(
    _ wish: RandomHistory.Wish, _ intent: Intent, of cap: UUID
  ) throws -> (told: RandomHistory.Told, isReplay: Bool) {
    while true {
      do {
        if connection == nil { connection = try open() }
        return try connection!.fulfil(wish, intent, cap)
      } catch let error as PostgresError where isInterrupted && error.endsSession {
        connection = nil
      }
    }
  }

  private func open() throws -> Connection {
    // The owner's session, because no pool may do all of it: only the owner may mint coins.
    var settings = TestCluster.settings(database: database)
    settings.applicationName = Self.name
    // Longer than any test: a cycle of waiting shows as a deadlock, not as a lock timeout.
    settings.lockTimeoutMilliseconds = 60_000
    settings.statementTimeoutMilliseconds = 60_000
    let connection = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    connection.limit(to: .after(milliseconds: 120_000))
    return connection
  }
}

extension Connection {
  fileprivate func fulfil(
    _ wish: RandomHistory.Wish, _ intent: Intent, _ cap: UUID
  ) throws -> (told: RandomHistory.Told, isReplay: Bool) {
    do {
      switch wish {
      case .grant(let amount):
        let done = try Grant(amount: amount, reason: "luck").make(intent, on: self)
        return (.done(nil, balance: nil), done.isReplay)
      case .transfer(let recipient, let amount):
        let done = try Transfer(to: recipient, amount: amount).make(intent, on: self)
        return (.done(done.value.operation, balance: done.value.balance), done.isReplay)
      case .purchase(let item, let quantity):
        let done = try Purchase(item: item, quantity: quantity).make(intent, on: self)
        return (.done(done.value.operation, balance: done.value.balance), done.isReplay)
      case .undo(let transfer):
        let done = try Transfer.undo(transfer, within: 3600, intent, on: self)
        return (.done(done.value.operation, balance: done.value.balance), done.isReplay)
      default: return try handle(wish, intent, cap)
      }
    } catch let refusal as LedgerRefusal {
      return (.refused("\(refusal)"), false)
    }
  }

  private func handle(
    _ wish: RandomHistory.Wish, _ intent: Intent, _ cap: UUID
  ) throws -> (told: RandomHistory.Told, isReplay: Bool) {
    func lines(_ quantity: Int) -> [Line] { [Line(item: cap, collection: nil, qualityLevel: nil, quantity: quantity)] }
    let by = intent.owner
    let done =
      switch wish {
      case .add(let quantity):
        try Inventory.add(lines(quantity), to: .main, type: "craft_result", comment: nil, intent, by: by, on: self)
      case .adjust(let change):
        try Inventory.adjust(lines(change), in: .main, reason: "counted again", intent, by: Editor(by), on: self)
      case .reserve(let quantity): try Reservation.make(lines(quantity), for: nil, intent, by: by, on: self)
      case .giveBack: try Reservation.giveBack(intent, by: by, on: self)
      default: try Reservation.consume(intent, by: by, on: self)
      }
    return (.done(done.value.operation, balance: nil), done.isReplay)
  }
}
