internal import FoundationEssentials
internal import Notation

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

/// A tree of segments. A lookup walks down it, so its cost does not depend on the number of routes.
struct RouteTable {
  private struct Node {
    var children: [Segment: Int] = [:]
    var parameter: (parameter: Parameter, node: Int)?
    var routes: [(method: Method, route: Int)] = []
    var answersHead = true
  }

  /// A parameter in braces: `{id}`, or `{id:uuid}` where every resource has a UUID. If the place has a route for the
  /// method, the handler refuses another form in words of its own. For any other method the path is unknown.
  private struct Parameter: Equatable {
    let name: String
    let isUUID: Bool

    init(_ text: Substring) {
      isUUID = text.hasSuffix(":uuid")
      name = String(isUUID ? text.dropLast(5) : text)
    }

    func fits(_ segment: String) -> Bool { !isUUID || UUID(uuidString: segment) != nil }
  }

  /// Compared as bytes, because a Kelvin sign equals a K as `String`.
  private struct Segment: Hashable {
    let bytes: [UInt8]
    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
  }

  private var nodes = [Node()]
  /// Whole templates without a parameter: a path that is spelt like one needs no walk.
  private var literals: [Segment: Int] = [:]

  /// No path of ours is deeper, and the limit keeps a lookup that tries a parameter after a literal short.
  private static var deepest: Int { 12 }

  mutating func add(_ method: Method, _ template: String, answersHead: Bool, route: Int) {
    precondition(template.utf8.allSatisfy { $0 < 0x80 } && template.hasPrefix("/"), "bad route \(template)")
    let segments = template.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    precondition(segments.count <= Self.deepest, "no lookup goes as deep as \(template)")
    let names = segments.filter { $0.hasPrefix("{") }
    precondition(Set(names).count == names.count, "\(template) gives two places one name")
    var here = 0
    for segment in segments { here = child(of: here, for: segment, in: template) }
    precondition(!nodes[here].routes.contains { $0.method == method }, "two routes for \(method.rawValue) \(template)")
    nodes[here].routes.append((method, route))
    if method == .get { nodes[here].answersHead = answersHead }
    if names.isEmpty { literals[Segment(template)] = here }
  }

  private mutating func child(of parent: Int, for segment: Substring, in template: String) -> Int {
    if segment.hasPrefix("{") {
      precondition(segment.hasSuffix("}"), "bad route \(template)")
      let parameter = Parameter(segment.dropFirst().dropLast())
      if let known = nodes[parent].parameter {
        precondition(
          known.parameter == parameter, "\(template): this place is already called {\(known.parameter.name)}")
        return known.node
      }
      nodes.append(Node())
      nodes[parent].parameter = (parameter, nodes.count - 1)
    } else {
      if let known = nodes[parent].children[Segment(segment)] { return known }
      nodes.append(Node())
      nodes[parent].children[Segment(segment)] = nodes.count - 1
    }
    return nodes.count - 1
  }

  func match(_ method: Method?, _ path: String) throws(RequestFailure) -> (route: Int, PathParameters) {
    if let node = literals[Segment(path)] { return (try choose(method, at: nodes[node]), PathParameters()) }
    // Only a slash may be dropped in front: any other first byte may be half of a character.
    guard path.utf8.first == UInt8(ascii: "/") else { throw .unknownPath }
    var segments: [String] = []
    // Split first, then decode: an encoded slash stays inside its segment.
    for raw in Percent.split(Substring(path.utf8.dropFirst()), at: "/") {
      guard let segment = Percent.decoded(raw) else { throw .malformedPath }
      segments.append(segment)
    }
    guard segments.count <= Self.deepest else { throw .unknownPath }
    var parameters = PathParameters()
    var isThere = true
    guard let node = find(segments[...], from: 0, &parameters, &isThere) else { throw .unknownPath }
    do {
      return (try choose(method, at: nodes[node]), parameters)
    } catch {
      throw isThere ? error : .unknownPath
    }
  }

  private func find(
    _ rest: ArraySlice<String>, from here: Int, _ parameters: inout PathParameters, _ isThere: inout Bool
  ) -> Int? {
    guard let segment = rest.first else { return nodes[here].routes.isEmpty ? nil : here }
    if let next = nodes[here].children[Segment(segment)],
      let found = find(rest.dropFirst(), from: next, &parameters, &isThere)
    {
      return found
    }
    guard let (parameter, next) = nodes[here].parameter, !segment.isEmpty else { return nil }
    parameters.values.append((parameter.name, segment))
    if let found = find(rest.dropFirst(), from: next, &parameters, &isThere) {
      isThere = isThere && parameter.fits(segment)
      return found
    }
    parameters.values.removeLast()
    return nil
  }

  private func choose(_ method: Method?, at node: Node) throws(RequestFailure) -> Int {
    if let found = node.routes.first(where: { $0.method == method }) { return found.route }
    let get = node.routes.first { $0.method == .get }
    if method == .head, let get, node.answersHead { return get.route }
    var allowed = node.routes.map(\.method.rawValue)
    if get != nil && node.answersHead { allowed.append(Method.head.rawValue) }
    throw .wrongMethod(allow: Set(allowed).sorted().joined(separator: ", "))
  }
}
