internal import Telemetry

/// Counts requests by route template and class of status, never by URL.
final class Tally {
  private let page: SharedPage
  private var routes: [String: RouteTally] = [:]

  /// Looked up once a request; what it holds was looked up by name in the page, once a worker.
  private final class RouteTally {
    var answers: [Series?] = Array(repeating: nil, count: 6)
    let duration: Series

    init(duration: Series) { self.duration = duration }
  }

  init(_ page: SharedPage) { self.page = page }

  func count(_ template: String, status: Int, microseconds: UInt64) {
    let route = route(template)
    let hundreds = min(max(status / 100, 0), 5)
    if route.answers[hundreds] == nil {
      route.answers[hundreds] = page.counter(
        "tuckshop_requests_total{route=\"\(template)\",status=\"\(hundreds)xx\"}")
    }
    route.answers[hundreds]?.add()
    route.duration.observe(microseconds: microseconds)
  }

  private func route(_ template: String) -> RouteTally {
    if let known = routes[template] { return known }
    let made = RouteTally(duration: page.histogram("tuckshop_request_seconds{route=\"\(template)\"}"))
    routes[template] = made
    return made
  }
}
