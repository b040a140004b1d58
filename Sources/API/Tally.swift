internal import Telemetry

/// Counts requests by route template and class of status, never by URL.
final class Tally {
  private let page: SharedPage
  private var counters: [String: [Series?]] = [:]
  private var durations: [String: Series] = [:]

  init(_ page: SharedPage) { self.page = page }

  func count(_ template: String, status: Int, microseconds: UInt64) {
    let hundreds = min(max(status / 100, 0), 5)
    let counter =
      counters[template]?[hundreds]
      ?? page.counter("tuckshop_requests_total{route=\"\(template)\",status=\"\(hundreds)xx\"}")
    counters[template, default: Array(repeating: nil, count: 6)][hundreds] = counter
    counter.add()

    let duration =
      durations[template] ?? page.histogram("tuckshop_request_seconds{route=\"\(template)\"}")
    durations[template] = duration
    duration.observe(microseconds: microseconds)
  }
}
