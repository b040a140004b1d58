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
