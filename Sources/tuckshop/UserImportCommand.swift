internal import Audit
internal import FoundationEssentials
internal import Identity
internal import Notation
internal import Postgres

extension UserCommand {
  private struct Undo: Error {}

  /// One transaction around all rows, which is undone if a row is refused, unless --continue is given.
  static func bringIn(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isDryRun = arguments.takeFlag("--dry-run")
    let goesOn = arguments.takeFlag("--continue")
    guard let path = arguments.takeWord() else { throw UsageError("user import wants a file") }
    try arguments.finish()
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw SettingError("\(path) cannot be read")
    }
    var people = try UserImport(try CSV(parsing: Array(bytes)))
    let registrar = Registrar()
    let connection = try environment.open()
    var progress = Progress(of: people.count)
    do {
      try connection.transaction { connection in
        try people.run(with: registrar, by: .commandLine, on: connection) { progress.show($0) }
        if isDryRun || !people.problems.isEmpty && !goesOn { throw Undo() }
      }
      // The planner should know about many new users. Only the owner of the table can do this; others get a warning.
      try connection.perform("ANALYZE users")
    } catch is Undo {}
    for problem in people.problems { complain("\(path), line \(problem.line): \(problem.message)") }
    let refused = people.problems.count
    let admitted = people.total - refused
    let isUndone = isDryRun || refused > 0 && !goesOn
    say(
      isUndone
        ? "\(admitted) could come in, \(refused) not; nothing was changed" : "\(admitted) came in, \(refused) not")
    return refused == 0 ? 0 : 1
  }
}
