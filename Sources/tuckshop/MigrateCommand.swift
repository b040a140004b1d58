internal import Glibc
internal import Identity
internal import Migrations
internal import Postgres

enum MigrateCommand: Command {
  static let name = "migrate"
  static let summary = "Brings the database's schema up to date, or back."
  static let usage = """
    tuckshop migrate up [--dry-run]         apply what is missing
           tuckshop migrate down [N] [--dry-run]   take back the last N (1)
           tuckshop migrate status                 which are applied, and since when; 1 if an index is invalid
           tuckshop migrate verify                 compare database and files; 1 if they differ
           tuckshop migrate baseline [--dry-run]   note all as applied, running none
           tuckshop migrate wait [SECONDS]         until the database has all of them (60)
           tuckshop migrate new NAME               make an empty pair of files

    Connects as the owner of the schema: set PGUSER, or TUCKSHOP_DATABASE_URL.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let dryRun = arguments.takeFlag("--dry-run")
    guard let verb = arguments.takeWord() else { throw UsageError("migrate wants a word after it") }
    let directory = try environment.value(\.worker.migrations)
    if verb == "new" {
      guard let name = arguments.takeWord() else { throw UsageError("migrate new wants a name") }
      try arguments.finish()
      for file in try Migration.create(name, in: directory) { say("\(directory)/\(file)") }
      return 0
    }
    let argument = arguments.takeWord()
    try arguments.finish()
    let number = try argument.map { text in
      guard let number = Int(text), number > 0, ["down", "wait"].contains(verb) else {
        throw UsageError("\(text) is not understood")
      }
      return number
    }
    let migrations = try Migration.all(in: directory)
    let settings = Migrator.settings(try environment.database(applicationName: "tuckshop migrate"))
    if verb == "wait" { return try wait(seconds: number ?? 60, migrations, settings) }
    guard ["up", "down", "status", "verify", "baseline"].contains(verb) else {
      throw UsageError("migrate \(verb) is not understood")
    }

    let patience = try environment.value(\.database.migrateWaitSeconds)
    let rules = try environment.houseRules()
    let connection = try connect(settings, seconds: patience)
    if verb == "up" { try requireRoles(connection) }
    let migrator = Migrator(migrations, on: connection, report: say)
    let status = try perform(verb, number, dryRun: dryRun, migrator)
    if verb == "up" && !dryRun { try settle(rules, on: try environment.open()) }
    return status
  }

  /// A database from before each pool had its own role lacks these roles.
  private static func requireRoles(_ connection: borrowing Connection) throws {
    let missing = try connection.rows(
      """
      SELECT role FROM unnest(ARRAY['tuckshop_app', 'tuckshop_auth', 'tuckshop_ops']) AS role
      WHERE to_regrole(role) IS NULL
      """
    ) { try $0.value(0, as: String.self) }
    guard missing.isEmpty else {
      throw SettingError(
        "PostgreSQL has no role \(missing.joined(separator: ", ")): let a superuser run deploy/roles.sql first,"
          + " which is safe to repeat")
    }
  }

  private static func settle(_ rules: HouseRules, on connection: borrowing Connection) throws {
    guard try connection.value("SELECT to_regclass('settings') IS NOT NULL") else { return }
    guard try rules.settle(on: connection) else { return }
    say("newcomers get \(rules.welcomeCoins) coins")
    if rules.believesTelegramIDs { say("any Telegram user may do what a service may: use this for load tests only") }
  }

  private static func perform(
    _ verb: String, _ number: Int?, dryRun: Bool, _ migrator: borrowing Migrator
  ) throws -> Int32 {
    switch verb {
    case "up": if try migrator.up(dryRun: dryRun) == 0 { say("nothing to apply") }
    case "down": if try migrator.down(number ?? 1, dryRun: dryRun) == 0 { say("nothing to take back") }
    case "baseline": if try migrator.baseline(dryRun: dryRun) == 0 { say("nothing to note") }
    case "status":
      for (migration, appliedAt) in try migrator.status() {
        say("\(padded(migration.title, 40)) \(appliedAt.map { "applied \($0) UTC" } ?? "pending")")
      }
      let invalid = try migrator.invalidIndexes()
      for sentence in invalid { say(sentence) }
      return invalid.isEmpty ? 0 : 1
    default:
      let differences = try migrator.differences()
      for difference in differences { say(difference) }
      if differences.isEmpty { say("database and files agree") }
      return differences.isEmpty ? 0 : 1
    }
    return 0
  }

  /// PostgreSQL may still be starting, so every error is retried until the time is over.
  private static func connect(_ settings: ConnectionSettings, seconds: Int) throws -> Connection {
    let deadline = Deadline.after(milliseconds: seconds * 1000)
    var turn = 0
    while true {
      do {
        return try Connection.open(settings, turn: turn, deadline: max(deadline, .after(milliseconds: 1000)))
      } catch {
        guard !deadline.hasPassed else { throw error }
        turn += 1
        usleep(200_000)
      }
    }
  }

  private static func wait(
    seconds: Int, _ migrations: [Migration], _ settings: ConnectionSettings
  ) throws -> Int32 {
    let deadline = Deadline.after(milliseconds: seconds * 1000)
    var missing = ""
    repeat {
      do {
        let migrator = Migrator(migrations, on: try connect(settings, seconds: deadline.remainingMilliseconds / 1000))
        guard let difference = try migrator.differences().first else { return 0 }
        missing = difference
      } catch let error as PostgresError {
        missing = "\(error)"
      }
      usleep(200_000)
    } while !deadline.hasPassed
    complain("gave up after \(seconds) seconds: \(missing)")
    return 1
  }
}
