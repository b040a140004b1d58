internal import FoundationEssentials
internal import Glibc
internal import Support

extension Site {
  var postmaster: pid_t {
    get throws { try pid_t(read(directory / "data/postmaster.pid").prefix { $0.isNumber }) ?? 0 }
  }

  func psql(as user: String, on database: String = "tuckshop", _ words: String...) throws {
    try run(
      words: [try program(ofPostgres: "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user] + words,
      environment: ["PGHOST": sockets, "PGDATABASE": database])
  }

  /// Runs the statements of these files on this many sessions, each file as often as the weight behind its @. Returns
  /// the rate per second, and the total; the times too, if there is a prefix for the paths of their logs.
  func pgbench(
    _ files: [String], as user: String, on database: String = "tuckshop", sessions: Int, seconds: Int,
    variables: [String: Int] = [:], logs: String? = nil
  ) throws -> Sample {
    let pgbench = try start(
      [
        try program(ofPostgres: "pgbench"), "-n", "-M", "prepared", "-c", "\(sessions)", "-j", "2", "-T", "\(seconds)",
        "-U", user,
      ] + files.flatMap { ["-f", $0] } + variables.flatMap { ["-D", "\($0.key)=\($0.value)"] }
        + (logs.map { ["-l", "--log-prefix", $0] } ?? []),
      environment: ["PGHOST": sockets, "PGDATABASE": database])
    guard try pgbench.wait(seconds: seconds + 60) == 0,
      let tps = pgbench.log.firstMatch(of: /tps = ([0-9.]+)/).flatMap({ Double($0.1) }),
      let count = pgbench.log.firstMatch(of: /actually processed: ([0-9]+)/).flatMap({ Int($0.1) }),
      pgbench.log.firstMatch(of: /failed transactions: [1-9]/) == nil
    else { throw Failure("pgbench failed:\n\(pgbench.log)") }
    var sample = Sample(perSecond: tps, count: count)
    guard let logs else { return sample }
    let times = try takeLogs(logs).flatMap(pgbenchMilliseconds)
    (sample.p50, sample.p99) = (percentile(times, 0.5), percentile(times, 0.99))
    return sample
  }

  /// The texts of the files whose paths begin so. The files are removed.
  private func takeLogs(_ prefix: String) throws -> [String] {
    let url = URL(filePath: prefix)
    let folder = url.deletingLastPathComponent().path
    let paths = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix(url.lastPathComponent + ".") }.map { folder + "/" + $0 }
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    return try paths.map { try read($0) }
  }

  func createDatabase(_ name: String, from template: String = "template0") throws {
    try run(
      words: [
        try program(ofPostgres: "createdb"), "-U", "postgres", "-O", "tuckshop_owner", "-T", template, name,
      ], environment: ["PGHOST": sockets, "PGDATABASE": "postgres"])
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

/// The times in a log of pgbench, which has a line for each transaction; the third word is its microseconds.
package func pgbenchMilliseconds(_ log: String) -> [Double] {
  log.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
    return words.count > 2 ? Double(Substring(words[2])).map { $0 / 1000 } : nil
  }
}
