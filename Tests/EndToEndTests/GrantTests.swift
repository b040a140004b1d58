import Glibc
import Postgres
import Support
import Testing

/// Grants through nginx, with workers that die.
@Suite(.tiers(.e2e, .faults))
struct GrantTests {
  @Test func `a grant to many goes on after the death of its workers and sessions, and pays nobody twice`() throws {
    let world = try World()
    let owner = try world.database()
    owner.limit(to: .after(milliseconds: 120_000))
    try owner.perform(
      """
      INSERT INTO users (id, username) SELECT gen_random_uuid(), 'colleague-' || n FROM generate_series(1, 6000) n
      """)
    let token = try world.adminToken()
    let table = "username\n" + (1...6000).map { "colleague-\($0)\n" }.joined()
    // Larger than other bodies may be.
    #expect(table.utf8.count > 65_536)
    func give(_ table: String) throws -> HTTPAnswer {
      try world.ask(
        "/api/v1/grants?name=2026-05&reason=May&amount=5", method: "POST",
        headers: [("Authorization", "Bearer " + token), ("Content-Type", "text/csv")], body: table)
    }
    let made = try give(table)
    #expect(made.status == 202, "\(made.body)")
    #expect(made.header("Location") == "/api/v1/grants/2026-05")

    var seen = made.body
    var kills = 0
    try eventually("the grant is done", seconds: 120) {
      let now = try world.ask("/api/v1/grants/2026-05?limit=1", headers: [("Authorization", "Bearer " + token)])
      guard now.status == 200 else { return false }
      // Only after some progress, so that there is some work to lose.
      if now.body != seen && kills < 6 {
        seen = now.body
        kills += 1
        if kills % 2 == 0 {
          try owner.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tuckshop_ops'")
        } else {
          for worker in try world.workers("ops") { kill(worker, SIGKILL) }
        }
      }
      return now.member("status") == "done"
    }
    #expect(kills > 0)
    let paid: Int = try owner.value("SELECT count(*) FROM purses WHERE balance = 5")
    let others: Int = try owner.value("SELECT count(*) FROM operations WHERE kind = 'grant' AND note = 'May'")
    #expect([paid, others] == [6000, 6000])
    let again = try give(table)
    #expect(again.status == 201)
    #expect(again.header("Idempotent-Replayed") == "true")
    #expect(try give(String(repeating: "x", count: 2 << 20 + 1)).status == 413)
    let verified = try world.tuckshop("verify")
    #expect(verified.status == 0, "\(verified.log)")
    #expect(try world.stop() == 0)
  }
}
