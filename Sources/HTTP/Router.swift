/// Finds the route for a method and a path.
package struct Router<Target> {
  package struct Route {
    /// `/users/{id}`: the name of the route in metrics, logs and openapi.yaml.
    package let template: String
    package let method: Method
    package let target: Target
  }

  /// Everything that does not depend on the type of the targets, so that it is compiled only once.
  private var table = RouteTable()
  package private(set) var routes: [Route] = []

  package init() {}

  /// Declares a route. A second one for the same method and path is a mistake in the program, found when it starts.
  package mutating func add(_ method: Method, _ template: String, answersHead: Bool = true, _ target: Target) {
    table.add(method, template, answersHead: answersHead, route: routes.count)
    routes.append(Route(template: template.replacing(":uuid}", with: "}"), method: method, target: target))
  }

  package func match(_ method: Method?, _ path: String) throws(RequestFailure) -> (Route, PathParameters) {
    let (route, parameters) = try table.match(method, path)
    return (routes[route], parameters)
  }
}
