internal import Glibc
internal import Postgres
internal import Support

/// A directory in which libpq looks for a server's socket, with the sockets that a test puts there.
struct Doorstep {
  private let home: TemporaryDirectory
  var directory: String { home.path }
  private var socketPath: String { home / ".s.PGSQL.\(PrivateServer.port)" }

  init() throws { home = try TemporaryDirectory() }

  /// The host alone, or in a list with others.
  func settings(before others: String = "", user: String = TestCluster.owner) -> ConnectionSettings {
    var settings = TestCluster.settings(user: user)
    settings.conninfo = "host=\(directory)\(others) dbname=tuckshop user=\(user)"
    return settings
  }

  /// A socket that accepts every connection and never answers, for as long as it is kept.
  func listenInSilence() throws -> Listener { try Listener(path: socketPath) }

  func write(_ name: String, _ text: String) throws -> String {
    try home.write(name, text)
    return home / name
  }

  /// From now on the test cluster answers here.
  func open() throws {
    let target = "\(TestCluster.host)/.s.PGSQL.\(PrivateServer.port)"
    guard symlink(target, socketPath + ".new") == 0, rename(socketPath + ".new", socketPath) == 0 else {
      throw Failure("no way from \(socketPath) to \(target)")
    }
  }
}

/// A port of the loopback interface without a listener: it stays bound, so that nobody can listen on it.
func withClosedPort<T>(_ body: (_ port: Int) throws -> T) throws -> T {
  let holder = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(holder) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let status = withUnsafeMutablePointer(to: &address) { address in
    address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(holder, $0, length) + getsockname(holder, $0, &length)
    }
  }
  guard status == 0 else { throw Failure("no port to be had") }
  return try body(Int(address.sin_port.bigEndian))
}
