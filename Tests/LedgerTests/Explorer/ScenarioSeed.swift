import Ledger
import Shop
import Support

/// Derives people, items, calls and the order of steps from a seed.
extension Scenario {
  init(seed: UInt64) {
    var random = Seeded(seed)
    let subject = [Subject.coins, .items, .items, .orders, .orders, .everything].randomElement(using: &random)!
    let count = Int.random(in: subject.peopleCount, using: &random)
    let people = (0..<count).map { _ in Person(&random) }
    let stock = [nil, 1, 2].randomElement(using: &random)!
    let items = [Item(stock: stock, limit: [nil, 1, 2].randomElement(using: &random)!), Item(stock: nil)]
    let first = [nil, First.ordered, .ready, .ready, .handedOver].randomElement(using: &random)!
    var program = Program(subject: subject, people: count, random: random)
    if program.any(0...2) > 0 { program.surround(people[0]) } else { program.mix() }
    self.init(people: people, items: items, first: first, sessions: program.sessions, order: program.order)
  }

  /// The main subject of a scenario.
  fileprivate enum Subject {
    case coins, items, orders, everything

    var peopleCount: ClosedRange<Int> {
      switch self {
      case .coins: 2...3
      case .items: 1...1
      case .orders: 1...2
      case .everything: 1...3
      }
    }

    var kinds: [Kind] {
      switch self {
      case .coins: [.grant, .purchase, .handout, .transfer, .transfer, .undo]
      case .items: [.add, .adjust, .adjust, .reserve, .reserve, .giveBack, .end]
      case .orders: [.purchase, .adjust, .setStock, .reserve, .change, .change, .change]
      case .everything: Kind.allCases
      }
    }
  }

  fileprivate enum Kind: CaseIterable {
    case grant, add, adjust, purchase, setStock
    case handout, transfer, undo, reserve, giveBack, end, change

    /// True if the call moves several accounts, and so may wait while it holds a lock.
    var movesSeveral: Bool {
      switch self {
      case .grant, .add, .adjust, .purchase, .setStock: false
      case .handout, .transfer, .undo, .reserve, .giveBack, .end, .change: true
      }
    }
  }
}

extension Scenario.Person {
  fileprivate init(_ random: inout Seeded) {
    let main: Int? = [nil, nil, 1, 3].randomElement(using: &random)!
    self.init(
      rank: UInt32.random(in: .min ... .max, using: &random), coins: [nil, nil, 4, 9].randomElement(using: &random)!,
      main: main, factory: [nil, 2].randomElement(using: &random)!,
      aside: main == nil ? nil : [nil, .active, .overdue].randomElement(using: &random)!)
  }
}

/// The sessions' calls while they are built.
private struct Program {
  let subject: Scenario.Subject
  let people: Int
  var random: Seeded
  var sessions: [[Scenario.Transaction]] = []
  var order: [Int] = []

  init(subject: Scenario.Subject, people: Int, random: Seeded) {
    (self.subject, self.people, self.random) = (subject, people, random)
  }

  mutating func flip() -> Bool { Bool.random(using: &random) }

  mutating func any(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// A few kinds of calls, in any order. They meet more often than calls of all kinds would.
  mutating func mix() {
    let kinds = Array(subject.kinds.shuffled(using: &random).prefix(any(2...4)))
    for _ in 0..<any(2...5) {
      let calls = (0..<any(1...2)).map { _ in call(kinds.randomElement(using: &random)!) }
      sessions.append(calls.map { Scenario.Transaction(call: $0, isOpen: flip()) })
    }
    order = picks(of: sessions.indices).shuffled(using: &random)
  }

  /// One session holds a lock on an existing account. Another one needs several locks and waits. Meanwhile others
  /// change what it has read, mostly what did not exist, until the first one commits.
  mutating func surround(_ person: Scenario.Person) {
    let several = subject.kinds.filter(\.movesSeveral)
    let single = subject.kinds.filter { !$0.movesSeveral }
    let isOfOrders = subject == .orders
    let held: Section = person.main == nil ? .factory : .main
    let free: Section = held == .main ? .factory : .main
    let first = isOfOrders && flip() ? .change : single.randomElement(using: &random)!
    sessions.append([.init(call: call(first, held), isOpen: true)])
    sessions.append([.init(call: call(several.randomElement(using: &random)!), isOpen: false)])
    for _ in 0..<any(1...3) {
      let kinds = any(0...4) == 0 ? several : single
      let call = call(kinds.randomElement(using: &random)!, any(0...3) == 0 ? held : free)
      sessions.append([.init(call: call, isOpen: flip())])
    }
    let commits = sessions.indices.dropFirst().filter { sessions[$0][0].isOpen }
    order = sessions.indices + ([0] + commits).shuffled(using: &random)
  }

  private func picks(of range: Range<Int>) -> [Int] {
    range.flatMap { [Int](repeating: $0, count: sessions[$0].map(\.stepCount).reduce(0, +)) }
  }

  private mutating func call(_ kind: Scenario.Kind, _ wanted: Section? = nil) -> Scenario.Call {
    let (somebody, other) = (any(0...people - 1), any(0...people - 1))
    let item = any(0...5) == 5 ? 1 : 0
    let section: Section = wanted ?? (flip() ? .factory : .main)
    let key = any(1...2)
    let keyOrNone = flip() ? nil : key
    return switch kind {
    case .grant: .grant(to: somebody, amount: any(1...3), key: key)
    case .handout: .handout(to: Array(Set([somebody, other])).shuffled(using: &random), key: key)
    case .transfer: .transfer(from: somebody, to: other, amount: any(1...4), key: keyOrNone)
    case .undo: .undo
    case .purchase: .purchase(by: somebody, item: item, quantity: any(1...2), key: keyOrNone)
    case .add: .add(to: somebody, item: item, section, quantity: any(1...3), key: key)
    case .adjust:
      .adjust(
        of: somebody, item: item, section, change: [-1, 1, 3].randomElement(using: &random)!, key: keyOrNone)
    case .reserve: .reserve(by: somebody, item: item, quantity: any(1...2), key: key, isOverdue: any(0...2) == 0)
    case .giveBack: .giveBack(by: somebody, key: key)
    case .end: flip() ? .consume(by: somebody, key: key) : .expire(of: flip() ? nil : somebody)
    case .setStock: .setStock(item: 0, any(0...4) == 0 ? nil : any(0...3))
    case .change: change(.bought(by: somebody, key: key))
    }
  }

  private mutating func change(_ bought: Scenario.OrderName) -> Scenario.Call {
    let step = [OrderChange.ready, .handOver, .handOver, .cancel, .cancel, .takeBack].randomElement(using: &random)!
    return .change(step, of: any(0...2) == 0 ? bought : .first, byOwner: step == .cancel && flip())
  }
}
