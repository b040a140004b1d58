internal import HTTP
internal import Notation
internal import Postgres
internal import Telemetry

func live(_ request: Request, _ context: Context) -> Response {
  .json(HealthReport().json)
}

func apiHealth(_ request: Request, _ context: Context) -> Response {
  .json(["status": "healthy", "version": .string(API.version)])
}

/// Ready to be sent requests: the database answers, it has the schema, and nobody is taking us out of rotation.
func ready(_ request: Request, _ context: Context, _ lender: Lender) -> Response {
  var report = context.readiness.report(or: { look(context, lender) })
  report.add("draining", passes: !context.memory.isDraining)
  let response = Response.json(report.json, status: report.passes ? 200 : 503)
  return report.passes ? response : response.with("Retry-After", "1")
}

/// What the last look at the database found out, for a moment: in the pool that strangers can ask, PostgreSQL is asked
/// four times a second, however many probes there are.
package final class Readiness {
  private let milliseconds: Int
  private var last: (report: HealthReport, until: Deadline)?

  init(milliseconds: Int) { self.milliseconds = milliseconds }

  fileprivate func report(or look: () -> HealthReport) -> HealthReport {
    if let last, !last.until.hasPassed { return last.report }
    let report = look()
    last = (report, .after(milliseconds: milliseconds))
    return report
  }
}

private func look(_ context: Context, _ lender: Lender) -> HealthReport {
  var report = HealthReport()
  do {
    // With the quarter of a second that a tick may just have cost, no answer takes longer than one.
    let applied = try lender.lend(until: .after(milliseconds: 600), repeatable: true) { connection in
      try schemaVersion(connection)
    }
    report.database = "connected"
    report.add("database", passes: true)
    report.add(
      "schema", passes: applied >= context.requiredSchemaVersion,
      "version \(applied), at least \(context.requiredSchemaVersion) is needed")
  } catch let error as PostgresError where ["42P01", "42883"].contains(error.sqlstate) {
    report.database = "connected"
    report.add("database", passes: true)
    report.add("schema", passes: false, "no migration has been applied")
  } catch let error as PostgresError where error.sqlstate == "58P01" {
    report.database = "connected"
    report.add("database", passes: false, "PostgreSQL cannot load PL/pgSQL; was it upgraded and not restarted?")
  } catch {
    report.database = "disconnected"
    report.add("database", passes: false, "PostgreSQL does not answer")
  }
  return report
}

private func schemaVersion(_ connection: borrowing Connection) throws -> Int {
  try connection.value("SELECT schema_version()")
}

fileprivate struct HealthReport {
  var database: String?
  private var checks: [JSON] = []
  private(set) var passes = true

  mutating func add(_ name: String, passes: Bool, _ detail: String? = nil) {
    checks.append(
      .members([
        "name": .string(name), "status": passes ? "pass" : "fail", "detail": passes ? nil : detail.map(JSON.string),
      ]))
    self.passes = self.passes && passes
  }

  var json: JSON {
    [
      "status": passes ? "healthy" : "unhealthy",
      "timestamp": .string(Clock.timestamp),
      "services": .members(["database": database.map(JSON.string)]),
      "checks": .array(checks),
    ]
  }
}
