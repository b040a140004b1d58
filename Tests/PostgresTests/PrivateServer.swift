internal import Glibc
internal import Support

/// A PostgreSQL server of one test's own, to be stopped and frozen at will. It is cloned from one
/// initdb per run, listens on a socket in a temporary directory only, and is gone with this object.
final class PrivateServer: Sendable {
  /// What libpq calls the host.
  let directory: String

  static let programs = "/usr/lib/postgresql/15/bin"
  static let port = getenv("PGPORT").map { String(cString: $0) } ?? "5432"

  /// Made once, cleanly shut down, and copied: primary and standby are then one and the same system.
  private static let template = Result {
    let directory = try temporaryDirectory()
    templateToRemove = strdup(directory)
    atexit { _ = shell("rm -rf '\(String(cString: templateToRemove!))'") }
    try command("\(programs)/initdb -D '\(directory)/data' -U postgres -A trust -N -E UTF8 --no-locale")
    return directory
  }

  /// `following` makes it a standby of another; `lines` go into postgresql.conf, `access` in front of pg_hba.conf.
  init(following primary: PrivateServer? = nil, lines: [String] = [], access: String? = nil) throws {
    let template = try Self.template.get()
    directory = try temporaryDirectory()
    try Self.command("cp -a '\(template)/data' '\(directory)/data'")
    var settings = [
      "listen_addresses = ''", "unix_socket_directories = '\(directory)'", "port = \(Self.port)",
      "fsync = off", "shared_buffers = 16MB", "max_connections = 20", "autovacuum = off",
    ]
    if let primary {
      settings.append("primary_conninfo = 'host=\(primary.directory) port=\(Self.port) user=postgres'")
      try Self.command("touch '\(directory)/data/standby.signal'")
    }
    try append((settings + lines).joined(separator: "\n") + "\n", to: "postgresql.conf")
    if let access {
      try Self.command("mv '\(directory)/data/pg_hba.conf' '\(directory)/data/pg_hba.rest'")
      try append(access + "\n@include pg_hba.rest\nlocal all all trust\n", to: "pg_hba.conf")
    }
    try start()
  }

  deinit {
    stop()
    _ = shell("rm -rf '\(directory)'")
  }

  func start() throws {
    try Self.command("\(Self.programs)/pg_ctl -D '\(directory)/data' -l '\(directory)/log' -w start")
  }

  /// As if the power had gone: nobody is told good-bye.
  func stop() {
    try? Self.command("\(Self.programs)/pg_ctl -D '\(directory)/data' -m immediate -w stop")
  }

  private func append(_ text: String, to file: String) throws {
    guard let stream = fopen("\(directory)/data/\(file)", "a") else { throw ServerError("\(file) cannot be written") }
    fputs(text, stream)
    fclose(stream)
    try Self.command("test -r '\(directory)/data/\(file)'")
  }

  /// PostgreSQL refuses to run as root, so root steps down to www-data.
  private static func command(_ text: String) throws {
    let stepDown = getuid() == 0 ? "setpriv --reuid=www-data --regid=www-data --clear-groups " : ""
    guard shell("cd / && \(stepDown)\(text) >/dev/null 2>&1 </dev/null") else { throw ServerError(text) }
  }
}

struct ServerError: Error {
  let description: String
  init(_ description: String) { self.description = description }
}

nonisolated(unsafe) private var templateToRemove: UnsafeMutablePointer<CChar>?

/// Short, because the path of a socket has to fit into 107 bytes; owned by whoever runs PostgreSQL.
func temporaryDirectory() throws -> String {
  var name = Array("/tmp/tuckshop-XXXXXX".utf8CString)
  guard mkdtemp(&name) != nil else { throw ServerError("no temporary directory to be had") }
  let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  if getuid() == 0, let user = getpwnam("www-data")?.pointee { chown(path, user.pw_uid, user.pw_gid) }
  return path
}

private func shell(_ command: String) -> Bool { system(command) == 0 }
