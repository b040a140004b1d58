internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Support

/// The same shop, made in different ways. All but Tuckshop use the plain schema of Bench/peers/schema.sql.
enum Peer: String, CaseIterable {
  case pgbench, c, go
  case bareGo = "go-bare"
  case tuckshop

  var title: String {
    switch self {
    case .pgbench: "pgbench, plain functions, no HTTP"
    case .c: "C worker (libfcgi, libpq) behind nginx"
    case .go: "Go (net/http, pgx) behind nginx"
    case .bareGo: "Go, bare"
    case .tuckshop: "Tuckshop"
    }
  }

  /// Each peer has a database of its own, so that none has the histories that another one wrote.
  var database: String { self == .tuckshop ? "tuckshop" : "peer_" + rawValue.filter(\.isLetter) }
  var isBehindNginx: Bool { [.c, .go, .tuckshop].contains(self) }
}

/// The running peers.
final class Peers {
  static let folder = "Bench/peers"

  let site: Site
  private var barePort = 0

  init(_ site: Site) throws {
    self.site = site
    try makeDatabases()
    let secretFile = try site.write("secret", site.secret())
    try site.startPool(
      "c", [site.compile(Peers.folder + "/peer.c")],
      environment: ["PGDATABASE": Peer.c.database, "BENCH_SECRET_FILE": secretFile])
    let program = try buildGo()
    barePort = try freePort()
    for (peer, address) in [(Peer.go, site.sockets + "/go.sock"), (.bareGo, "127.0.0.1:\(barePort)")] {
      site.masters[peer.rawValue] = try site.start(
        site.asUser + [program],
        environment: [
          "PGHOST": site.sockets, "PGDATABASE": peer.database, "PGUSER": "tuckshop_app", "PEER_LISTEN": address,
          "PEER_CONNECTIONS": "\(site.options.workers)", "BENCH_SECRET_FILE": secretFile,
        ])
    }
    try site.standInFront(of: ["c", "go"], proxied: ["go"])
  }

  /// The shop answers at its own port; pgbench has none.
  func port(of peer: Peer) -> Int {
    switch peer {
    case .pgbench: 0
    case .c, .go: site.fronts[peer.rawValue] ?? 0
    case .bareGo: barePort
    case .tuckshop: site.world.port
    }
  }

  /// The people and the history of the shop, in one plain database for each peer.
  private func makeDatabases() throws {
    func psql(_ file: String, on database: String) throws {
      try site.psql(
        as: "postgres", on: database, "-v", "folder=\(site.sockets)",
        "-f", "\(projectRoot)/\(Peers.folder)/\(file).sql")
    }
    try psql("export", on: Peer.tuckshop.database)
    try site.createDatabase("peer")
    try psql("schema", on: "peer")
    for peer in Peer.allCases where peer != .tuckshop { try site.createDatabase(peer.database, from: "peer") }
  }

  /// With Debian's packages only, and nothing from a network.
  private func buildGo() throws -> String {
    try site.run(words: [projectRoot + "/bin/packages", "peers"])
    let source = projectRoot + "/" + Peers.folder + "/peer.go"
    let badlyFormatted = try site.run(words: ["gofmt", "-l", source])
    guard badlyFormatted.isEmpty else { throw Failure("\(source) is not formatted by gofmt.") }
    let program = site.directory / "peer-go"
    try site.run(
      words: ["go", "build", "-o", program, source],
      environment: [
        "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": projectRoot + "/.build/go",
      ])
    return program
  }

  func servers(of peer: Peer) throws -> [pid_t] {
    switch peer {
    case .pgbench: []
    case .c: try site.workers("c")
    case .go, .bareGo: [site.masters[peer.rawValue]].compactMap { $0?.pid }
    case .tuckshop: try site.workers("app")
    }
  }

  func nginx(for peer: Peer) throws -> [pid_t] {
    peer.isBehindNginx ? try site.world.children(of: site.world.pid(of: "nginx")).sorted() : []
  }

  /// The sessions that this peer has in PostgreSQL.
  func sessions(of peer: Peer) throws -> [pid_t] {
    var settings = ConnectionSettings()
    settings.conninfo = "host=\(site.sockets) dbname=postgres user=postgres"
    let list: String = try Connection.open(settings, deadline: .after(milliseconds: 10_000)).value(
      """
      SELECT coalesce(string_agg(pid::text, ' ' ORDER BY pid), '') FROM pg_stat_activity
      WHERE datname = \(peer.database) AND usename = 'tuckshop_app'
      """)
    return list.split(separator: " ").compactMap { pid_t($0) }
  }
}
