internal import API
internal import Audit
internal import Identity
internal import Postgres
internal import Shop
internal import Telemetry
internal import Tokens

enum SeedCommand: Command {
  static let name = "seed"
  static let summary = "Puts demo items, or users for load tests, into the database."
  static let usage = """
    tuckshop seed --demo
           tuckshop seed --load N [--password-file F] [--force]
           tuckshop seed --ammo FILE

    --demo adds some game items of every class, sizes for the clothes, a user called demo, and six people with a month of
    history and open orders; existing ones, and clothes that an admin has given variants, stay as they are.
    --load makes N users, load000001 and on, each with 1000 welcome coins, ten transfers in their history and two
    purchases. They share one password; without one, nobody can sign in as them. It runs once in a database, and
    beside other users only with --force.
    --ammo writes requests of these users for Yandex.Tank into a file, with tokens that TUCKSHOP_KEY_FILE signs.

    Connects as the owner of the schema: set PGUSER, or TUCKSHOP_DATABASE_URL.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let wantsDemo = arguments.takeFlag("--demo")
    let ammo = try arguments.takeOption("--ammo")
    let number = try arguments.takeOption("--load")
    let isForced = arguments.takeFlag("--force")
    let password = try arguments.takePassword()
    try arguments.finish()
    guard [wantsDemo, number != nil, ammo != nil].count(where: \.self) == 1 else {
      throw UsageError("seed wants --demo, --load N or --ammo FILE")
    }
    guard let number else {
      guard password == nil && !isForced else { throw UsageError("--password-file and --force belong to --load") }
      if let ammo { try writeRequests(to: ammo, environment) } else { try addDemo(environment) }
      return 0
    }
    guard let people = Int(number), (LoadSeed.fewest...LoadSeed.most).contains(people) else {
      throw UsageError("--load wants a whole number from \(LoadSeed.fewest) to \(LoadSeed.most)")
    }
    try addLoad(people, password, besideOthers: isForced, environment)
    return 0
  }

  private static func addDemo(_ environment: Environment) throws {
    let registrar = Registrar()
    let connection = try environment.open()
    let items = try DemoSeed.addItems(on: connection)
    let sized = try DemoSeed.addSizes(on: connection)
    // Another user may have the name, and a deleted user stays deleted.
    for name in ["demo", DemoSeed.user.text] where try User.living(DemoSeed.user, on: connection) == nil {
      var newcomer = Registrar.Newcomer(username: try Username(name))
      newcomer.id = DemoSeed.user
      do {
        _ = try registrar.register(newcomer, by: .commandLine, on: connection)
      } catch PeopleRefusal.usernameTaken {}
    }
    let people = try DemoSeed.addPeople(on: connection)
    let news = [
      items > 0 ? "\(items) items of the demo are new" : nil, sized > 0 ? "\(sized) come in sizes now" : nil,
      people > 0 ? "\(people) people came in" : nil,
    ]
    say(items + sized + people == 0 ? "the demo is there already" : news.compactMap(\.self).joined(separator: ", "))
  }

  private static func addLoad(
    _ people: Int, _ password: String?, besideOthers: Bool, _ environment: Environment
  ) throws {
    let hash = password.map(Registrar().hash)
    let seed = LoadSeed(people: people, passwordHash: hash)
    let connection = try environment.open()
    var progress = Progress(of: seed.work)
    try seed.run(besideOthers: besideOthers, on: connection) { progress.show($0) }
    say("\(people) people came in")
  }

  private static func writeRequests(to path: String, _ environment: Environment) throws {
    let desk = try environment.frontDesk()
    let connection = try environment.open()
    var users: [User] = []
    while users.count < 1000, let user = try User.named(LoadSeed.name(of: users.count + 1), on: connection) {
      users.append(user)
    }
    guard users.count > 1 else { throw UsageError("make users first: tuckshop seed --load N") }
    let sessions = Sessions(tokens: desk.authenticator.tokens, lifetimes: desk.lifetimes)
    let now = Clock.unixSeconds
    let host = desk.links.publicURL.split(separator: "/")[1]
    let requests = LoadRequests(users: users, host: String(host)) { sessions.token(for: $0, now: now) }
    // Everybody who can read the tokens can spend these users' coins.
    try PrivateFile.write(requests.text, to: path)
    say("\(users.count * LoadRequests.perUser) requests are in \(path)")
  }
}
