import Postgres
import Support
import Testing

/// Each pool signs in to PostgreSQL with its own role.
@Suite(.tiers(.e2e, .database, .security))
struct RoleTests {
  @Test func `each pool has a role of its own, and an older installation is told to create it`() throws {
    let world = try World()
    let superuser = try world.database()
    // By now every worker has run a query: its tick reads revocations.
    try eventually("every pool has signed in") {
      let roles = try superuser.rows(
        """
        SELECT DISTINCT application_name || ' ' || usename FROM pg_stat_activity
        WHERE application_name LIKE 'tuckshop %' ORDER BY 1
        """
      ) { try $0.value(0, as: String.self) }
      return roles == ["tuckshop app tuckshop_app", "tuckshop auth tuckshop_auth", "tuckshop ops tuckshop_ops"]
    }
    try superuser.perform("ALTER ROLE tuckshop_ops RENAME TO elsewhere_ops")
    let refused = try world.tuckshop("migrate", "up")
    #expect(refused.status == 1)
    #expect(
      refused.log == "tuckshop: PostgreSQL has no role tuckshop_ops: let a superuser run deploy/roles.sql first, which "
        + "is safe to repeat\n")
    try superuser.perform("ALTER ROLE elsewhere_ops RENAME TO tuckshop_ops")
    #expect(try world.tuckshop("migrate", "up").log == "nothing to apply\n")
    let coins = try world.tuckshop("migrate", "up", environment: ["TUCKSHOP_WELCOME_COINS": "7"])
    #expect(coins.log == "nothing to apply\nnewcomers get 7 coins\n")
    // A role with too few rights gets an error that names the right role.
    let asOwner = "tuckshop: this role may not do that: sign in as the owner of the tables (PGUSER=tuckshop_owner)\n"
    let minted = try world.tuckshop(
      "grant", "--all", "--amount", "1", "--reason", "x", "--name", "x", environment: ["PGUSER": "tuckshop_app"])
    #expect(minted.status == 1)
    #expect(minted.log.contains(asOwner))
    let added = try world.tuckshop("user", "add", "anna", environment: ["PGUSER": "tuckshop_ops"])
    #expect(added.log == asOwner)
  }
}
