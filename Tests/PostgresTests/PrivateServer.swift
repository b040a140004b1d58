internal import Glibc
internal import Support

/// A PostgreSQL server for one test, which may stop and freeze it. It is cloned from one initdb per run, listens only
/// on a socket in a temporary directory, and ends with this object.
final class PrivateServer: Sendable {
  /// The host for libpq.
  var directory: String { home.path }
  private let home: TemporaryDirectory

  static let programs = "/usr/lib/postgresql/15/bin"
  static let port = getenv("PGPORT").map { String(cString: $0) } ?? "5432"

  /// Made once, cleanly shut down, and copied: primary and standby are then one and the same system.
  private static let template = Result {
    let home = try accessibleDirectory()
    templateToRemove = strdup(home.path)
    atexit { _ = shell("rm -rf '\(String(cString: templateToRemove!))'") }
    try command("\(programs)/initdb -D '\(home.path)/data' -U postgres -A trust -N -E UTF8 --no-locale")
    return home
  }

  /// `following` makes it a standby of another; `lines` go into postgresql.conf, `access` comes first in pg_hba.conf.
  init(following primary: PrivateServer? = nil, lines: [String] = [], access: String? = nil) throws {
    let template = try Self.template.get()
    home = try Self.accessibleDirectory()
    try Self.command("cp -a '\(template.path)/data' '\(directory)/data'")
    var settings = [
      "listen_addresses = ''", "unix_socket_directories = '\(directory)'", "port = \(Self.port)",
      "fsync = off", "shared_buffers = 16MB", "autovacuum = off",
    ]
    if let primary {
      settings.append("primary_conninfo = 'host=\(primary.directory) port=\(Self.port) user=postgres'")
      try Self.command("touch '\(directory)/data/standby.signal'")
    }
    try append((settings + lines).joined(separator: "\n") + "\n", to: "postgresql.conf")
    if let access {
      try Self.command("truncate --size=0 '\(directory)/data/pg_hba.conf'")
      try append("\(access)\nlocal all all trust\n", to: "pg_hba.conf")
    }
    try start()
  }

  deinit { stop() }

  func start() throws {
    try Self.command("\(Self.programs)/pg_ctl -D '\(directory)/data' -l '\(directory)/log' -w start")
  }

  /// Like a power failure: no client is notified.
  func stop() {
    try? Self.command("\(Self.programs)/pg_ctl -D '\(directory)/data' -m immediate -w stop")
  }

  /// Owned by the user that runs PostgreSQL.
  private static func accessibleDirectory() throws -> TemporaryDirectory {
    let home = try TemporaryDirectory()
    if getuid() == 0, let user = getpwnam("www-data")?.pointee { chown(home.path, user.pw_uid, user.pw_gid) }
    return home
  }

  private func append(_ text: String, to file: String) throws {
    guard let stream = fopen("\(directory)/data/\(file)", "a") else { throw Failure("\(file) cannot be written") }
    fputs(text, stream)
    fclose(stream)
  }

  /// PostgreSQL refuses to run as root, so root becomes www-data.
  private static func command(_ text: String) throws {
    let stepDown = getuid() == 0 ? "setpriv --reuid=www-data --regid=www-data --clear-groups " : ""
    guard shell("cd / && \(stepDown)\(text) >/dev/null 2>&1 </dev/null") else { throw Failure(text) }
  }
}

nonisolated(unsafe) private var templateToRemove: UnsafeMutablePointer<CChar>?

private func shell(_ command: String) -> Bool { system(command) == 0 }
