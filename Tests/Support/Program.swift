internal import FoundationEssentials
internal import Glibc

/// A child process: it starts in init, and deinit ends it if it is still running.
package final class Program: @unchecked Sendable {
  package let pid: Int32
  private let logPath: String
  private var status: Int32?

  /// A program that SwiftPM built beside the tests, by name, or any program by its path.
  package init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: Int32? = nil,
    logPath: String
  ) throws {
    self.logPath = logPath
    let path = program.hasPrefix("/") ? program : Self.built(program)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A process group of its own, so that a test can signal the whole group as a terminal does.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // A shell lets what it runs in the background ignore Ctrl-C, and bash could not even set a trap for it.
    var interrupts = sigset_t()
    sigemptyset(&interrupts)
    for signal in [SIGINT, SIGQUIT, SIGHUP] { sigaddset(&interrupts, signal) }
    posix_spawnattr_setsigdefault(&attributes, &interrupts)

    let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let argv = ([path] + arguments).map { strdup($0) } + [nil]
    let envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var started: pid_t = 0
    let result = posix_spawn(&started, path, &actions, &attributes, argv, envp)
    guard result == 0 else { throw Failure("cannot start \(path): \(String(cString: strerror(result)))") }
    pid = started
  }

  deinit {
    guard status == nil else { return }
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// Its exit code, or a negative signal number.
  package func wait(seconds: Int = 30) throws -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    try eventually("process \(pid) ends", seconds: seconds) { waitpid(self.pid, &raw, WNOHANG) == self.pid }
    let code = raw & 0x7F == 0 ? raw >> 8 & 0xFF : -(raw & 0x7F)
    status = code
    return code
  }

  package func signal(_ signal: Int32) { kill(pid, signal) }

  package var log: String {
    FileManager.default.contents(atPath: logPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  package static func built(_ name: String) -> String {
    // The test bundle lies beside the programs; /proc names its path, whatever the build directory is called. A program
    // that is not a test lies there itself.
    let maps = FileManager.default.contents(atPath: "/proc/self/maps") ?? Data()
    let line = String(decoding: maps, as: UTF8.self).split(separator: "\n").first { $0.hasSuffix(".xctest") }
    let path =
      if let line, let start = line.firstIndex(of: "/") {
        String(line[start...])
      } else {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
      }
    return URL(filePath: path).deletingLastPathComponent().appending(path: name).path
  }
}

package struct Failure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Waits until the condition holds, and fails if it never does. The limit is for hanging tests only.
package func eventually(
  _ what: String, seconds: Int = 30, _ holds: () throws -> Bool
) throws {
  let end = monotonicSeconds() + Double(seconds)
  while try !holds() {
    if monotonicSeconds() > end { throw Failure("waited \(seconds) s in vain until \(what)") }
    usleep(1000)
  }
}

package func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
