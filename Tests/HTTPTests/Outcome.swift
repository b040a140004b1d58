import HTTP

/// A router's result for a path, as one word and its parameters, so that tables of cases can state it.
enum Outcome: Equatable {
  case found(String, [String] = [])
  case wrongMethod(String)
  case unknown
  case malformed

  init(_ router: Router<String>, _ method: Method?, _ path: String) {
    do {
      let (route, parameters) = try router.match(method, path)
      let names = route.template.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
      self = .found(route.target, names.map { try! parameters.require(String($0)) })
    } catch .wrongMethod(let allow) {
      self = .wrongMethod(allow)
    } catch {
      self = error == .malformedPath ? .malformed : .unknown
    }
  }

  static func == (left: Outcome, right: Outcome) -> Bool {
    switch (left, right) {
    // As bytes, because different texts can be equal as `String`.
    case (.found(let one, let its), .found(let other, let others)):
      one == other && its.map { Array($0.utf8) } == others.map { Array($0.utf8) }
    case (.wrongMethod(let one), .wrongMethod(let other)): one == other
    case (.unknown, .unknown), (.malformed, .malformed): true
    default: false
    }
  }
}
