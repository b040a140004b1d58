/// A family of series: what it counts, and by which labels.
package struct Metric: Sendable {
  package enum Kind: String, Sendable { case counter, histogram, gauge }

  package let kind: Kind
  package let name: String
  package let labels: [String]
  /// As docs/running.md has it; the exposition has it without the backticks.
  package let help: String

  fileprivate init(_ kind: Kind, _ name: String, _ labels: String..., help: String) {
    self.kind = kind
    self.name = "tuckshop_" + name
    self.labels = labels
    self.help = help
  }

  func labels(_ values: [String]) -> String {
    precondition(values.count == labels.count, "\(name) has the labels \(labels)")
    guard !labels.isEmpty else { return "" }
    return "{" + zip(labels, values).map { "\($0)=\"\($1)\"" }.joined(separator: ",") + "}"
  }

  /// The lines that stand above its series.
  var head: String { "# HELP \(name) \(help.filter { $0 != "`" })\n# TYPE \(name) \(kind.rawValue)\n" }
}

/// Every metric, declared once. Its series, the exposition and the table in docs/running.md follow. Labels carry the
/// template of a route, never a URL: the memory has room for 2048 series, and for 119 bytes of name and labels.
package struct Metrics: Sendable {
  package let requests = Metric(
    .counter, "requests_total", "route", "status",
    help: "answers by route template and class of status (`2xx`, …); `route=\"unmatched\"` has no route")
  package let requestSeconds = Metric(
    .histogram, "request_seconds", "route", help: "how long a request took in the worker")
  package let connectionsDiscarded = Metric(
    .counter, "connections_discarded_total", "pool", "why",
    help: """
      connections closed without an answer: `stale` (the client left while it waited), `silent` (it sent nothing) or \
      `malformed` (no FastCGI)
      """)
  package let databaseSessions = Metric(
    .counter, "database_sessions_total", "pool", help: "sessions opened with PostgreSQL")
  package let workerStarts = Metric(.counter, "worker_starts_total", "pool", help: "starts of workers")
  package let workers = Metric(.gauge, "workers", "pool", help: "workers alive")
  package let workerResidentBytes = Metric(
    .gauge, "worker_resident_bytes", "pool", "pid", help: "resident memory of a worker, without what it shares")
  package let workerRequests = Metric(
    .gauge, "worker_requests", "pool", "pid", help: "requests that a worker has served")
  package let draining = Metric(.gauge, "draining", help: "1 while `tuckshop drain on` holds")

  static let declared = Metrics()
  /// In the order in which they are declared.
  package static var all: [Metric] { Mirror(reflecting: declared).children.compactMap { $0.value as? Metric } }
}
