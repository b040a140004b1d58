internal import HTTP
internal import Notation
internal import Postgres
internal import Telemetry

package let version = "0.1.0"

func live(_ request: Request, _ context: Context) -> Response { .json(HealthReport().json) }

func apiHealth(_ request: Request, _ context: Context) -> Response {
  .json(["status": "healthy", "version": .string(version)])
}

func metrics(_ request: Request, _ context: Context) -> Response {
  .text(context.memory.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
}

/// Ready for requests: the database answers, it has the schema, and the pool is not being drained.
func ready(_ request: Request, _ context: Context, _ lender: Lender) -> Response {
  var report = context.readiness.report(or: { databaseReport(context, lender) })
  report.add("draining", passes: !context.memory.isDraining)
  let response = Response.json(report.json, status: report.passes ? 200 : 503)
  return report.passes ? response : response.with("Retry-After", "1")
}

/// Keeps the last report about the database for a moment. In the pool that anybody can probe, PostgreSQL is asked four
/// times a second, however many probes there are.
package final class Readiness {
  private let milliseconds: Int
  private var last: (report: HealthReport, until: Deadline)?

  init(milliseconds: Int) { self.milliseconds = milliseconds }

  fileprivate func report(or ask: () -> HealthReport) -> HealthReport {
    if let last, !last.until.hasPassed { return last.report }
    let report = ask()
    last = (report, .after(milliseconds: milliseconds))
    return report
  }
}

private func databaseReport(_ context: Context, _ lender: Lender) -> HealthReport {
  var report = HealthReport()
  do {
    // A tick may just have taken a quarter of a second; together they stay below one second.
    let state = try lender.lend(until: .after(milliseconds: 600), repeatable: true) { try $0.schemaState() }
    report.database = "connected"
    report.add(
      "database", passes: state != .unusable, "PostgreSQL cannot load PL/pgSQL. Restart it if it was upgraded.")
    switch state {
    case .version(let applied):
      let required = context.requiredSchemaVersion
      report.add("schema", passes: applied >= required, "version \(applied), at least \(required) is needed")
    case .empty: report.add("schema", passes: false, "no migration has been applied")
    case .unusable: break
    }
  } catch {
    report.database = "disconnected"
    report.add("database", passes: false, "PostgreSQL does not answer")
  }
  return report
}
