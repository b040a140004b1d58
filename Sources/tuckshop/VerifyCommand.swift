internal import Ledger
internal import Postgres

enum VerifyCommand: Command {
  static let name = "verify"
  static let summary = "Recomputes the ledger from its postings, and names every difference."
  static let usage = """
    tuckshop verify [--repair-plan]

    Prints each difference and what would repair it; 1 if there is any. It only reads, and may run while the shop is
    open. --repair-plan prints the SQL of the repairs instead, to be read and then run by the owner of the tables.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isPlan = arguments.takeFlag("--repair-plan")
    try arguments.finish()
    let connection = try environment.open()
    try connection.perform("SET default_transaction_read_only = on")
    var plan = RepairPlan()
    var progress: Progress?
    var verification = Verification { difference in
      isPlan ? plan.add(difference) : tell(difference)
    } progress: { done, total in
      progress = progress ?? Progress(of: total)
      progress?.show(done)
    }
    let extent = try verification.run(on: connection)
    let scale = "\(extent.accounts) accounts, \(extent.operations) operations and \(extent.postings) postings"
    if extent.isCut { say("\(isPlan ? "-- " : "")There are more differences than are listed for one piece.") }
    if isPlan {
      plan.finish(scale)
    } else {
      say(extent.differences == 0 ? "\(scale) agree" : "\(scale): \(extent.differences) differences")
    }
    return extent.differences == 0 ? 0 : 1
  }

  private static func tell(_ difference: Difference) {
    say("\(difference)")
    say("  repair: \(difference.repair.summary.replacing("\n", with: "\n    "))")
  }
}

/// The repairs as one transaction of SQL, each told once.
private struct RepairPlan {
  private var isBegun = false
  private var last: Repair?

  mutating func add(_ difference: Difference) {
    if !isBegun { say("BEGIN;\n\(Repair.prologue)") }
    isBegun = true
    say("\n-- \(difference)")
    // One statement repairs all differences of an account.
    if difference.repair != last { say(difference.repair.sql) }
    last = difference.repair
  }

  func finish(_ scale: String) {
    say(isBegun ? "\n\(Repair.epilogue)\nCOMMIT;" : "-- \(scale) agree: there is nothing to repair.")
  }
}
