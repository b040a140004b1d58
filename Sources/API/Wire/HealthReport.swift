internal import Notation
internal import Telemetry

/// The answer of the probes: named checks, and whether all of them pass.
struct HealthReport {
  /// Nil where the database was not asked.
  var database: String?
  private var checks: [JSON] = []
  private(set) var passes = true

  /// `detail` is shown only if the check fails.
  mutating func add(_ name: String, passes: Bool, _ detail: String? = nil) {
    checks.append(
      .members([
        "name": .string(name), "status": passes ? "pass" : "fail", "detail": passes ? nil : detail.map(JSON.string),
      ]))
    self.passes = self.passes && passes
  }

  var json: JSON {
    [
      "status": passes ? "healthy" : "unhealthy", "timestamp": .string(Clock.timestamp),
      "services": .members(["database": database.map(JSON.string)]), "checks": .array(checks),
    ]
  }
}
