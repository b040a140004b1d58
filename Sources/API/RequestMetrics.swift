internal import Telemetry

/// Counts requests by route template and class of status, never by URL.
final class RequestMetrics {
  private let memory: SharedMemory
  private var routes: [String: RouteSeries] = [:]

  /// The series of one route: found by name in shared memory once per worker, and by route once per request.
  private final class RouteSeries {
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

  private func route(_ template: String) -> RouteSeries {
    if let known = routes[template] { return known }
    let made = RouteSeries(duration: memory.series(\.requestSeconds, template))
    routes[template] = made
    return made
  }
}
