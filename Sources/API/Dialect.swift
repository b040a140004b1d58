/// The three groups of routes tell errors in three ways. The path alone decides, so that an unknown path has one too.
package enum Dialect: Equatable {
  case merch, problem, inventory

  package init(path: String) {
    let segments = path.split(separator: "/", omittingEmptySubsequences: true).prefix(3).map(String.init)
    switch (segments.first, segments.dropFirst().first) {
    case ("inventory", _), ("admin", "inventory"), ("api", "inventory"): self = .inventory
    case ("api", "auth"), ("api", "info"), ("api", "sendCoin"), ("api", "buy"): self = .merch
    default: self = .problem
    }
  }
}
