internal import FoundationEssentials
package import Glibc

/// All running processes. Zombies, which have ended and wait for their parent, do not count.
package func processes() -> [(pid: pid_t, parent: pid_t)] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return names.compactMap { name in
    guard let pid = pid_t(name), let stat = try? read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")")
    else { return nil }
    let fields = stat[end...].split(separator: " ")
    guard fields.count > 2, fields[1] != "Z", let parent = pid_t(fields[2]) else { return nil }
    return (pid, parent)
  }
}

/// Every process that has this directory in its command line or as its working directory.
package func processes(of directory: TemporaryDirectory) -> [String] {
  processes().compactMap { process in
    let command = (try? read("/proc/\(process.pid)/cmdline")) ?? ""
    let place = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.pid)/cwd")) ?? ""
    guard command.contains(directory.path) || place.hasPrefix(directory.path) else { return nil }
    return "\(process.pid) \(command.replacing("\0", with: " "))"
  }
}
