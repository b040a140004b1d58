/// The balances that follow from the answers alone.
struct Tally {
  private(set) var coins: [String: Int]
  private(set) var goods = ["the shop: poster": Customers.posters]
  private(set) var spent = 0
  let granted: Int

  init(_ entries: [Wishes.Entry], paid: [String: Int]) {
    coins = Dictionary(uniqueKeysWithValues: Customers.names.map { ($0, Customers.welcome + paid[$0, default: 0]) })
    granted = coins.values.reduce(0, +)
    for entry in entries where entry.told?.isDone == true {
      coins[entry.owner]! -= entry.coins
      switch entry.wish.what {
      case .send(let name, let amount): coins[name]! += amount
      case .buy(let item, let quantity):
        spent += entry.coins
        goods["\(entry.owner): \(item)", default: 0] += quantity
        if item == "poster" { goods["the shop: poster"]! -= quantity }
      }
    }
  }
}

extension Wishes.Entry {
  fileprivate var owner: String { Customers.names[wish.owner] }

  fileprivate var coins: Int {
    switch wish.what {
    case .send(_, let amount): amount
    case .buy(let item, let quantity): Customers.prices[item, default: 0] * quantity
    }
  }

  /// The row that the ledger must have for it.
  var due: String {
    let (kind, postings, goods) =
      switch wish.what {
      case .send: ("transfer", 1, 0)
      case .buy(_, let quantity): ("purchase", 2, quantity)
      }
    return told?.isDone == true
      ? "\(owner): \(kind) done, \(postings) postings of \(coins) coins and \(goods) goods"
      : "\(owner): \(kind) refused, 0 postings of 0 coins and 0 goods"
  }
}
