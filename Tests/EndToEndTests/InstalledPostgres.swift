import FoundationEssentials
import Glibc
import Support

/// An installed version of PostgreSQL: its programs and their libraries.
final class InstalledPostgres: Sendable {
  let path: String
  private let home: TemporaryDirectory?

  private static let versions = "/usr/lib/postgresql"

  static var newest: InstalledPostgres {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: Self.versions))?.compactMap { Int($0) } ?? []
    return InstalledPostgres(path: "\(Self.versions)/\(versions.max() ?? 0)", home: nil)
  }

  private init(path: String, home: TemporaryDirectory?) {
    self.path = path
    self.home = home
  }

  /// A copy that a test may damage. PostgreSQL finds its libraries relative to its program.
  func copy() throws -> InstalledPostgres {
    let home = try TemporaryDirectory()
    try Self.shell("cp -a '\(path)' '\(home.path)'", log: home / "log")
    return InstalledPostgres(path: home.path + "/" + URL(filePath: path).lastPathComponent, home: home)
  }

  /// The value for TUCKSHOP_POSTGRES.
  var folder: String { URL(filePath: path).deletingLastPathComponent().path }

  /// Replaces a file as a package manager does, by a rename, and keeps the old one beside it.
  func exchange(_ file: String, _ make: (_ path: String) throws -> Void) throws {
    let place = path + "/" + file
    if !FileManager.default.fileExists(atPath: place + ".old") { link(place, place + ".old") }
    try make(place + ".new")
    guard rename(place + ".new", place) == 0 else { throw Failure("\(place) cannot be exchanged") }
  }

  /// A PL/pgSQL that needs a function which this server does not have.
  func exchangeLibraryForNewer() throws {
    try exchange("lib/plpgsql.so") { path in
      let compiler = "$(command -v cc || command -v clang)"
      let source = "void of_a_newer_server(void); void _PG_init(void) { of_a_newer_server(); }"
      try Self.shell(
        "echo '\(source)' | \(compiler) -shared -fPIC -nostdlib -x c -o '\(path)' -", log: folder + "/log")
    }
  }

  /// The original file, under a new inode.
  func restore(_ file: String) throws {
    try exchange(file) { path in
      try? FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: self.path + "/" + file + ".old", toPath: path)
    }
  }

  private static func shell(_ command: String, log: String) throws {
    let program = try Program("/bin/sh", ["-c", command], logPath: log)
    guard try program.wait() == 0 else { throw Failure("\(command): \(program.log)") }
  }
}
