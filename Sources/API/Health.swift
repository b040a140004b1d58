internal import FoundationEssentials
internal import HTTP
internal import Postgres
internal import Telemetry

func live(_ request: Request, _ context: Context) -> Response {
  .json(HealthReport(checks: []))
}

func apiHealth(_ request: Request, _ context: Context) -> Response {
  struct Body: Encodable {
    let status = "healthy"
    let version = API.version
  }
  return .json(Body())
}

/// Ready to be sent requests: the database answers, it has the schema, and nobody is taking us out of rotation.
func ready(_ request: Request, _ context: Context, _ lender: Lender) -> Response {
  var report = HealthReport(checks: [])
  do {
    let applied = try lender.lend(until: .after(milliseconds: 800), repeatable: true) { connection in
      try schemaVersion(connection)
    }
    report.services["database"] = "connected"
    report.add("database", passes: true)
    report.add(
      "schema", passes: applied >= context.requiredSchemaVersion,
      "version \(applied), at least \(context.requiredSchemaVersion) is needed")
  } catch let error as PostgresError where error.sqlstate == "42P01" {
    report.services["database"] = "connected"
    report.add("database", passes: true)
    report.add("schema", passes: false, "no migration has been applied")
  } catch {
    report.services["database"] = "disconnected"
    report.add("database", passes: false, "PostgreSQL does not answer")
  }
  report.add("draining", passes: !context.page.isDraining)
  let response = Response.json(report, status: report.passes ? 200 : 503)
  return report.passes ? response : response.with("Retry-After", "1")
}

private func schemaVersion(_ connection: borrowing Connection) throws -> Int {
  try connection.value("SELECT coalesce(max(version), 0) FROM schema_migrations")
}

private struct HealthReport: Encodable {
  struct Check: Encodable {
    let name: String
    let status: String
    let detail: String?
  }

  private(set) var status = "healthy"
  let timestamp = Date().formatted(.iso8601)
  var services: [String: String] = [:]
  private(set) var checks: [Check]

  init(checks: [Check]) { self.checks = checks }

  var passes: Bool { checks.allSatisfy { $0.status == "pass" } }

  mutating func add(_ name: String, passes: Bool, _ detail: String? = nil) {
    checks.append(Check(name: name, status: passes ? "pass" : "fail", detail: passes ? nil : detail))
    if !passes { status = "unhealthy" }
  }
}
