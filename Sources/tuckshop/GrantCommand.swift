internal import API
internal import Audit
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres

enum GrantCommand: Command {
  static let name = "grant"
  static let summary = "Gives coins to all users or to those in a file: a month's allowance, a prize."
  static let usage = """
    tuckshop grant --all --amount N --reason TEXT --name NAME [--dry-run]
           tuckshop grant --file FILE.csv [--amount N] --reason TEXT --name NAME [--dry-run] [--continue]

    NAME makes the grant happen once: a user who got coins under it gets no more, so run an interrupted grant again.
    --all means all active users who are not services; running it again gives to those who joined since.
    A file has the columns username and amount, under a line that names them; --amount is for lines without one.
    If a line is wrong, nobody gets anything, unless you give --continue. --dry-run changes nothing.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isForAll = arguments.takeFlag("--all")
    let path = try arguments.takeOption("--file")
    let isDryRun = arguments.takeFlag("--dry-run")
    let goesOn = arguments.takeFlag("--continue")
    let amount = try arguments.takeOption("--amount").map { text in
      guard let amount = Int(text), Handout.amounts.contains(amount) else {
        throw UsageError("--amount wants a whole number from 1 to \(Handout.amounts.upperBound)")
      }
      return amount
    }
    let reason = try reason(&arguments)
    let name = try name(&arguments)
    try arguments.finish()
    guard isForAll != (path != nil) else { throw UsageError("grant wants --all or --file") }

    let connection = try environment.open()
    var complaints: [String] = []
    let recipients: Handout.Recipients
    if let path {
      let table = try table(path, amount, on: connection)
      recipients = .list(table.lines.map { .init(username: $0.username, amount: $0.amount) })
      complaints = table.problems.map { "\(path), line \($0.line): \($0.message)" }
    } else {
      guard let amount else { throw UsageError("--all wants --amount") }
      recipients = .everybody(amount: amount)
    }
    let handout = Handout(name: name, reason: reason, to: recipients)
    let isOnlyLooked = isDryRun || !complaints.isEmpty && !goesOn
    let result: (given: Int, had: Int)
    do {
      result = try isOnlyLooked ? look(handout, on: connection) : give(handout, &complaints, on: connection)
    } catch let refusal as LedgerRefusal where refusal.word == .grantExists {
      throw SettingError("there is a grant \(name) already, with another amount, reason or list; choose another name")
    }
    for complaint in complaints { complain(complaint) }
    say(
      "\(result.given) \(isOnlyLooked ? "would get" : "got") coins, \(result.had) had them before, "
        + "\(complaints.count) cannot\(isOnlyLooked ? "; nothing was changed" : "")")
    return complaints.isEmpty ? 0 : 1
  }

  private static func table(
    _ path: String, _ amount: Int?, on connection: borrowing Connection
  ) throws -> GrantTable {
    var table = try GrantTable(CSV(parsing: contents(of: path)), amount: amount)
    let shares = table.lines.map { Handout.Share(username: $0.username, amount: $0.amount) }
    table.refuse(try Handout(name: "", reason: "", to: .list(shares)).unknownPlaces(on: connection))
    return table
  }

  private static func look(_ handout: Handout, on connection: borrowing Connection) throws -> (given: Int, had: Int) {
    let forecast = try handout.forecast(by: .commandLine, on: connection)
    guard forecast.isReplay else { return (forecast.people, 0) }
    let grant = try Grants.find(handout.name, on: connection)
    let waiting =
      grant.isToEverybody
      ? try Grants.extend(grant, by: .commandLine, isRehearsal: true, on: connection)
      : grant.total - grant.done - grant.refused
    return (waiting, grant.done)
  }

  private static func give(
    _ handout: Handout, _ complaints: inout [String], on connection: borrowing Connection
  ) throws -> (given: Int, had: Int) {
    let made = try handout.make(by: .commandLine, on: connection)
    var grant = try finish(made.value, on: connection)
    if made.isReplay, try Grants.extend(grant, by: .commandLine, isRehearsal: false, on: connection) > 0 {
      grant = try finish(Grants.find(grant.name, on: connection), on: connection)
    }
    if grant.refused > 0 {
      complaints += try Grants.overflowing(grant, on: connection).map { "\($0) has too many coins already" }
    }
    return (grant.done - made.value.done, made.value.done)
  }

  private static func finish(_ grant: Grants.Entry, on connection: borrowing Connection) throws -> Grants.Entry {
    var progress = Progress(of: grant.total)
    return try Grants.finish(grant, on: connection) { progress.show(min($0, grant.total)) }
  }

  private static func name(_ arguments: inout Arguments) throws -> String {
    guard let text = try arguments.takeOption("--name") else { throw UsageError("--name is missing") }
    do { return try GrantName(text).text } catch { throw UsageError("--name: \(error)") }
  }

  private static func reason(_ arguments: inout Arguments) throws -> String {
    guard let text = try arguments.takeOption("--reason") else { throw UsageError("--reason is missing") }
    guard (1...500).contains(text.unicodeScalars.count) else { throw UsageError("--reason wants 1 to 500 characters") }
    return text
  }
}
