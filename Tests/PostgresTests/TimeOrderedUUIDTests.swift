import FoundationEssentials
import Postgres
import Support
import Synchronization
import Testing

@Suite(.tiers(.unit))
struct TimeOrderedUUIDTests {
  @Test func `a time-ordered UUID has version 7 and begins with the time`() {
    var sequence = UUIDSequence()
    let uuid = sequence.next(milliseconds: 0xF000_1234_5678).uuid
    #expect([uuid.0, uuid.1, uuid.2, uuid.3, uuid.4, uuid.5] == [0xF0, 0x00, 0x12, 0x34, 0x56, 0x78])
    #expect(uuid.6 >> 4 == 7)
    #expect(uuid.8 >> 6 == 0b10)
  }

  @Test func `each is larger than the one before, even if the clock stands still or goes back`() {
    var sequence = UUIDSequence()
    let start: UInt64 = 1_700_000_000_000
    let made = (0..<20_000 as Range<UInt64>).map { step in
      sequence.next(milliseconds: step < 10_000 ? start : start - step).uuidString
    }
    #expect(made == made.sorted())
    #expect(Set(made).count == 20_000)
  }

  @Test func `once the clock has caught up, ids carry the real time again`() {
    var sequence = UUIDSequence()
    _ = sequence.next(milliseconds: 2)
    _ = sequence.next(milliseconds: 1)
    let uuid = sequence.next(milliseconds: 3).uuid
    #expect(uuid.5 == 3)
  }

  private final class Collected: Sendable {
    let texts = Mutex<[String]>([])
  }

  @Test func `ids from several threads are in order and distinct`() {
    let collected = Collected()
    let threads = (0..<4).map { _ in
      Support.Thread {
        let made = (0..<2000).map { _ in UUID.timeOrdered().uuidString }
        if made == made.sorted() { collected.texts.withLock { $0 += made } }
      }
    }
    for thread in threads { thread.join() }
    let all = collected.texts.withLock(\.self)
    #expect(all.count == 8000)
    #expect(Set(all).count == 8000)
  }
}
