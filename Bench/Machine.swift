internal import FoundationEssentials
internal import Glibc
internal import Support

func say(_ text: String) { put(text + "\n", to: 1) }

func complain(_ text: String) { put("bin/bench: \(text)\n", to: 2) }

private func put(_ text: String, to descriptor: Int32) {
  let bytes = Array(text.utf8)
  _ = write(descriptor, bytes, bytes.count)
}

func sleep(until end: Double) {
  let rest = end - monotonicSeconds()
  if rest > 0 { usleep(UInt32(rest * 1e6)) }
}

/// A time in the shop's format.
func timestamp(secondsAgo: Int = 0) -> String {
  Date(timeIntervalSinceNow: -Double(secondsAgo)).formatted(.iso8601)
}

/// The date, the machine and its load at the start of a measurement.
func announce(_ what: String) throws {
  let load = try read("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
  say("\(timestamp()), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors, load average \(load), \(what).")
}

/// Shows progress in a terminal.
func eachRound(_ rounds: Int, _ body: () throws -> Void) throws {
  for round in 1...rounds {
    if isatty(2) == 1 { put("\rround \(round) of \(rounds) …\r", to: 2) }
    try body()
  }
}

/// Processor time, from /proc/PID/stat.
enum ProcessorTime {
  static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

  /// User and system time of all these processes.
  static func of(_ pids: [pid_t]) throws -> Double { try sum(pids, fields: 11...12) }

  /// The same, with that of their ended children: a session of PostgreSQL passes its time to its parent when it ends.
  static func withEnded(_ pids: [pid_t]) throws -> Double { try sum(pids, fields: 11...14) }

  static func ofEnded(_ pid: pid_t) throws -> Double { try sum([pid], fields: 13...14) }

  /// Fields are counted from the one after the process's name, which may contain blanks. A process that has ended is
  /// skipped.
  private static func sum(_ pids: [pid_t], fields: ClosedRange<Int>) throws -> Double {
    var ticks = 0.0
    for pid in pids {
      guard let stat = try? read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { continue }
      let words = stat[stat.index(after: end)...].split(separator: " ")
      for field in fields where field < words.count { ticks += Double(words[field]) ?? 0 }
    }
    return ticks / ticksPerSecond
  }
}

/// Memory that a process shares with no other.
func privateMiB(of pid: pid_t) throws -> Double {
  let lines = try read("/proc/\(pid)/smaps_rollup").split(separator: "\n")
  let ours = lines.filter { $0.hasPrefix("Private_Clean:") || $0.hasPrefix("Private_Dirty:") }
  return ours.compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Double($0) } }.reduce(0, +) / 1024
}
