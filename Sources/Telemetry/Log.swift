internal import Glibc
internal import Notation

/// One JSON object a line on file descriptor 2, written with a single call so that lines of two workers do not mix.
package struct Log: Sendable {
  package enum Level: Int, CaseIterable, Sendable {
    case debug, info, warning, error
  }

  private let threshold: Level
  private let common: [(String, String)]
  private let descriptor: Int32

  package init(threshold: Level = .info, common: [(String, String)] = [], descriptor: Int32 = 2) {
    self.threshold = threshold
    self.common = common
    self.descriptor = descriptor
  }

  package func callAsFunction(_ level: Level, _ message: String, _ fields: (String, String)...) {
    guard level.rawValue >= threshold.rawValue else { return }
    let members = [("time", Clock.timestamp), ("level", "\(level)"), ("message", message)] + common + fields
    let object = JSON.object(members.map { JSON.Member(name: $0, value: .string($1)) })
    // JSON allows DEL in a string, but a terminal may show the line.
    let line = String(decoding: object.bytes, as: UTF8.self).replacing("\u{7F}", with: #"\u007f"#) + "\n"
    let bytes = Array(line.utf8)
    // There is nowhere to report that the log itself cannot be written.
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }
}

package enum Clock {
  package static var monotonicNanoseconds: UInt64 { read(CLOCK_MONOTONIC) }
  package static var unixSeconds: Int { unixMilliseconds / 1000 }
  package static var unixMilliseconds: Int { Int(read(CLOCK_REALTIME) / 1_000_000) }

  /// Now in UTC, to the second: `2026-11-21T08:30:00Z`.
  package static var timestamp: String {
    var now = time_t(unixMilliseconds / 1000)
    var parts = tm()
    gmtime_r(&now, &parts)
    return String(unsafeUninitializedCapacity: 32) { buffer in
      buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress!, $0.count, "%Y-%m-%dT%H:%M:%SZ", &parts) }
    }
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
