package import Glibc

/// The queue for password hashes: as many workers hash at once as there are processors, a few more wait for their turn,
/// and one worker always stays free for requests without a hash. A full queue refuses further requests.
///
/// A worker that ends its turn rings the bell, which wakes the next one; if it dies instead, the next one looks by itself
/// after a while.
package final class HashingLine: @unchecked Sendable {
  private let locks: SharedLocks
  private let places: Places
  private let bell: UnsafeMutablePointer<sem_t>
  private let turns: Int

  private static let firstPlace = 4096
  private static let looks = 100
  private static let millisecondsBetweenLooks = 20

  /// The descriptor and the semaphore belong to memory that lives as long as the line.
  package init(
    descriptor: Int32, bell: UnsafeMutablePointer<sem_t>, turns: Int, workers: @escaping @Sendable () -> Int
  ) {
    locks = SharedLocks(descriptor: descriptor)
    self.bell = bell
    self.turns = turns
    places = Places(locks, from: Self.firstPlace) {
      let workers = workers()
      return workers > turns ? workers - 1 : turns
    }
  }

  /// One turn per processor.
  package static var turnsByProcessors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Nil if the line is full.
  fileprivate func join() -> Place? { places.take().map { Place(self, $0) } }

  /// A place in the line for as long as it lives. Without a line there is always one.
  package final class Place {
    private let line: HashingLine?
    private let place: Places.Place?

    fileprivate init(_ line: HashingLine?, _ place: Places.Place? = nil) {
      self.line = line
      self.place = place
    }

    /// Nil if the turn does not come, which means that a hashing worker is stuck.
    package func atTurn<T>(_ body: () throws -> T) rethrows -> T? {
      guard let line else { return try body() }
      var looksLeft = HashingLine.looks
      while looksLeft > 0 {
        for turn in 0..<line.turns where line.locks.take(turn) {
          defer {
            line.locks.release(turn)
            line.ring()
          }
          return try body()
        }
        if !line.waitForBell() { looksLeft -= 1 }
      }
      return nil
    }
  }

  /// Not more often than there are turns: with nobody waiting, the rings would add up.
  private func ring() {
    var rings: Int32 = 0
    if sem_getvalue(bell, &rings) == 0 && rings < turns { sem_post(bell) }
  }

  /// False if it did not ring for a while.
  private func waitForBell() -> Bool {
    var end = timespec()
    clock_gettime(CLOCK_REALTIME, &end)
    end.tv_nsec += HashingLine.millisecondsBetweenLooks * 1_000_000
    if end.tv_nsec >= 1_000_000_000 { (end.tv_sec, end.tv_nsec) = (end.tv_sec + 1, end.tv_nsec - 1_000_000_000) }
    return sem_timedwait(bell, &end) == 0
  }
}

/// The ways in which a request may check a password: passwords verified before, and the line for hashing.
package struct Hashing: Sendable {
  package let verified: VerifiedPasswords?
  private let line: HashingLine?
  private let isInTime: Bool

  /// Without a line there is a place for every request in time.
  package init(verified: VerifiedPasswords? = nil, line: HashingLine? = nil, isInTime: Bool = true) {
    self.verified = verified
    self.line = line
    self.isInTime = isInTime
  }

  /// Keep it until the request is answered, so that a worker stays free for requests without a hash.
  package func place() -> HashingLine.Place? {
    guard isInTime else { return nil }
    guard let line else { return HashingLine.Place(nil) }
    return line.join()
  }
}
