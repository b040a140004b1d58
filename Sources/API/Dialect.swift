internal import Notation

/// The three groups of routes tell errors in three ways. The path alone decides, so that an unknown path has one too.
/// nginx/snippets/routes.conf has the same table for nginx's own errors.
package enum Dialect: Equatable {
  case merch, problem, inventory

  package init(path: String) {
    // Read as the router reads them, so that a route answers in one dialect however its path is spelt; and compared as
    // bytes, as it compares them.
    let segments = Array(
      Percent.split(path[...], at: "/").lazy.filter { !$0.isEmpty }.prefix(2)
        .map { Array((Percent.decoded($0) ?? "").utf8) })
    func stands(_ name: String, at place: Int) -> Bool {
      segments.count > place && segments[place].elementsEqual(name.utf8)
    }
    if stands("inventory", at: 0) || (stands("admin", at: 0) || stands("api", at: 0)) && stands("inventory", at: 1) {
      self = .inventory
    } else if stands("api", at: 0) && segments.count > 1 && !stands("v1", at: 1) {
      self = .merch
    } else {
      self = .problem
    }
  }
}
