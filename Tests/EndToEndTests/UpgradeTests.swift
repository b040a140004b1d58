import Glibc
import Postgres
import Support
import Testing

/// PostgreSQL's package is upgraded under a running shop: programs and libraries change, while the old server runs on.
@Suite(.tiers(.e2e, .faults, .slow), .serialized)
struct UpgradeTests {
  private func register(_ name: String, in world: World) throws -> HTTPAnswer {
    try world.ask("/api/auth", method: "POST", body: #"{"username":"\#(name)","password":"a password"}"#)
  }

  /// Replaces the workers' sessions, as recycling does: the new ones have not loaded anything yet.
  private func renewSessions(of world: World) throws {
    try world.database().run(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'tuckshop %'")
  }

  @Test func `bin/run's server has preloaded its libraries, and gives way to the new version`() throws {
    let postgres = try InstalledPostgres.newest.copy()
    let world = try World(["TUCKSHOP_POSTGRES": postgres.folder])
    let before = try world.pid(ofPostgres: ())[0]
    try postgres.exchangeLibraryForNewer()
    try renewSessions(of: world)
    #expect(try world.ask("/health/ready").status == 200)
    #expect(try register("anna", in: world).status == 200)

    try postgres.restore("lib/plpgsql.so")
    try postgres.restore("bin/postgres")
    try eventually("another server runs", seconds: 60) { (try? world.pid(ofPostgres: ())[0]) ?? before != before }
    try eventually("it is ready again") { try world.ask("/health/ready").status == 200 }
    #expect(try register("bert", in: world).status == 200)
    #expect(world.log.contains("program was replaced"))
    #expect(try world.stop() == 0)
    #expect(world.remains() == [])
  }

  @Test func `with a server that cannot load PL/pgSQL the shop is not ready, and requests get 503`() throws {
    let postgres = try InstalledPostgres.newest.copy()
    let world = try World(["TUCKSHOP_POSTGRES": postgres.folder])
    let workers = try ["app", "auth", "ops"].flatMap { try world.workers($0) }
    try world.pgctl("stop", "-m", "fast", of: postgres)
    try world.pgctl(
      "start", "-o",
      "-c listen_addresses= -c unix_socket_directories=\(world.directory / "run") -c shared_preload_libraries=",
      "-l", "/dev/null", of: postgres)
    try eventually("it is ready") { try world.ask("/health/ready").status == 200 }

    try postgres.exchangeLibraryForNewer()
    try renewSessions(of: world)
    // The pool may repeat its last report for a quarter of a second.
    try eventually("it is not ready") { try world.ask("/health/ready").status == 503 }
    let ready = try world.ask("/health/ready")
    #expect(ready.status == 503)
    #expect(ready.header("Retry-After") == "1")
    #expect(ready.body.contains("PL/pgSQL"))
    let refused = try register("anna", in: world)
    #expect(refused.status == 503)
    #expect(refused.header("Retry-After") == "1")

    try postgres.restore("lib/plpgsql.so")
    try eventually("it is ready again") { try world.ask("/health/ready").status == 200 }
    #expect(try register("anna", in: world).status == 200)
    #expect(try ["app", "auth", "ops"].flatMap { try world.workers($0) } == workers)
  }
}
