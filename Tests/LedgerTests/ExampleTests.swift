import FoundationEssentials
import Support
import Testing

/// The recorded examples of `migrations/examples`.
@Suite(.tiers(.database))
struct ExampleTests {
  static let folder = projectMigrations + "/examples"
  static let names = ["transfer", "purchase", "order", "reservation", "refusal"]

  /// With TUCKSHOP_RECORD_EXAMPLES=1 the answers are recorded instead.
  @Test(arguments: names)
  func `an example answers what was recorded`(name: String) throws {
    let answered = try withFreshDatabase { try answers(to: "\(name).sql", database: $0) }
    let path = "\(Self.folder)/\(name).out"
    if ProcessInfo.processInfo.environment["TUCKSHOP_RECORD_EXAMPLES"] == "1" {
      try Data(answered.utf8).write(to: URL(filePath: path))
    }
    let recorded = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    #expect(answered == recorded)
  }

  @Test
  func `every example is run`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(Set(files) == Set(Self.names.flatMap { ["\($0).sql", "\($0).out"] }))
  }

  private func answers(to file: String, database: String) throws -> String {
    let directory = try TemporaryDirectory()
    let psql = try Program(
      "/usr/bin/env",
      [
        "psql", "-X", "-q", "-a", "-v", "ON_ERROR_STOP=1", "-h", TestCluster.host, "-U", TestCluster.superuser, "-d",
        database, "-f", "\(Self.folder)/\(file)",
      ], logPath: directory / "out")
    #expect(try psql.wait() == 0)
    return try String(contentsOf: URL(filePath: directory / "out"), encoding: .utf8)
  }
}
