internal import Audit
internal import FoundationEssentials
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Tokens

enum GrantCommand: Command {
  static let name = "grant"
  static let summary = "Gives coins to all users or to those in a file: a month's allowance, a prize."
  static let usage = """
    tuckshop grant --all --amount N --reason TEXT --name NAME [--dry-run]
           tuckshop grant --file FILE.csv [--amount N] --reason TEXT --name NAME [--dry-run] [--continue]

    NAME makes the grant happen once: a user who got coins under it gets no more, so run an interrupted grant again.
    --all means all active users who are not services. A file has the columns username and amount, under a line that
    names them; --amount is for lines without one. If a line is wrong, nobody gets anything, unless you give --continue.
    --dry-run changes nothing.
    """

  private static let batch = 500

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isForAll = arguments.takeFlag("--all")
    let path = try arguments.takeOption("--file")
    let isDryRun = arguments.takeFlag("--dry-run")
    let goesOn = arguments.takeFlag("--continue")
    let amount = try arguments.takeOption("--amount").map { text in
      guard let amount = Int(text), GrantTable.amounts.contains(amount) else {
        throw UsageError("--amount wants a whole number from 1 to \(GrantTable.amounts.upperBound)")
      }
      return amount
    }
    let reason = try text(&arguments, "--reason", most: 500)
    let name = try text(&arguments, "--name", most: 255)
    try arguments.finish()
    guard isForAll != (path != nil) else { throw UsageError("grant wants --all or --file") }

    let connection = try environment.open()
    var table: GrantTable
    if let path {
      table = try GrantTable(CSV(parsing: contents(of: path)), amount: amount, on: connection)
    } else {
      guard let amount else { throw UsageError("--all wants --amount") }
      table = try GrantTable(everybody: amount, on: connection)
    }
    let handout = Handout(key: UUID(digesting: "grant \(name)"), reason: reason)
    var (given, had) = try walk(&table) { try handout.foresee($0, on: connection) }
    let isOnlyLooked = isDryRun || !table.problems.isEmpty && !goesOn
    if !isOnlyLooked {
      let done = try walk(&table) { try handout.give($0, on: connection) }
      (given, had) = (done.given, had + done.had)
      if given > 0 {
        let note: JSON = ["reason": .string(reason), "people": .integer(given)]
        try Editor.commandLine.note("coins.grant", name, after: note, on: connection)
      }
    }
    for complaint in table.complaints { complain(path.map { "\($0), \(complaint)" } ?? complaint) }
    say(
      "\(given) \(isOnlyLooked ? "would get" : "got") coins, \(had) had them before, "
        + "\(table.problems.count) cannot\(isOnlyLooked ? "; nothing was changed" : "")")
    return table.problems.isEmpty ? 0 : 1
  }

  /// In batches. The table keeps the users who get coins, and the errors of the others.
  private static func walk(
    _ table: inout GrantTable, _ step: ([Handout.Share]) throws -> [UUID: Handout.Verdict]
  ) throws -> (given: Int, had: Int) {
    var progress = Progress(of: table.lines.count)
    var given: [GrantTable.Line] = []
    var had = 0
    for start in stride(from: 0, to: table.lines.count, by: batch) {
      let lines = table.lines[start..<min(start + batch, table.lines.count)]
      let verdicts = try step(
        lines.map { Handout.Share(id: .timeOrdered(), owner: $0.owner!, amount: $0.amount) })
      for line in lines {
        switch line.owner.flatMap({ verdicts[$0] }) {
        case nil: table.refuse(line, "PostgreSQL gave no answer for \(line.username)")
        case .given: given.append(line)
        case .hadBefore: had += 1
        case .hadAnother:
          table.refuse(line, "\(line.username) got another amount, or for another reason, under this name")
        case .overflow: table.refuse(line, "\(line.username) has too many coins already")
        }
      }
      progress.show(start + lines.count)
    }
    table.lines = given
    return (given.count, had)
  }

  private static func text(_ arguments: inout Arguments, _ option: String, most: Int) throws -> String {
    guard let text = try arguments.takeOption(option) else { throw UsageError("\(option) is missing") }
    guard (1...most).contains(text.unicodeScalars.count) else {
      throw UsageError("\(option) wants 1 to \(most) characters")
    }
    return text
  }
}
