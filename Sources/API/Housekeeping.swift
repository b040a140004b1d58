internal import FoundationEssentials
internal import Identity
internal import Ledger
internal import Postgres
internal import Shop
internal import Telemetry
internal import Tokens

/// The chores of the pool `ops`: what is overdue goes back, what has expired is forgotten, and totals are added up. They
/// come in steps of some rows, taken in turn, so that no chore keeps the others waiting, nor any of them a probe.
final class Housekeeping {
  /// One step, of so many rows at the most; false if there was nothing left to do.
  private typealias Chore = (_ most: Int, borrowing Connection) throws -> Bool

  /// After half of it no further step begins, and whatever runs at its end is broken off.
  static let sliceMilliseconds = 50
  private static let pauseMilliseconds = 100
  private static let restMilliseconds = 10_000
  private static let mostRows = 200

  private let chores: [Chore]
  /// Those that have something left to do, in turn.
  private var waiting: [Chore] = []
  private var due = Deadline.now
  /// Fewer where PostgreSQL is too slow for so many in one slice.
  private var rows = mostRows

  /// Whoever made an id for an operation has come to PostgreSQL with it by the time a request has, or not at all.
  init(requestMilliseconds: Int) {
    let age = requestMilliseconds + 10_000
    let expiry: Chore = { _, connection in try Reservation.expireOne(naming: UUID.timeOrdered, on: connection) }
    let totals: Chore = { most, connection in
      var sequence = UUIDSequence()
      let before = sequence.next(milliseconds: UInt64(max(0, Clock.unixMilliseconds - age)))
      return try Statistics.rollUp(before: before, most: most, on: connection)
    }
    chores = [expiry, totals] + Expired.allCases.map { kind in { try kind.prune($0, on: $1) } }
  }

  var isDue: Bool { due.hasPassed }

  /// A slice of it; true when everything is done for now.
  func work(on connection: borrowing Connection, note: (any Error) -> Void) -> Bool {
    if waiting.isEmpty { waiting = chores }
    let end = Deadline.after(milliseconds: Self.sliceMilliseconds / 2)
    var isWell = true
    while !waiting.isEmpty && !end.hasPassed && isWell {
      let chore = waiting.removeFirst()
      do {
        if try chore(rows, connection) { waiting.append(chore) }
        rows = min(Self.mostRows, rows * 2)
      } catch {
        // It comes again with the next round; the session may be gone.
        rows = max(10, rows / 2)
        isWell = false
        note(error)
      }
    }
    due = .after(milliseconds: waiting.isEmpty ? Self.restMilliseconds : Self.pauseMilliseconds)
    return waiting.isEmpty && isWell
  }
}
