import Glibc
import Postgres
import Support

/// The command line, with a database and a directory of its own.
struct Desk {
  let database: String
  let directory: TemporaryDirectory
  var role = TestCluster.owner
  var settings: [String: String] = [:]

  func run(_ arguments: String..., input: String? = nil) throws -> (status: Int32, log: String) {
    let log = directory / "log-\(UInt32.random(in: 0 ... .max))"
    let descriptor = try input.map(told)
    defer { if let descriptor { close(descriptor) } }
    let command = try Program(
      Program.built("tuckshop"), arguments,
      environment: [
        "PGHOST": TestCluster.host, "PGDATABASE": database, "PGUSER": role,
        "TUCKSHOP_KEY_FILE": directory / "keys.json",
      ].merging(settings) { $1 }, input: descriptor, logPath: log)
    return (try command.wait(seconds: 60), command.log)
  }

  /// A socket with a short text to read. Like another user's pipe, it cannot be opened a second time.
  private func told(_ text: String) throws -> Int32 {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0,
      write(ends[1], text, text.utf8.count) == text.utf8.count
    else { throw Failure("no input") }
    close(ends[1])
    return ends[0]
  }

  func file(_ name: String, _ text: String) throws -> String {
    try directory.write(name, text)
    return directory / name
  }

  func count(_ from: String) throws -> Int {
    try TestCluster.connection(database: database).value("SELECT count(*) FROM \(raw: from)")
  }
}

func withDesk(as role: String = TestCluster.owner, _ body: (Desk) throws -> Void) throws {
  try withFreshDatabase { try body(Desk(database: $0, directory: TemporaryDirectory(), role: role)) }
}
