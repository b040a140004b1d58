internal import Glibc

/// A time on the monotonic clock by which something must be over.
package struct Deadline: Sendable, Comparable {
  package let nanoseconds: UInt64

  package static var now: Deadline { Deadline(nanoseconds: monotonicNanoseconds()) }

  package static func after(milliseconds: Int) -> Deadline {
    Deadline(nanoseconds: monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000)
  }

  /// Rounded up, so that a wait never ends a moment too early and spins.
  package var remainingMilliseconds: Int {
    let now = monotonicNanoseconds()
    return nanoseconds <= now ? 0 : Int((nanoseconds - now + 999_999) / 1_000_000)
  }

  package var hasPassed: Bool { monotonicNanoseconds() >= nanoseconds }

  package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// The same for all processes of the machine, so that it can stand in shared memory.
package func monotonicNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

func nanoseconds(of clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
