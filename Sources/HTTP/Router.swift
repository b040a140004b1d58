/// Finds the endpoint for a method and a path.
package struct Router<Endpoint> {
  package struct Route {
    /// As declared, `/users/{id}`: what metrics and logs name.
    package let template: String
    package let method: Method
    package let endpoint: Endpoint
  }

  package enum Match {
    case found(Route, PathParameters)
    case wrongMethod(allow: String)
    case unknownPath
    case malformedPath
  }

  /// Everything that does not depend on what the endpoints are, so that it is compiled once and for all.
  private var table = RouteTable()
  package private(set) var routes: [Route] = []

  package init() {}

  /// Declares a route. A second one for the same method and path is a mistake in the program, found when it starts.
  package mutating func add(
    _ method: Method, _ template: String, answersHead: Bool = true, _ endpoint: Endpoint
  ) {
    table.add(method, template, answersHead: answersHead, route: routes.count)
    routes.append(Route(template: RouteTable.bare(template), method: method, endpoint: endpoint))
  }

  package func match(_ method: Method?, _ path: String) -> Match {
    switch table.match(method, path) {
    case .found(let route, let parameters): .found(routes[route], parameters)
    case .wrongMethod(let allow): .wrongMethod(allow: allow)
    case .unknownPath: .unknownPath
    case .malformedPath: .malformedPath
    }
  }
}
