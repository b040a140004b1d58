internal import Glibc
internal import Postgres
internal import Support
internal import Synchronization
internal import Testing

/// The two words of a breaker in shared memory: open until (in milliseconds), and consecutive failures.
private final class Words: @unchecked Sendable {
  let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 2)
  var breaker: Breaker { Breaker(words: words) }
  var opensUntil: UInt64 { words[0].load(ordering: .relaxed) }
  var failures: UInt64 { words[1].load(ordering: .relaxed) }

  init(opensUntil: UInt64 = 0, failures: UInt64 = 0) {
    words.initialize(to: Atomic(opensUntil))
    (words + 1).initialize(to: Atomic(failures))
  }

  deinit { words.deallocate() }

  func becomeDue() { words[0].store(1, ordering: .relaxed) }
}

private func isOpen(_ admission: Breaker.Admission) -> Bool {
  if case .open(let milliseconds) = admission { return milliseconds > 0 } else { return false }
}

private var nowMilliseconds: UInt64 { Deadline.now.nanoseconds / 1_000_000 }

@Suite(.tiers(.unit))
struct BreakerTests {
  @Test func `a breaker without a failure lets every attempt through`() {
    let words = Words()
    let admissions = (1...5).map { _ in words.breaker.admit() }
    #expect(admissions == Array(repeating: .closed, count: 5))
  }

  @Test func `after a failure no attempt gets through for a while`() {
    let words = Words(failures: 7)
    words.breaker.failed()
    #expect(isOpen(words.breaker.admit()))
  }

  @Test func `after the pause one attempt may probe, and the next one may not`() {
    let words = Words(failures: 3)
    words.becomeDue()
    let first = words.breaker.admit()
    let second = words.breaker.admit()
    #expect(first == .probe)
    #expect(isOpen(second))
  }

  @Test func `a failed probe opens it again, and a successful one closes it`() {
    let words = Words(failures: 7)
    words.becomeDue()
    _ = words.breaker.admit()
    words.breaker.failed()
    #expect(isOpen(words.breaker.admit()))
    #expect(words.failures == 8)
    words.breaker.succeeded()
    #expect(words.breaker.admit() == .closed)
    #expect(words.failures == 0)
  }

  @Test func `the turn of a probe that never came back goes to another`() {
    let words = Words(failures: 3)
    words.becomeDue()
    #expect(words.breaker.admit() == .probe)
    words.becomeDue()
    #expect(words.breaker.admit() == .probe)
  }

  @Test(arguments: [
    (0, 25, 50), (1, 50, 100), (2, 100, 200), (4, 400, 800), (5, 500, 1000), (15, 500, 1000), (1_000_000, 500, 1000),
  ])
  func `pauses double up to one second and are never shorter than half`(
    failures: UInt64, shortest: UInt64, longest: UInt64
  ) {
    for _ in 1...20 {
      let words = Words(failures: failures)
      let before = nowMilliseconds
      words.breaker.failed()
      let after = nowMilliseconds
      #expect(words.opensUntil >= before + shortest)
      #expect(words.opensUntil <= after + longest)
    }
  }

  @Test(arguments: [UInt64(10_000), 3_600_000, 1 << 50])
  func `a time further away than any pause is from before a reboot, and is probed`(ahead: UInt64) {
    let words = Words(opensUntil: nowMilliseconds + ahead, failures: 3)
    #expect(words.breaker.admit() == .probe)
    #expect(isOpen(words.breaker.admit()))
  }

  @Test(.tiers(.concurrency)) func `of many concurrent attempts exactly one probes`() throws {
    let rounds = (0..<2000).map { _ in Words(opensUntil: 1, failures: 5) }
    let arrived = Words()
    let admissions = try onThreads(4) { _ in
      rounds.enumerated().map { round, words in
        // They meet before each round without sleeping; otherwise they would seldom arrive at the same moment.
        arrived.words.pointee.add(1, ordering: .sequentiallyConsistent)
        while arrived.opensUntil < UInt64(4 * (round + 1)) { sched_yield() }
        return words.breaker.admit()
      }
    }
    for round in rounds.indices {
      let here = admissions.map { $0[round] }
      #expect(here.count { $0 == .probe } == 1)
      #expect(here.count { isOpen($0) } == 3)
    }
  }

  @Test(.tiers(.concurrency)) func `concurrent failures are all counted`() throws {
    let words = Words()
    _ = try onThreads(8) { _ in for _ in 1...100 { words.breaker.failed() } }
    #expect(words.failures == 800)
  }
}

@Suite(.tiers(.database))
struct BreakerLendingTests {
  @Test func `with an open breaker a lender fails at once without connecting`() throws {
    let words = Words(failures: 7)
    let lender = makeLender(breaker: words.breaker)
    words.breaker.failed()
    let error = #expect(throws: PostgresError.self) { try lender.lend(until: ample) { _ in } }
    #expect(error?.reason == .connection)
    #expect(error?.isUnavailable == true)
    #expect([lender.opened, lender.failures] == [0, 0])
  }

  @Test func `a probing lender connects once, and closes the breaker when it succeeds`() throws {
    let away = try Doorstep()
    let words = Words(failures: 5)
    let unlucky = makeLender(away.settings(), breaker: words.breaker)
    words.becomeDue()
    #expect(throws: PostgresError.self) { try unlucky.lend(until: ample) { _ in } }
    #expect(unlucky.failures == 1)
    #expect(isOpen(words.breaker.admit()))

    let lucky = makeLender(breaker: words.breaker)
    words.becomeDue()
    try lucky.lend(until: ample) { _ in }
    #expect(lucky.opened == 1)
    #expect(words.breaker.admit() == .closed)
  }

  @Test func `a borrower without any time left proves nothing about the server`() throws {
    let words = Words()
    let lender = makeLender(breaker: words.breaker)
    #expect(throws: PostgresError.self) { try lender.lend(until: .after(milliseconds: -1)) { _ in } }
    #expect(words.breaker.admit() == .closed)
  }
}
