import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct ReservationTests {
  enum Step: String, Sendable {
    case reserve, giveBack, consume, expire, overdue
  }

  /// Anna has five gems in main; a reservation is for three of them. Each case has the outcomes of its steps, and the
  /// quantities left in main and in factory.
  static let cases: [([Step], [String], [Int])] = [
    ([.reserve], ["done"], [2, 3]),
    ([.reserve, .reserve], ["done", "replayed"], [2, 3]),
    ([.reserve, .giveBack], ["done", "done"], [5, 0]),
    ([.reserve, .giveBack, .giveBack], ["done", "done", "replayed"], [5, 0]),
    ([.reserve, .consume], ["done", "done"], [2, 0]),
    ([.reserve, .consume, .consume], ["done", "done", "replayed"], [2, 0]),
    ([.reserve, .giveBack, .consume], ["done", "done", "reservationClosed"], [5, 0]),
    ([.reserve, .consume, .giveBack], ["done", "done", "reservationClosed"], [2, 0]),
    ([.reserve, .consume, .reserve], ["done", "done", "replayed"], [2, 0]),
    ([.giveBack], ["reservationNotFound"], [5, 0]),
    ([.consume, .reserve], ["reservationNotFound", "done"], [2, 3]),
    ([.reserve, .expire], ["done", "none"], [2, 3]),
    ([.overdue, .expire], ["done", "expired"], [5, 0]),
    ([.overdue, .expire, .expire], ["done", "expired", "none"], [5, 0]),
    ([.overdue, .giveBack], ["done", "done"], [5, 0]),
    // An overdue reservation cannot be consumed; the attempt returns it.
    ([.overdue, .consume], ["done", "reservationClosed"], [5, 0]),
    ([.overdue, .expire, .giveBack], ["done", "expired", "replayed"], [5, 0]),
    ([.overdue, .expire, .consume], ["done", "expired", "reservationClosed"], [5, 0]),
  ]

  @Test(arguments: cases)
  func `a reservation is returned, consumed or expired, once`(steps: [Step], due: [String], left: [Int]) throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      let came = try steps.map { try take($0, anna, connection) }
      #expect(came == due)
      let sections = try connection.sections(anna)
      #expect([sections["main"] ?? 0, sections["factory"] ?? 0] == left)
      try expectBalance(connection)
    }
  }

  @Test func `a reservation is all or nothing: one missing item leaves the others in place`() throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      try connection.item("ore", price: nil)
      let lines = [try connection.line("gem", 2), try connection.line("ore", 1), try connection.line("gem", 2)]
      let came = try outcome {
        try Reservation.make(lines, for: nil, Intent(of: anna, key: 1), by: anna, on: connection)
      }
      #expect(came == "insufficientItems: 1 of 0")
      let sections = try connection.sections(anna)
      #expect(sections["main"] == 5)
      let many = [try connection.line("gem", 3), try connection.line("gem", 3)]
      let sum = try outcome { try Reservation.make(many, for: nil, Intent(of: anna, key: 2), by: anna, on: connection) }
      #expect(sum == "insufficientItems: 6 of 5")
      try expectBalance(connection)
    }
  }

  @Test func `an adjustment cannot take reserved items`() throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      _ = try take(.reserve, anna, connection)
      var taken: [String] = []
      for (index, change) in [-1, 1, -1, -1].enumerated() {
        let line = try connection.line("gem", change)
        let intent = Intent(of: anna, key: index)
        taken.append(
          try outcome {
            try Inventory.adjust(
              [line], in: .factory, reason: "counted again", intent, by: Editor(anna), on: connection)
          })
      }
      #expect(taken == ["insufficientItems: 1 of 0", "done", "done", "insufficientItems: 1 of 0"])
      let back = try take(.giveBack, anna, connection)
      #expect(back == "done")
      try expectBalance(connection)
    }
  }

  @Test(arguments: [Step.giveBack, .expire])
  func `items that would not fit back stay reserved until they do`(step: Step) throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      _ = try take(step == .expire ? .overdue : .reserve, anna, connection)
      let most = try connection.line("gem", 9_007_199_254_740_989)
      let filled = try outcome {
        try Inventory.add(
          [most], to: .main, type: "craft_result", comment: nil, Intent(of: anna, key: 2), by: anna, on: connection)
      }
      // An overdue reservation is postponed, so that it does not block others.
      let refused = [try take(step, anna, connection), try take(step, anna, connection)]
      let used = try connection.line("gem", -3)
      _ = try Inventory.adjust(
        [used], in: .main, reason: "", Intent(of: anna, key: 3), by: Editor(anna), on: connection)
      let later = try take(.giveBack, anna, connection)
      #expect([filled, later] == ["done", "done"])
      #expect(refused == (step == .expire ? ["expired", "none"] : ["overflow", "overflow"]))
      try expectBalance(connection)
    }
  }

  @Test func `more than an account can hold is not reserved`() throws {
    try withDatabase { connection in
      let anna = try owner(connection)
      _ = try take(.reserve, anna, connection)
      let most = try connection.line("gem", 9_007_199_254_740_989)
      _ = try Inventory.add(
        [most], to: .main, type: "craft_result", comment: nil, Intent(of: anna, key: 2), by: anna, on: connection)
      let came = try outcome {
        try Reservation.make([most], for: nil, Intent(of: anna, key: 3), by: anna, on: connection)
      }
      #expect(came == "overflow")
      try expectBalance(connection)
    }
  }

  private func owner(_ connection: borrowing Connection) throws -> UUID {
    try connection.item("gem", price: nil)
    let anna = try connection.person("anna")
    let line = try connection.line("gem", 5)
    _ = try Inventory.add(
      [line], to: .main, type: "craft_result", comment: nil, Intent(of: anna, key: 0), by: anna, on: connection)
    return anna
  }

  private func take(_ step: Step, _ owner: UUID, _ connection: borrowing Connection) throws -> String {
    let intent = Intent(of: owner, key: 1)
    switch step {
    case .reserve, .overdue:
      let line = try connection.line("gem", 3)
      // No time has to pass for a reservation that is overdue from the beginning.
      let seconds = step == .overdue ? 0 : nil
      return try outcome { try Reservation.make([line], for: seconds, intent, by: owner, on: connection) }
    case .giveBack: return try outcome { try Reservation.giveBack(intent, by: owner, on: connection) }
    case .consume: return try outcome { try Reservation.consume(intent, by: owner, on: connection) }
    case .expire:
      let done = try connection.value("SELECT expire_reservation(\(intent.id), NULL)", as: Bool.self)
      return done ? "expired" : "none"
    }
  }
}

extension Connection {
  fileprivate func sections(_ owner: UUID) throws -> [String: Int] {
    let found = try rows("SELECT section, sum(balance)::bigint FROM accounts WHERE owner = \(owner) GROUP BY section") {
      row in
      (try row.value(0, as: String.self), try row.value(1, as: Int.self))
    }
    return Dictionary(uniqueKeysWithValues: found)
  }
}
