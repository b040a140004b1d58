package import HTTP
internal import Notation

/// Everything that follows from a request's method and path. It is found once, before the body is read.
package struct Plan {
  package let dialect: Dialect
  package let bodyLimitBytes: Int
  package let match: Result<(route: Router<RouteGroup.Route>.Route, parameters: PathParameters), RequestFailure>

  /// The route's name in metrics and logs. Requests without a route share one name.
  var template: String { if case .success((let route, _)) = match { route.template } else { Self.unmatched } }
  static let unmatched = "unmatched"
}

/// The groups of routes report errors in different formats. A page is for people whose browser came by itself; other
/// clients of the same route get a problem.
package enum Dialect: Sendable {
  case merch, problem, inventory, page
}

/// Finds the plan of a request.
package struct Planner {
  package private(set) var router = Router<RouteGroup.Route>()
  private let bodyLimitBytes: Int
  /// Longer prefixes first. nginx/snippets/routes.conf has the same table for nginx's own errors.
  private let prefixes: [(segments: [[UInt8]], leastCount: Int, dialect: Dialect)]

  package init(_ groups: [RouteGroup], bodyLimitBytes: Int) {
    self.bodyLimitBytes = bodyLimitBytes
    prefixes = groups.map { group in
      let segments = Self.segments(group.prefix)
      return (segments, segments.count + (group.prefix.hasSuffix("/") ? 1 : 0), group.dialect)
    }.sorted { $0.segments.count > $1.segments.count }
    for group in groups {
      for route in group.routes {
        router.add(route.method, group.prefix + route.path, answersHead: route.answersHead, route)
      }
    }
  }

  package func plan(_ method: Method?, _ path: String) -> Plan {
    do throws(RequestFailure) {
      let (route, parameters) = try router.match(method, path)
      return Plan(
        dialect: route.target.dialect, bodyLimitBytes: route.target.bodyLimitBytes ?? bodyLimitBytes,
        match: .success((route, parameters)))
    } catch {
      return Plan(dialect: dialect(of: path), bodyLimitBytes: bodyLimitBytes, match: .failure(error))
    }
  }

  /// An unknown path has the dialect of the innermost group whose prefix it has.
  private func dialect(of path: String) -> Dialect {
    let segments = Self.segments(path)
    return prefixes.first { segments.count >= $0.leastCount && segments.starts(with: $0.segments) }?.dialect ?? .problem
  }

  /// Decoded, and compared as bytes, as the router does.
  private static func segments(_ path: String) -> [[UInt8]] {
    Percent.split(path[...], at: "/").lazy.filter { !$0.isEmpty }.prefix(4)
      .map { Array((Percent.decoded($0) ?? "").utf8) }
  }
}
