import FoundationEssentials
import Support
import Testing

/// schemathesis, a tester that knows only openapi.yaml: valid and invalid requests, alone and in sequences.
@Suite(.tiers(.e2e, .security, .slow))
struct SchemaTests {
  /// Requests that would end the tester's own session, or that need a browser.
  private static let left =
    #"/auth/(session|sessions|logout|password|totp|oidc)|^/api/auth$|^/metrics$|/users/\{id\}$"#

  @Test func `every body in the description has an example, and each example fits its schema`() throws {
    let directory = try TemporaryDirectory()
    let checker = try Program(
      projectRoot + "/.local/schema/bin/python",
      ["-B", projectRoot + "/Tests/Clients/schema/examples.py", projectRoot + "/nginx/html/openapi.yaml"],
      logPath: directory / "log")
    let status = try checker.wait()
    #expect(status == 0, "\(checker.log)")
  }

  /// The seed is fixed, so that a run finds what the one before it found. A schema cannot express every rule, so a
  /// request that fits the schema may be refused.
  @Test func `a tester that knows only the description finds no fault`() throws {
    let world = try World(["TUCKSHOP_PEOPLE_RATE": "1000000", "TUCKSHOP_PEOPLE_BURST": "1000000"])
    // It keeps what it learned in the current folder.
    let tester = try Program(
      "/usr/bin/env",
      [
        "-C", world.directory.path, projectRoot + "/.local/schema/bin/schemathesis", "run",
        projectRoot + "/nginx/html/openapi.yaml", "--url", "http://127.0.0.1:\(world.port)",
        "--header", "Authorization: Bearer \(try world.adminToken())", "--exclude-path-regex", Self.left,
        "--exclude-checks", "positive_data_acceptance", "--max-examples", "5", "--max-time", "10", "--seed", "13",
        "--workers", "2", "--no-color",
      ], logPath: world.directory / "schemathesis.log")
    let status = try tester.wait(seconds: 300)
    let failures = tester.log.firstRange(of: "FAILURES").map { tester.log[$0.lowerBound...] } ?? tester.log[...]
    #expect(status == 0, "\(failures.prefix(6000))")
    #expect(!tester.log.contains("500 Internal Server Error"))
    #expect(try world.tuckshop("verify").status == 0)
    #expect(try world.stop() == 0)
  }
}
