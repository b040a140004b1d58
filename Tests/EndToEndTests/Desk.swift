import Glibc
import Postgres
import Support

/// The command line in a database and a folder of its own.
struct Desk {
  let database: String
  let directory: TemporaryDirectory
  var role = TestCluster.app

  func run(_ arguments: String..., input: String? = nil) throws -> (status: Int32, log: String) {
    let log = directory / "log-\(UInt32.random(in: 0 ... .max))"
    if let input { try directory.write("input", input) }
    let descriptor = try input.map { _ in
      let descriptor = open(directory / "input", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Failure("no input") }
      return descriptor
    }
    defer { if let descriptor { close(descriptor) } }
    let command = try Program(
      Program.built("tuckshop"), arguments,
      environment: [
        "PGHOST": TestCluster.host, "PGDATABASE": database, "PGUSER": role,
        "TUCKSHOP_KEY_FILE": directory / "keys.json",
      ], input: descriptor, logPath: log)
    return (try command.wait(seconds: 60), command.log)
  }

  func file(_ name: String, _ text: String) throws -> String {
    try directory.write(name, text)
    return directory / name
  }

  func count(_ from: String) throws -> Int {
    try TestCluster.connection(database: database).value("SELECT count(*) FROM \(raw: from)")
  }
}

func withDesk(as role: String = TestCluster.app, _ body: (Desk) throws -> Void) throws {
  try withFreshDatabase { try body(Desk(database: $0, directory: TemporaryDirectory(), role: role)) }
}
