package import FoundationEssentials
internal import Glibc
internal import Synchronization

extension UUID {
  /// A UUID of version 7 (RFC 9562, section 5.7), larger than every one this process made before.
  package static func timeOrdered() -> UUID {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    return sequence.withLock { $0.next(milliseconds: now) }
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
    let random = Random.bytes(10)
    if now > milliseconds || counter == 0xFFF {
      milliseconds = max(now, milliseconds + 1)
      // Starts in the lower half, so that there is room to count.
      counter = UInt64(random[8] & 7) << 8 | UInt64(random[9])
    } else {
      counter += 1
    }
    return UUID(
      uuid: (
        timeByte(5), timeByte(4), timeByte(3), timeByte(2), timeByte(1), timeByte(0),
        0x70 | UInt8(counter >> 8), UInt8(counter & 0xFF), 0x80 | random[0] & 0x3F, random[1],
        random[2], random[3], random[4], random[5], random[6], random[7]
      ))
  }

  private func timeByte(_ place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: milliseconds >> (place * 8)) }
}

extension UUID {
  /// A UUID of version 8 (RFC 9562, section 5.8): as many bits of the text's SHA-256 as there is room for.
  package init(digesting text: String) {
    var bytes = Array(Digest.sha256(Array(text.utf8)).prefix(16))
    bytes[6] = 0x80 | bytes[6] & 0x0F
    bytes[8] = 0x80 | bytes[8] & 0x3F
    self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }
}
