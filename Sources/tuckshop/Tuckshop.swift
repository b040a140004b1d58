// Knows the command line and the environment, and puts the rooms together.
// Refuses to know anything else.

internal import API
internal import Glibc
internal import Postgres

@main
struct Tuckshop {
  static var commands: [any Command.Type] {
    [
      WorkerCommand.self, MigrateCommand.self, KeyCommand.self, SecretsCommand.self, UserCommand.self,
      ItemCommand.self, GrantCommand.self, SeedCommand.self, VerifyCommand.self, HealthCommand.self,
      ReloadCommand.self, DrainCommand.self,
    ]
  }

  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let first = arguments.isEmpty ? "--help" : arguments.removeFirst()
    switch first {
    case "--help", "-h", "help":
      say(
        arguments.first == "settings" ? Settings.page : arguments.first.flatMap(command(named:)).map(help(for:)) ?? help
      )
    case "--version", "version":
      say("tuckshop \(API.version)")
    default:
      guard let command = command(named: first) else {
        complain("there is no command \(first); tuckshop --help names them all")
        exit(64)
      }
      if arguments.contains("--help") || arguments.contains("-h") {
        say(help(for: command))
      } else {
        run(command, arguments)
      }
    }
  }

  private static func run(_ command: any Command.Type, _ words: [String]) {
    var arguments = Arguments(words)
    do {
      exit(try command.run(&arguments, Environment()))
    } catch let error as UsageError {
      complain("\(error.description)\n\n\(help(for: command))")
      exit(64)
    } catch let error as PostgresError where error.sqlstate == "42501" {
      complain("this role may not do that: sign in as the owner of the tables (PGUSER=tuckshop_owner)")
      exit(1)
    } catch {
      complain("\(error)")
      exit(1)
    }
  }

  private static func command(named name: String) -> (any Command.Type)? { commands.first { $0.name == name } }
}

extension Tuckshop {
  static var help: String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let list = commands.map { "  \(padded($0.name, width))  \($0.summary)" }.joined(separator: "\n")
    return """
      Tuckshop, a staff shop behind nginx.

      Usage: tuckshop COMMAND [ARGUMENTS]

      \(list)
        \(padded("help", width))  this text, or that of one command: tuckshop help COMMAND; help settings: a page in Markdown

      Settings come from the environment; a secret may also come from a file, by NAME_FILE.
      PostgreSQL is found as libpq finds it: PGHOST, PGDATABASE, PGUSER, PGSERVICE, PGPASSFILE, …

      \(Settings.table)
      """
  }

  static func help(for command: any Command.Type) -> String {
    "\(command.summary)\n\nUsage: \(command.usage)"
  }
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// One word behind `tuckshop`.
protocol Command {
  static var name: String { get }
  static var summary: String { get }
  static var usage: String { get }
  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32
}

func say(_ text: String) { print(text) }

func complain(_ text: String) {
  let line = Array("tuckshop: \(text)\n".utf8)
  _ = write(2, line, line.count)
}

/// The progress of a long command: a bar on a terminal, and nothing in a log.
struct Progress {
  private let total: Int
  private let isShown = isatty(2) == 1
  private var shownPermille = -1

  init(of total: Int) { self.total = total }

  mutating func show(_ done: Int) {
    let permille = total == 0 ? 1000 : done * 1000 / total
    guard isShown, permille != shownPermille else { return }
    shownPermille = permille
    let filled = permille / 25
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 40 - filled)
    let line = Array("\r\(bar) \(done) of \(total)\(done == total ? "\n" : "")".utf8)
    _ = write(2, line, line.count)
  }
}
