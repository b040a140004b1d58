internal import FoundationEssentials
internal import Glibc
internal import Telemetry

enum ReloadCommand: Command {
  static let name = "reload"
  static let summary = "Replaces the workers one by one, so that a new binary takes over without a lost request."
  static let usage = "tuckshop reload [POOL…]"

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let named = try arguments.takeRest()
    let directory = try environment.value(\.worker.runDirectory)
    let memory = try SharedMemory(path: directory + "/shared.page")
    let pools = try (named.isEmpty ? Pool.allCases.map(\.name) : named).map { name in
      guard let pool = Pool.allCases.first(where: { $0.name == name }) else {
        throw UsageError("there is no pool \(name): use app, auth or ops")
      }
      return pool
    }
    for pool in pools {
      let watcher = try watcher(of: pool, in: directory)
      let old = children(of: watcher)
      for worker in old { try exchange(worker, of: pool, watchedBy: watcher, memory) }
      say("\(pool.name): \(old.count) workers exchanged")
    }
    return 0
  }

  private static func watcher(of pool: Pool, in directory: String) throws -> pid_t {
    let path = "\(directory)/\(pool.name).pid"
    guard let bytes = FileManager.default.contents(atPath: path),
      let pid = pid_t(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)), kill(pid, 0) == 0 || errno == EPERM
    else { throw SettingError("\(path) names no running pool") }
    return pid
  }

  /// Tells one worker to leave, and waits until its successor serves.
  private static func exchange(_ worker: pid_t, of pool: Pool, watchedBy watcher: pid_t, _ memory: SharedMemory) throws
  {
    let before = Set(children(of: watcher))
    guard kill(worker, SIGUSR1) == 0 || errno == ESRCH else {
      throw SystemError("cannot signal worker \(worker)")
    }
    for _ in 0..<3000 {
      let now = children(of: watcher)
      let fresh = now.filter { !before.contains($0) }
      let serving = memory.workers.contains { $0.isReady && $0.pool == pool && fresh.contains(pid_t($0.process)) }
      if !now.contains(worker) && serving { return }
      usleep(10_000)
    }
    throw SettingError("worker \(worker) was not replaced within 30 seconds")
  }

  private static func children(of parent: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { self.parent(of: $0) == parent }.sorted()
  }

  /// The fourth field of /proc/PID/stat, found behind the command's name, which may contain anything.
  private static func parent(of process: pid_t) -> pid_t? {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[end...].split(separator: " ")
    return fields.count > 2 && fields[1] != "Z" ? pid_t(fields[2]) : nil
  }
}
