internal import FoundationEssentials
internal import Glibc
internal import Support

extension Site {
  private var postgres: [String: String] { ["PGHOST": sockets, "PGDATABASE": "tuckshop"] }

  var postmaster: pid_t {
    get throws { try pid_t(read(directory / "data/postmaster.pid").prefix { $0.isNumber }) ?? 0 }
  }

  func psql(as user: String, _ words: String...) throws {
    try run(
      words: [try program(ofPostgres: "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user] + words,
      environment: postgres)
  }

  /// Runs the statements of a file on this many sessions. Returns the rate per second, and the total.
  func pgbench(
    _ file: String, as user: String, sessions: Int, seconds: Int, variables: [String: Int] = [:]
  ) throws -> Sample {
    let set = variables.flatMap { ["-D", "\($0.key)=\($0.value)"] }
    let pgbench = try start(
      [
        try program(ofPostgres: "pgbench"), "-n", "-M", "prepared", "-c", "\(sessions)", "-j", "2", "-T", "\(seconds)",
        "-U", user, "-f", file,
      ] + set, environment: postgres)
    guard try pgbench.wait(seconds: seconds + 60) == 0,
      let tps = pgbench.log.firstMatch(of: /tps = ([0-9.]+)/).flatMap({ Double($0.1) }),
      let count = pgbench.log.firstMatch(of: /actually processed: ([0-9]+)/).flatMap({ Int($0.1) }),
      pgbench.log.firstMatch(of: /failed transactions: [1-9]/) == nil
    else { throw Failure("pgbench failed:\n\(pgbench.log)") }
    return Sample(perSecond: tps, count: count)
  }

  func createDatabase(_ name: String) throws {
    try run(
      words: [
        try program(ofPostgres: "createdb"), "-U", "postgres", "-O", "tuckshop_owner", "-T", "template0", name,
      ], environment: postgres)
  }

  /// Lies beside the running server.
  private func program(ofPostgres name: String) throws -> String {
    let server = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(postmaster)/exe")
    return URL(filePath: server).deletingLastPathComponent().appending(path: name).path
  }

  func tuckshop(_ words: String..., database: String = "tuckshop") throws {
    try run(
      words: [world.binary] + words,
      environment: [
        "PGHOST": sockets, "PGDATABASE": database, "PGUSER": "tuckshop_owner", "TUCKSHOP_RUN_DIR": sockets,
        "TUCKSHOP_MIGRATIONS": projectMigrations, "TUCKSHOP_KEY_FILE": keyFile,
      ])
  }
}
