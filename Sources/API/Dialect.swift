internal import Notation

/// The three groups of routes tell errors in three ways. The path alone decides, so that an unknown path has one too.
package enum Dialect: Equatable {
  case merch, problem, inventory

  package init(path: String) {
    // Read as the router reads them, so that a route answers in one dialect however its path is spelt.
    let segments = Percent.split(path[...], at: "/").lazy.filter { !$0.isEmpty }.prefix(2)
      .map { Percent.decoded($0) ?? "" }
    switch (segments.first, segments.dropFirst().first) {
    case ("inventory", _), ("admin", "inventory"), ("api", "inventory"): self = .inventory
    case ("api", "auth"), ("api", "info"), ("api", "sendCoin"), ("api", "buy"): self = .merch
    default: self = .problem
    }
  }
}
