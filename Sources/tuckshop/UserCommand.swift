internal import Audit
internal import Identity
internal import Notation
internal import Postgres

enum UserCommand: Command {
  static let name = "user"
  static let summary = "Adds, changes, lists and imports users, without the API."
  static let usage = """
    tuckshop user add NAME [--email E] [--full-name N] [--role R] [--password-file F]
           tuckshop user passwd NAME --password-file F
           tuckshop user role NAME user|moderator|service|admin
           tuckshop user list [--search TEXT]
           tuckshop user deactivate NAME
           tuckshop user totp-reset NAME
           tuckshop user import FILE.csv [--dry-run] [--continue]
           tuckshop user invite [--email E] [--role R] [--days N]
           tuckshop user reset-link NAME
           tuckshop user identities NAME
           tuckshop user identities --propose ISSUER [--subjects FILE.csv]
           tuckshop user link NAME ISSUER SUBJECT
           tuckshop user link --from FILE.csv
           tuckshop user unlink NAME N

    F may be - for standard input. Passwords are never read from the command line, which others can see.
    totp-reset is for an admin who has lost both phone and recovery codes: it removes the second factor, and ends
    the user's sessions.
    An import reads the columns username,email,full_name,role,password_hash under a line that names them; only
    username is required. A hash has commas, so put it in quotes. Either all rows are imported or none; with
    --continue, those without an error. --dry-run changes nothing.

    Links begin with TUCKSHOP_PUBLIC_URL. An identity is an issuer and its own key for a person; those of the header in
    which nginx names people have the issuer trusted-header. --propose prints identities that may belong to users who have
    none: by their names, or by a list of the issuer with the columns subject,username,email. Look through it, then give
    it to link --from, which links all of it or nothing.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    guard let verb = arguments.takeWord() else { throw UsageError("user wants a word after it") }
    switch verb {
    case "add": try add(&arguments, environment)
    case "passwd": try passwd(&arguments, environment)
    case "role": try role(&arguments, environment)
    case "list": try list(&arguments, environment)
    case "deactivate": try change(&arguments, \.isActive, to: false, environment)
    case "invite": try UserJoining.invite(&arguments, environment)
    case "reset-link": try UserJoining.resetLink(&arguments, environment)
    case "identities": try UserJoining.identities(&arguments, environment)
    case "link": try UserJoining.link(&arguments, environment)
    case "unlink": try UserJoining.unlink(&arguments, environment)
    case "totp-reset": try resetSecondFactor(&arguments, environment)
    case "import": return try bringIn(&arguments, environment)
    default: throw UsageError("user \(verb) is not understood")
    }
    return 0
  }

  private static func add(_ arguments: inout Arguments, _ environment: Environment) throws {
    let email = try arguments.takeOption("--email").map { try EmailAddress($0) }
    let fullName = try arguments.takeOption("--full-name").map { try FullName($0) }
    let role = try arguments.takeOption("--role").map(role(named:))
    let password = try arguments.takePassword()
    var newcomer = Registrar.Newcomer(username: try username(&arguments), email: email, fullName: fullName)
    try arguments.finish()
    let registrar = Registrar()
    newcomer.role = role ?? .user
    newcomer.passwordHash = password.map(registrar.hash)
    let user = try registrar.register(newcomer, by: .commandLine, on: try environment.open())
    say("\(user.id.text) \(user.username) \(user.role.rawValue)")
  }

  private static func passwd(_ arguments: inout Arguments, _ environment: Environment) throws {
    guard let password = try arguments.takePassword() else { throw UsageError("--password-file is missing") }
    try change(&arguments, \.passwordHash, to: Registrar().hash(password), environment)
  }

  private static func role(_ arguments: inout Arguments, _ environment: Environment) throws {
    let name = arguments.takeWord()
    guard let role = arguments.takeWord() else { throw UsageError("user role wants a name and a role") }
    try change(&arguments, \.role, to: self.role(named: role), environment, name: name)
  }

  private static func change<Value>(
    _ arguments: inout Arguments, _ member: WritableKeyPath<UserChanges, Value?>, to value: Value,
    _ environment: Environment, name: String? = nil
  ) throws {
    var changes = UserChanges()
    changes[keyPath: member] = value
    let username = try name.map { try Username($0) } ?? username(&arguments)
    try arguments.finish()
    let connection = try environment.open()
    guard let user = try User.named(username.text, on: connection) else { throw PeopleRefusal.unknownUser }
    let changed = try changes.apply(to: user.id, by: .commandLine, on: connection)
    say("\(changed.username) \(changed.role.rawValue) \(changed.isActive ? "active" : "not active")")
  }

  private static func resetSecondFactor(_ arguments: inout Arguments, _ environment: Environment) throws {
    let username = try username(&arguments)
    try arguments.finish()
    let connection = try environment.open()
    guard let user = try User.named(username.text, on: connection) else { throw PeopleRefusal.unknownUser }
    try SecondFactor.reset(of: user.id, by: .commandLine, on: connection)
    say("\(user.username) has no second factor any more; all sessions ended")
  }

  private static func list(_ arguments: inout Arguments, _ environment: Environment) throws {
    var page = UserList.Page()
    page.search = try arguments.takeOption("--search")
    (page.order, page.isDescending, page.limit) = (.username, false, 1000)
    try arguments.finish()
    let connection = try environment.open()
    while true {
      let list = try UserList.read(page, on: connection)
      for user in list.entries {
        let fields = [user.username, user.email ?? "", user.fullName ?? "", user.role.rawValue]
        say(CSV.line((fields + [user.isActive ? "active" : "not active"]).map(CSV.Cell.text)))
      }
      guard page.number * page.limit < list.total else { return }
      page.number += 1
    }
  }

  static func username(_ arguments: inout Arguments) throws -> Username {
    guard let name = arguments.takeWord() else { throw UsageError("a name is missing") }
    return try Username(name)
  }

  static func role(named text: String) throws -> Role {
    guard let role = Role(rawValue: text) else {
      throw UsageError("\(text) is no role: use user, moderator, service or admin")
    }
    return role
  }

  private struct Undo: Error {}

  /// One transaction around all rows, which is undone if a row is refused, unless --continue is given.
  private static func bringIn(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isDryRun = arguments.takeFlag("--dry-run")
    let goesOn = arguments.takeFlag("--continue")
    guard let path = arguments.takeWord() else { throw UsageError("user import wants a file") }
    try arguments.finish()
    var people = try UserImport(CSV(parsing: contents(of: path)), for: .command)
    let connection = try environment.open()
    var progress = Progress(of: people.count)
    do {
      try connection.transaction { connection in
        try people.run(by: .commandLine, on: connection) { progress.show($0) }
        if isDryRun || !people.problems.isEmpty && !goesOn { throw Undo() }
      }
      // The planner should know about many new users. Only the owner of the table can do this; others get a warning.
      try connection.perform("ANALYZE users")
    } catch is Undo {}
    for problem in people.problems { complain("\(path), line \(problem.line): \(problem.message)") }
    let refused = people.problems.count
    let admitted = people.total - refused
    let isUndone = isDryRun || refused > 0 && !goesOn
    say("\(admitted) \(isUndone ? "could come" : "came") in, \(refused) not\(isUndone ? "; nothing was changed" : "")")
    return refused == 0 ? 0 : 1
  }
}
