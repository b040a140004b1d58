internal import Identity
internal import Ledger
internal import Postgres
internal import Shop
internal import Telemetry

/// Periodic cleanup in the pool `ops`: gives back overdue reservations, deletes expired rows and updates totals. The
/// chores take turns in steps of some rows, so that none delays the others or a probe.
final class Housekeeping {
  /// One step of at most so many rows; false if there was nothing left to do.
  private typealias Chore = (_ most: Int, borrowing Connection) throws -> Bool

  /// After half of it no further step begins. A step that still runs at its end is cancelled.
  static let sliceMilliseconds = 50
  private static let pauseMilliseconds = 100
  private static let restMilliseconds = 10_000
  private static let mostRows = 200

  private let chores: [Chore]
  /// The chores that have something left to do, in turn.
  private var waiting: [Chore] = []
  private var due = Deadline.now
  /// Fewer if PostgreSQL is too slow for that many in one slice.
  private var rows = mostRows

  /// After the time of a request, the id of an operation has reached PostgreSQL, or never will.
  init(requestMilliseconds: Int) {
    let age = requestMilliseconds + 10_000
    let expiry: Chore = { _, connection in try Reservation.expireOne(on: connection) }
    let totals: Chore = { most, connection in
      var sequence = UUIDSequence()
      let before = sequence.next(milliseconds: UInt64(max(0, Clock.unixMilliseconds - age)))
      return try Statistics.rollUp(before: before, most: most, on: connection)
    }
    chores = [expiry, totals] + Expired.allCases.map { kind in { try kind.prune($0, on: $1) } }
  }

  var isDue: Bool { due.hasPassed }

  /// One slice; true when everything is done for now.
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
        // The next round tries it again. The session may be gone.
        rows = max(10, rows / 2)
        isWell = false
        note(error)
      }
    }
    due = .after(milliseconds: waiting.isEmpty ? Self.restMilliseconds : Self.pauseMilliseconds)
    return waiting.isEmpty && isWell
  }
}
