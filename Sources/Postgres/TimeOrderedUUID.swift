package import FoundationEssentials
internal import Glibc
internal import Synchronization

extension UUID {
  /// A UUID of version 7 (RFC 9562, section 5.7), larger than every one this process made before.
  package static func timeOrdered() -> UUID {
    sequence.withLock { $0.next(milliseconds: nanoseconds(of: CLOCK_REALTIME) / 1_000_000) }
  }

  private static let sequence = Mutex(UUIDSequence())
}

/// UUIDs of version 7, each larger than the last: 48 bits of time, 12 bits of counter, 62 random bits.
package struct UUIDSequence: Sendable {
  private var milliseconds: UInt64 = 0
  private var counter: UInt64 = 0

  package init() {}

  /// If the clock stands still or goes back, the counter of the latest millisecond goes on.
  package mutating func next(milliseconds now: UInt64) -> UUID {
    let tail = UInt64.random(in: 0...UInt64.max)
    if now > milliseconds || counter == 0xFFF {
      milliseconds = max(now, milliseconds + 1)
      // Starts in the lower half, so that there is room to count.
      counter = UInt64.random(in: 0...0x7FF)
    } else {
      counter += 1
    }
    return UUID(
      uuid: (
        byte(milliseconds, 5), byte(milliseconds, 4), byte(milliseconds, 3), byte(milliseconds, 2),
        byte(milliseconds, 1), byte(milliseconds, 0),
        0x70 | UInt8(counter >> 8), UInt8(counter & 0xFF), 0x80 | UInt8(tail >> 56) & 0x3F, byte(tail, 6),
        byte(tail, 5), byte(tail, 4), byte(tail, 3), byte(tail, 2), byte(tail, 1), byte(tail, 0)
      ))
  }

  private func byte(_ word: UInt64, _ place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (place * 8)) }
}
