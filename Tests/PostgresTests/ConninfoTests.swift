internal import Glibc
internal import Postgres
internal import Support
internal import Testing

/// Everything that libpq understands works: URIs, service files and password files.
@Suite(.tiers(.database))
struct ConninfoTests {
  private func open(_ conninfo: String, password: String? = nil) throws -> Connection {
    var settings = ConnectionSettings()
    settings.conninfo = conninfo
    settings.password = password
    return try Connection.open(settings, deadline: ample)
  }

  @Test(arguments: [
    "postgresql://tuckshop_owner@/tuckshop?host=HOST", "postgres:///tuckshop?host=HOST&user=tuckshop_owner",
    "postgresql://tuckshop_owner:ignored@/tuckshop?host=HOST&application_name=named",
    "postgresql://tuckshop_owner@%2Ftmp%2Fnowhere,ENCODED/tuckshop?target_session_attrs=read-write",
    "host=HOST dbname='tuckshop' user=tuckshop_owner",
  ])
  func `a database is named as libpq allows it`(conninfo: String) throws {
    let encoded = TestCluster.host.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F")
    let named = conninfo.replacing("HOST", with: TestCluster.host).replacing("ENCODED", with: encoded)
    let connection = try open(named)
    let who: String = try connection.value("SELECT current_user || '@' || current_database()")
    #expect(who == "tuckshop_owner@tuckshop")
  }

  /// The identity when a service file names the server and the user. Runs in a process of its own, because the
  /// environment belongs to the process.
  private static func signIn(_ environment: [String: String], _ conninfo: String) throws -> String {
    let doorstep = try Doorstep()
    let path = try doorstep.write(
      "services",
      "[shop]\nhost=\(TestCluster.host)\nport=\(PrivateServer.port)\nuser=tuckshop_owner\ndbname=tuckshop\n")
    setenv("PGSERVICEFILE", path, 1)
    for (name, value) in environment { setenv(name, value, 1) }
    let connection = try ConninfoTests().open(conninfo)
    return try connection.value("SELECT current_user || '@' || current_database()")
  }

  @Test func `a service named in the environment is complete`() async {
    await #expect(processExitsWith: .success) {
      let who = try? Self.signIn(["PGSERVICE": "shop"], "")
      exit(who == "tuckshop_owner@tuckshop" ? 0 : 1)
    }
  }

  @Test(arguments: ["service=shop", "postgresql:///?service=shop"])
  func `a service named in the conninfo is complete`(conninfo: String) async {
    await #expect(processExitsWith: .success) { [conninfo] in
      let who = try? Self.signIn([:], conninfo)
      exit(who == "tuckshop_owner@tuckshop" ? 0 : 1)
    }
  }

  @Test(.tiers(.faults, .security)) func `a password comes from the settings or from a file, and is never shown`()
    throws
  {
    let server = try PrivateServer(access: "local all locked scram-sha-256")
    let admin = try open("host=\(server.directory) user=postgres dbname=postgres")
    try admin.perform("CREATE ROLE locked LOGIN PASSWORD 'geheim'")
    let uri = "postgresql://locked@/postgres?host=\(server.directory)"

    let doorstep = try Doorstep()
    let path = try doorstep.write("passwords", "\(server.directory):*:*:locked:geheim\n")
    chmod(path, 0o600)
    for (conninfo, password) in [
      (uri, "geheim"), (uri + "&passfile=\(path)", nil), (uri + "&password=wrong", "geheim"),
    ] {
      let connection = try open(conninfo, password: password)
      let who: String = try connection.value("SELECT current_user")
      #expect(who == "locked")
    }
    let error = #expect(throws: PostgresError.self) { _ = try open(uri, password: "wrong-geheim") }
    #expect(error?.reason == .connection)
    #expect(!"\(error!)".contains("geheim"))
  }
}
