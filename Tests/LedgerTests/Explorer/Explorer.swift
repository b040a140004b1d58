import FoundationEssentials
import Ledger
import Postgres
import Support

/// Steps sessions through scenarios, in an order from a seed, and checks the books after each scenario.
final class Explorer {
  private let steppers: [Stepper]
  private let control: Connection
  private var number = 0

  init(database: String) throws {
    var settings = TestCluster.settings(user: TestCluster.superuser, database: database)
    settings.statementTimeoutMilliseconds = 60_000
    control = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    control.limit(to: .after(milliseconds: 3_600_000))
    // The tables grow and nobody analyses them, so each check reads only the rows of one scenario.
    try control.perform(
      """
      SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
      SET synchronous_commit = off
      """)
    steppers = try (0..<5).map { _ in try Stepper(database: database) }
  }

  deinit { for stepper in steppers { stepper.end() } }

  struct Finding: CustomStringConvertible {
    let seed: UInt64
    let scenario: Scenario
    let faults: [String]

    var description: String { "seed \(seed)\n\(scenario)\n" + faults.joined(separator: "\n") }
  }

  /// Nil if nothing is wrong; otherwise the smallest failing scenario that was found.
  func explore(seed: UInt64) throws -> Finding? {
    var scenario = Scenario(seed: seed)
    var faults = try play(scenario)
    guard !faults.isEmpty else { return nil }
    var isSmallest = false
    while !isSmallest {
      isSmallest = true
      for smaller in scenario.smaller {
        let found = try play(smaller)
        guard !found.isEmpty else { continue }
        (scenario, faults, isSmallest) = (smaller, found, false)
        break
      }
    }
    return Finding(seed: seed, scenario: scenario, faults: faults)
  }

  /// Plays one scenario to its end and returns its faults.
  func play(_ scenario: Scenario) throws -> [String] {
    number += 1
    let stage = try Stage(scenario, number: number, control)
    var steps = scenario.sessions.map { program in program.flatMap { self.steps(of: $0, on: stage) }[...] }
    var busy: Set<Int> = []
    var faults: [String] = []
    var picks = scenario.order[...]
    while !busy.isEmpty || steps.contains(where: { !$0.isEmpty }) {
      let pick = picks.popFirst() ?? steps.indices.first { !steps[$0].isEmpty && !busy.contains($0) }
      if let pick, !busy.contains(pick), let step = steps[pick].popFirst() {
        steppers[pick].begin(step)
        busy.insert(pick)
      }
      // If no session can take a step, each waits for another one. PostgreSQL ends such a cycle.
      let isStuck = picks.isEmpty && steps.indices.allSatisfy { steps[$0].isEmpty || busy.contains($0) }
      for session in try settle(&busy, untilFirst: isStuck) {
        do {
          try steppers[session].outcome()
        } catch {
          faults.append("session \(session): \(error)")
          try abandon(session, &steps)
        }
      }
    }
    return try faults + stage.faults(control)
  }

  private func steps(of transaction: Scenario.Transaction, on stage: Stage) -> [Stepper.Step] {
    let call = transaction.call
    // Nothing in a transaction is retried, so no retry hides a deadlock.
    let begin: Stepper.Step = { connection in
      try connection.perform("BEGIN")
      try stage.perform(call, on: connection)
    }
    let commit: Stepper.Step = { try $0.perform("COMMIT") }
    guard !transaction.isOpen else { return [begin, commit] }
    let both: Stepper.Step = { connection in
      try begin(connection)
      try commit(connection)
    }
    return [both]
  }

  /// Waits until each busy session has ended its step or waits for another session, and returns those that have ended.
  private func settle(_ busy: inout Set<Int>, untilFirst: Bool) throws -> [Int] {
    var ended: [Int] = []
    while !busy.isEmpty {
      for session in busy where steppers[session].hasFinished(within: busy.count == 1 ? 2000 : 100) {
        busy.remove(session)
        ended.append(session)
      }
      guard !busy.isEmpty else { break }
      if untilFirst {
        if ended.isEmpty { continue }
        break
      }
      let pids = "{" + busy.map { "\(steppers[$0].pid)" }.joined(separator: ",") + "}"
      let waiting: Int = try control.value(
        "SELECT count(*) FROM unnest(\(pids)::int[]) AS p (id) WHERE cardinality(pg_blocking_pids(p.id)) > 0")
      if waiting == busy.count { break }
    }
    return ended
  }

  /// A session that has failed makes no further calls.
  private func abandon(_ session: Int, _ steps: inout [ArraySlice<Stepper.Step>]) throws {
    steps[session] = []
    try steppers[session].run { try $0.perform("ROLLBACK") }
  }
}
