internal import Glibc

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
