internal import API
internal import Glibc
internal import Identity
internal import Ledger
internal import Postgres
internal import Telemetry
internal import Tokens

/// A worker's numbers in the shared memory, and the decision when it has lived long enough.
struct WorkerLife {
  private let entry: WorkerEntry
  private let lender: Lender
  private let settings: WorkerSettings
  private let endNanoseconds: UInt64
  private let discardedSeries: [Series]
  private let sessionSeries: Series
  private var discardedBefore: [UInt64] = [0, 0, 0]
  private var sessionsBefore = 0
  private(set) var requests = 0
  private var residentKilobytes = 0

  init(_ settings: WorkerSettings, memory: SharedMemory, lender: Lender) {
    self.settings = settings
    self.lender = lender
    // Ten per cent of spread, so that workers that started together do not leave together.
    let spread = Double.random(in: 0.9...1)
    let seconds = settings.maxAgeSeconds == 0 ? .infinity : Double(settings.maxAgeSeconds) * spread
    endNanoseconds = seconds.isInfinite ? .max : Clock.monotonicNanoseconds + UInt64(seconds * 1e9)
    let pool = settings.pool.name
    discardedSeries = ["stale", "silent", "malformed"].map { memory.series(\.connectionsDiscarded, pool, $0) }
    sessionSeries = memory.series(\.databaseSessions, pool)
    memory.series(\.workerStarts, pool).add()
    entry = memory.enter(process: Int(getpid()), pool: settings.pool)
    entry.becomeReady()
    report()
  }

  mutating func goesOn(wasIdle: Bool, discarded: (stale: UInt64, silent: UInt64, malformed: UInt64)) -> Bool {
    if !wasIdle { requests += 1 }
    if wasIdle || requests % 256 == 0 {
      count([discarded.stale, discarded.silent, discarded.malformed])
      residentKilobytes = Self.residentKilobytesNow()
    }
    report()
    return !hasLivedLongEnough
  }

  func end() { entry.leave() }

  /// One hash serves all workers of the pool, and they take turns in computing one.
  func share(with desk: FrontDesk, in memory: SharedMemory) {
    let shared = memory.poolMemory(of: entry, words: VerifiedPasswords.wordCount, fill: VerifiedPasswords.fill)
    desk.verified = VerifiedPasswords(words: shared.words, owner: shared)
    guard shared.descriptor >= 0 else { return }
    let pool = settings.pool
    let workers = { @Sendable in memory.workers.count { $0.pool == pool } }
    desk.line = HashingLine(
      descriptor: shared.descriptor, bell: shared.bell, turns: HashingLine.turnsByProcessors, workers: workers)
    desk.openID?.share(Places.forCalls(descriptor: shared.descriptor, workers: workers))
  }

  /// A name that one worker has read is known to all of the pool. False if there is no room for such memory, so that
  /// each worker has its own.
  func shareNames(in memory: SharedMemory) -> Bool {
    let count = settings.directoryMebibytes * (1_048_576 / 8)
    let shared = memory.poolMemory(of: entry, words: count) { _ in }
    settings.storefront.walletInfo.names = NameDirectory(words: shared.words, count: count, owner: shared)
    return shared.descriptor >= 0
  }

  private var hasLivedLongEnough: Bool {
    if settings.maxRequests > 0 && requests >= settings.maxRequests { return true }
    if settings.maxResidentMebibytes > 0 && residentKilobytes > settings.maxResidentMebibytes * 1024 { return true }
    return Clock.monotonicNanoseconds >= endNanoseconds
  }

  private func report() {
    entry.report(requests: requests, residentKilobytes: residentKilobytes, sessions: lender.opened)
  }

  private mutating func count(_ discarded: [UInt64]) {
    for (index, total) in discarded.enumerated() where total > discardedBefore[index] {
      discardedSeries[index].add(Int(total - discardedBefore[index]))
    }
    discardedBefore = discarded
    if lender.opened > sessionsBefore { sessionSeries.add(lender.opened - sessionsBefore) }
    sessionsBefore = lender.opened
  }

  /// The second number of /proc/self/statm without the third, in pages: what is shared is no worker's own.
  private static func residentKilobytesNow() -> Int {
    let text = String(decoding: (try? contents(of: "/proc/self/statm")) ?? [], as: UTF8.self)
    let pages = text.split(separator: " ").compactMap { Int($0) }
    return pages.count > 2 ? (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024 : 0
  }
}
