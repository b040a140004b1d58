import FoundationEssentials
import Ledger
import Shop
import Support

/// The initial state of one schedule and the calls of its sessions: all of it follows from a seed.
struct Scenario: Sendable {
  struct Person: Sendable {
    /// The first bytes of the id, which decide the order of locks.
    let rank: UInt32
    /// Nil means no purse.
    let coins: Int?
    /// Quantities of the first item. Nil means no account there.
    let main: Int?
    let factory: Int?
    /// One of the first item, reserved under key 1 at the beginning, overdue or not.
    var aside: Aside?
  }

  enum Aside: Sendable {
    case active, overdue
  }

  struct Item: Sendable {
    /// Nil means unlimited.
    let stock: Int?
    /// How many one person may buy. Nil means any number.
    var limit: Int?
  }

  /// How far the first order has come at the beginning.
  enum First: Sendable, CaseIterable {
    case ordered, ready, handedOver

    var changes: [OrderChange] {
      switch self {
      case .ordered: []
      case .ready: [.ready]
      case .handedOver: [.ready, .handOver]
      }
    }
  }

  /// An order that a session changes.
  enum OrderName: Sendable, Hashable {
    /// The one that the first person made at the beginning.
    case first
    /// The one of a purchase under this key, if there is one by then.
    case bought(by: Int, key: Int)
  }

  /// One call of the ledger, as a handler makes it.
  enum Call: Sendable, Equatable {
    case grant(to: Int, amount: Int, key: Int)
    /// One coin for each, in batches.
    case handout(to: [Int], key: Int)
    case transfer(from: Int, to: Int, amount: Int, key: Int?)
    /// Undoes the transfer from the first person to the second that was made at the beginning.
    case undo
    case purchase(by: Int, item: Int, quantity: Int, key: Int?)
    case add(to: Int, item: Int, Section, quantity: Int, key: Int)
    case adjust(of: Int, item: Int, Section, change: Int, key: Int?)
    case reserve(by: Int, item: Int, quantity: Int, key: Int, isOverdue: Bool)
    case giveBack(by: Int, key: Int)
    case consume(by: Int, key: Int)
    /// Expires overdue reservations, of one person or of everybody.
    case expire(of: Int?)
    case setStock(item: Int, Int?)
    case change(OrderChange, of: OrderName, byOwner: Bool)
    case changeAll(OrderChange, of: [OrderName])
    /// Sells the item in its standard variant alone, or stops its sale for a while.
    case sell(item: Int, isPaused: Bool)
  }

  /// A call alone, or in a transaction that is committed in a step of its own.
  struct Transaction: Sendable {
    let call: Call
    let isOpen: Bool

    var stepCount: Int { isOpen ? 2 : 1 }
  }

  static let price = 2
  static let sent = 3

  /// The order that the first person made at the beginning, if there is one.
  var first: First?
  var people: [Person]
  var items: [Item]
  var sessions: [[Transaction]]
  /// The session of each step. A session that waits for a lock is passed over.
  var order: [Int]

  init(people: [Person], items: [Item], first: First? = nil, sessions: [[Transaction]], order: [Int]) {
    (self.people, self.items, self.first, self.sessions, self.order) = (people, items, first, sessions, order)
  }

}

extension Scenario: CustomStringConvertible {
  /// A script that a reader can replay.
  var description: String {
    var lines = people.enumerated().map { index, person in
      func word(_ amount: Int?) -> String { amount.map { "\($0)" } ?? "no account" }
      return """
        person \(index) (rank \(person.rank)): purse \(word(person.coins)), \
        main \(word(person.main)), factory \(word(person.factory))
        """
    }
    for (index, item) in items.enumerated() {
      let limit = item.limit.map { ", \($0) for each person" } ?? ""
      lines.append("item \(index): \(item.stock.map { "\($0) in stock" } ?? "unlimited")\(limit)")
    }
    if let first { lines.append("first order: \(first)") }
    for (index, program) in sessions.enumerated() {
      let words = program.map { $0.isOpen ? "BEGIN, \($0.call), COMMIT" : "\($0.call)" }
      lines.append("session \(index): " + words.joined(separator: "; "))
    }
    lines.append("order: " + order.map { "\($0)" }.joined(separator: " "))
    return lines.joined(separator: "\n")
  }

  /// All scenarios with one session, one call or one pair of BEGIN and COMMIT less.
  var smaller: [Scenario] {
    var list: [Scenario] = []
    for session in sessions.indices {
      for place in sessions[session].indices {
        list.append(replacing(session, place, by: nil))
        let transaction = sessions[session][place]
        if transaction.isOpen {
          list.append(replacing(session, place, by: Transaction(call: transaction.call, isOpen: false)))
        }
      }
    }
    return list
  }

  /// Removes the steps of a transaction from the order; the others keep their places.
  private func replacing(_ session: Int, _ place: Int, by transaction: Transaction?) -> Scenario {
    var copy = self
    let before = sessions[session][..<place].map(\.stepCount).reduce(0, +)
    let gone = (before + (transaction?.stepCount ?? 0))..<(before + sessions[session][place].stepCount)
    var seen = -1
    copy.order = order.filter { pick in
      if pick == session { seen += 1 }
      return pick != session || !gone.contains(seen)
    }
    copy.sessions[session].replaceSubrange(place...place, with: transaction.map { [$0] } ?? [])
    return copy
  }
}
