internal import Telemetry

/// Counts requests by route template and class of status, never by URL.
final class Tally {
  private let memory: SharedMemory
  private var routes: [String: RouteTally] = [:]

  /// Looked up once per request; its series are looked up by name once per worker.
  private final class RouteTally {
    var answers: [Series?] = Array(repeating: nil, count: 6)
    let duration: Series

    init(duration: Series) { self.duration = duration }
  }

  init(_ memory: SharedMemory) { self.memory = memory }

  func count(_ template: String, status: Int, microseconds: UInt64) {
    let route = route(template)
    let hundreds = min(max(status / 100, 0), 5)
    if route.answers[hundreds] == nil {
      route.answers[hundreds] = memory.series(\.requests, template, "\(hundreds)xx")
    }
    route.answers[hundreds]?.add()
    route.duration.observe(microseconds: microseconds)
  }

  private func route(_ template: String) -> RouteTally {
    if let known = routes[template] { return known }
    let made = RouteTally(duration: memory.series(\.requestSeconds, template))
    routes[template] = made
    return made
  }
}
