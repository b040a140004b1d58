internal import Identity
internal import Ledger
internal import Postgres
internal import Shop
internal import Telemetry

/// Background work in the pool `ops`: gives back overdue reservations, gives the coins of large grants, deletes expired
/// rows and updates totals. The chores take turns in steps of some rows, so that none delays the others or a probe.
final class Housekeeping {
  private struct Chore {
    /// One step of at most so many rows; false if there was nothing left to do.
    let step: (_ most: Int, borrowing Connection) throws -> Bool
    /// As many as PostgreSQL can do in a part of a slice. A row of one chore takes longer than a row of another.
    var rows = 50
  }

  /// After half of it no further step begins. A step that still runs at its end is cancelled.
  static let sliceMilliseconds = 50
  private static let pauseMilliseconds = 100
  private static let restMilliseconds = 10_000
  private static let rowLimits = 5...200

  private var chores: [Chore]
  /// The chores that have something left to do, in turn.
  private var waiting: [Int] = []
  /// A round that lasts longer, because of a large grant, begins again with all chores.
  private var roundEnd = Deadline.now
  private var due = Deadline.now

  /// After the time of a request, the id of an operation has reached PostgreSQL, or never will.
  init(requestMilliseconds: Int) {
    let age = requestMilliseconds + 10_000
    let expiry = Chore { _, connection in try Reservation.expireOne(on: connection) }
    let totals = Chore { most, connection in
      var sequence = UUIDSequence()
      let before = sequence.next(milliseconds: UInt64(max(0, Clock.unixMilliseconds - age)))
      return try Statistics.rollUp(before: before, most: most, on: connection)
    }
    let grants = Chore { most, connection in try Grants.giveAny(most, on: connection) }
    chores = [expiry, grants, totals] + Expired.allCases.map { kind in Chore { try kind.prune($0, on: $1) } }
  }

  var isDue: Bool { due.hasPassed }

  /// One slice; true when everything is done for now.
  func work(on connection: borrowing Connection, note: (any Error) -> Void) -> Bool {
    if waiting.isEmpty || roundEnd.hasPassed {
      waiting = Array(chores.indices)
      roundEnd = .after(milliseconds: Self.restMilliseconds)
    }
    let end = Deadline.after(milliseconds: Self.sliceMilliseconds / 2)
    var isWell = true
    while !waiting.isEmpty && !end.hasPassed && isWell {
      let turn = waiting.removeFirst()
      let begin = monotonicNanoseconds()
      do {
        if try chores[turn].step(chores[turn].rows, connection) { waiting.append(turn) }
        let milliseconds = Int((monotonicNanoseconds() - begin) / 1_000_000)
        if milliseconds < Self.sliceMilliseconds / 5 { resize(turn, chores[turn].rows * 2) }
        if milliseconds > Self.sliceMilliseconds * 2 / 5 { resize(turn, chores[turn].rows * 3 / 4) }
      } catch {
        // It is tried again after a pause. The session may be gone.
        resize(turn, chores[turn].rows / 4)
        waiting.append(turn)
        isWell = false
        note(error)
      }
    }
    due = .after(milliseconds: waiting.isEmpty ? Self.restMilliseconds : isWell ? Self.pauseMilliseconds : 1000)
    return waiting.isEmpty
  }

  private func resize(_ turn: Int, _ rows: Int) {
    chores[turn].rows = min(max(rows, Self.rowLimits.lowerBound), Self.rowLimits.upperBound)
  }
}
