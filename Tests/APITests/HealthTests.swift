import API
import HTTP
import Notation
import Postgres
import Support
import Telemetry
import Testing

@Suite(.tiers(.api))
struct HealthTests {
  static let probes = ["/health", "/health/ready", "/readyz"]

  /// A check's status and detail by its name.
  private func check(_ answer: Answer, _ name: String) -> [String: JSON]? {
    answer.members["checks"]?.elements.map(\.members).first { $0["name"] == .string(name) }
  }

  private func expectUnready(_ answer: Answer, because failing: String, database: JSON) {
    #expect(answer.status == 503)
    #expect(answer.header("Retry-After") == "1")
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.members["status"] == "unhealthy")
    #expect(answer.members["services"]?.members == ["database": database])
    #expect(check(answer, failing)?["status"] == "fail")
    let failed = answer.members["checks"]?.elements.filter { $0.members["status"] == "fail" }
    #expect(failed?.count == 1)
  }

  @Test(arguments: ["/health/live", "/livez"]) func `liveness is answered without a database`(path: String) throws {
    let booted = try Booted(database: .nowhere)
    booted.memory.isDraining = true
    let answer = booted.ask(.get, path)
    #expect(answer.status == 200)
    #expect(answer.members["status"] == "healthy")
    #expect(booted.lender.opened == 0 && booted.lender.failures == 0)
  }

  @Test func `the API's own health names the version`() throws {
    let answer = try Booted(database: .nowhere).ask(.get, "/api/v1/health")
    #expect(answer.status == 200)
    #expect(answer.members == ["status": "healthy", "version": .string(version)])
  }

  @Test(arguments: probes) func `readiness has the members of the contract`(path: String) throws {
    let booted = try Booted()
    let answer = booted.ask(.get, path)
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.header("Retry-After") == nil)
    #expect(Set(answer.members.keys) == ["status", "timestamp", "services", "checks"])
    #expect(answer.members["status"] == "healthy")
    #expect(answer.members["services"]?.members == ["database": "connected"])
    #expect(answer.members["checks"]?.elements.map { $0.members["name"] } == ["database", "schema", "draining"])
    #expect(answer.members["checks"]?.elements.map { $0.members["status"] } == ["pass", "pass", "pass"])
    guard case .string(let time) = answer.members["timestamp"] else {
      Issue.record("no timestamp")
      return
    }
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
    #expect(booted.lender.opened == 1)
  }

  @Test(.tiers(.faults), arguments: probes) func `without a database the shop is not ready`(path: String) throws {
    let booted = try Booted(database: .nowhere)
    let answer = booted.ask(.get, path)
    expectUnready(answer, because: "database", database: "disconnected")
    #expect(!answer.text.contains("nonexistent") && !answer.text.contains("socket"))
    #expect(booted.lender.failures > 0)
  }

  @Test(.tiers(.faults)) func `with a silent database the shop is not ready`() throws {
    let directory = try TemporaryDirectory()
    let silent = try Listener(path: directory / ".s.PGSQL.5432")
    var settings = ConnectionSettings()
    settings.conninfo = "host=\(directory.path) dbname=tuckshop user=tuckshop_app"
    // The test is that an answer comes at all: nobody ever closes that connection.
    expectUnready(try Booted(database: settings).ask(.get, "/readyz"), because: "database", database: "disconnected")
    withExtendedLifetime(silent) {}
  }

  @Test(.tiers(.faults)) func `with locked tables the shop is not ready`() throws {
    try withFreshDatabase { name in
      let owner = try TestCluster.connection(database: name)
      try owner.perform("BEGIN")
      try owner.perform("LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE")
      let booted = try Booted(database: TestCluster.settings(user: TestCluster.app, database: name))
      expectUnready(booted.ask(.get, "/readyz"), because: "database", database: "disconnected")
      try owner.perform("ROLLBACK")
      #expect(booted.ask(.get, "/readyz").status == 200)
    }
  }

  @Test(.tiers(.faults)) func `for a moment all probes get the result of the first one`() throws {
    try withFreshDatabase { name in
      let owner = try TestCluster.connection(database: name)
      var limits = Application.Limits()
      limits.readinessMilliseconds = 3_600_000
      let settings = TestCluster.settings(user: TestCluster.app, database: name)
      let (patient, hasty) = (try Booted(database: settings, limits: limits), try Booted(database: settings))
      for booted in [patient, hasty] { #expect(booted.ask(.get, "/readyz").status == 200) }
      try owner.perform("ALTER TABLE schema_migrations RENAME TO gone")
      for path in Self.probes { #expect(patient.ask(.get, path).status == 200) }
      expectUnready(hasty.ask(.get, "/readyz"), because: "schema", database: "connected")
      // Draining a worker takes effect at once.
      patient.memory.isDraining = true
      expectUnready(patient.ask(.get, "/readyz"), because: "draining", database: "connected")
    }
  }

  @Test func `with a schema that is too old the shop is not ready`() throws {
    let answer = try Booted(requiredSchemaVersion: 9_999_999).ask(.get, "/health/ready")
    expectUnready(answer, because: "schema", database: "connected")
    guard case .string(let detail) = check(answer, "schema")?["detail"] else {
      Issue.record("no detail")
      return
    }
    #expect(detail.contains("9999999"))
  }

  @Test func `with a newer schema the shop is ready`() throws {
    #expect(try Booted(requiredSchemaVersion: 0).ask(.get, "/health/ready").status == 200)
  }

  @Test func `with a missing table the shop is not ready`() throws {
    try withEmptyDatabase { name in
      let booted = try Booted(database: TestCluster.settings(user: TestCluster.app, database: name))
      let answer = booted.ask(.get, "/health/ready")
      expectUnready(answer, because: "schema", database: "connected")
      #expect(check(answer, "schema")?["detail"] == "no migration has been applied")
      #expect(!answer.text.contains("relation"))
    }
  }

  @Test func `a worker that drains is not ready, and is ready again afterwards`() throws {
    let booted = try Booted()
    booted.memory.isDraining = true
    expectUnready(booted.ask(.get, "/health/ready"), because: "draining", database: "connected")
    booted.memory.isDraining = false
    #expect(booted.ask(.get, "/health/ready").status == 200)
  }
}
